# mypy: ignore-errors
"""A stand-in for a Terraform provider that needs no network and no account.

It serves the schema of the real provider, refuses what the real provider or its
API would refuse as far as `rules/` knows it, plans as the real one does (values
of the configuration, defaults, the rest known after apply) and, on apply, makes
up plausible values for what the cloud would have chosen. Terraform's own state
is the only memory.

    provider.py NAME        NAME is a file of schemas/ and rules/, such as scaleway
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import random
import re
import string
import sys
import uuid
from pathlib import Path

from protocol import UNKNOWN, Diag, attribute_type, block_type, conform, serve

HERE = Path(__file__).resolve().parent
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
LOCALITY = re.compile(r"[a-z]{2}-[a-z]{3}(-\d)?")
PROJECT = "11111111-1111-4111-8111-111111111111"
PASSWORD = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")


# --- formats of single values -----------------------------------------------------


def _parses(function):
    def test(value):
        try:
            function(value)
            return True
        except (ValueError, TypeError):
            return False

    return test


def _matches(pattern, flags=0):
    return lambda value: bool(re.fullmatch(pattern, str(value), flags))


def _local_uuid(value):
    place, _, rest = value.rpartition("/")
    return bool(UUID.fullmatch(rest)) and (not place or bool(LOCALITY.fullmatch(place)))


def _rfc3339(value):
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if "T" not in value:
        raise ValueError


FORMATS = {
    "uuid": (_matches(UUID.pattern, re.I), "a UUID"),
    "uuid_or_empty": (lambda v: v == "" or bool(UUID.fullmatch(v)), "a UUID or nothing"),
    "uuid_or_local": (_local_uuid, "a UUID or locality/UUID, such as fr-par/1111…"),
    "uuid_with_local": (
        lambda v: "/" in v and _local_uuid(v),
        "locality/UUID, such as fr-par/1111…",
    ),
    "duration": (
        _matches(r"0|[-+]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+"),
        "a duration such as 30s or 5m",
    ),
    "port": (lambda v: 1 <= int(v) <= 65535, "a port from 1 to 65535"),
    "port0": (lambda v: 0 <= int(v) <= 65535, "a port from 0 to 65535"),
    "ipv4": (_parses(ipaddress.IPv4Address), "an IPv4 address"),
    "ipv4_cidr": (
        lambda v: "/" in v and _parses(ipaddress.IPv4Interface)(v),
        "an IPv4 range such as 10.0.0.0/24",
    ),
    "cidr": (
        lambda v: "/" in v and _parses(ipaddress.ip_interface)(v),
        "an IP range such as 10.0.0.0/24",
    ),
    "ip": (_parses(ipaddress.ip_address), "an IP address"),
    "ip_or_cidr": (_parses(ipaddress.ip_interface), "an IP address or range"),
    "rfc3339": (_parses(_rfc3339), "a time such as 2026-01-31T12:00:00Z"),
    "json": (_parses(json.loads), "JSON text"),
    "email": (_matches(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "an e-mail address"),
    "not_empty": (lambda v: bool(v.strip()), "some text"),
    "url": (_matches(r"https?://\S+"), "an http or https URL"),
    "base64": (_matches(r"[A-Za-z0-9+/]*={0,2}"), "base64 text"),
    "cron": (_matches(r"@\w+|(\S+\s+){4}\S+"), "a cron line of five fields"),
    "rdb_password": (
        lambda v: 8 <= len(v) <= 128 and all(re.search(p, v) for p in PASSWORD),
        "8 to 128 characters with a lower-case letter, an upper-case letter, a digit and a special character",
    ),
}


def complaints(value, rule: dict, places: dict, shown) -> list:
    """What a rule has against a known value, in words."""
    out = []
    for key, fold in (("one_of", False), ("one_of_ci", True)):
        allowed = rule.get(key)
        allowed = places.get(allowed, allowed) if isinstance(allowed, str) else allowed
        if (
            allowed
            and value not in allowed
            and not (fold and str(value).upper() in (str(a).upper() for a in allowed))
        ):
            listed = allowed if len(allowed) <= 24 else allowed[:24] + ["…"]
            out.append(f"expected one of {', '.join(map(str, listed))}, got {shown}")
    if "none_of" in rule and value in rule["none_of"]:
        out.append(f"{shown} is reserved; not allowed: {', '.join(map(str, rule['none_of']))}")
    if "min" in rule and float(value) < rule["min"]:
        out.append(f"expected at least {rule['min']}, got {shown}")
    if "max" in rule and float(value) > rule["max"]:
        out.append(f"expected at most {rule['max']}, got {shown}")
    if "divisible_by" in rule and value % rule["divisible_by"]:
        out.append(f"expected a multiple of {rule['divisible_by']}, got {shown}")
    if "len" in rule and not rule["len"][0] <= len(str(value)) <= rule["len"][1]:
        out.append(
            f"expected {rule['len'][0]} to {rule['len'][1]} characters, got {len(str(value))}"
        )
    if "pattern" in rule and not re.search(rule["pattern"], str(value)):
        out.append(f"expected a match of {rule['pattern']}, got {shown}")
    if "format" in rule:
        test, words = FORMATS[rule["format"]]
        if not test(value):
            out.append(f"expected {words}, got {shown}")
    if isinstance(value, dict):
        if len(value) > rule.get("max_keys", len(value)):
            out.append(f"expected at most {rule['max_keys']} keys, got {len(value)}")
        for name in value:
            if "key_len" in rule and not rule["key_len"][0] <= len(name) <= rule["key_len"][1]:
                out.append(
                    f"key {name}: expected {rule['key_len'][0]} to {rule['key_len'][1]} characters"
                )
            if "keys_one_of" in rule and name not in rule["keys_one_of"]:
                out.append(f"unknown key {name}; known: {', '.join(rule['keys_one_of'])}")
            if name in rule.get("keys_none_of", ()) or name.startswith(
                rule.get("keys_not_prefix", "\0")
            ):
                out.append(f"key {name} is reserved by the platform")
    if "each" in rule and isinstance(value, (list, dict)):
        for name, item in value.items() if isinstance(value, dict) else ((None, v) for v in value):
            if item is not None and item is not UNKNOWN:
                label = shown if isinstance(shown, str) and shown.startswith("(") else repr(item)
                out += [
                    f"{name}: {c}" if name else c
                    for c in complaints(item, rule["each"], places, label)
                ]
    return out


def is_set(value) -> bool:
    return value is UNKNOWN or value not in (None, [], {}, "")


def known(value) -> bool:
    return value is not None and value is not UNKNOWN


# --- checks across several attributes ------------------------------------------------

PAIRS = {128: 70, 256: 140, 512: 280, 1024: 560, 2048: 1120, 3072: 1680, 4096: 2240}


def check_container(c):
    low, high, memory, cpu = (
        c.get(n) for n in ("min_scale", "max_scale", "memory_limit_bytes", "cpu_limit")
    )
    if known(low) and known(high) and low > high:
        yield Diag("Invalid scaling", f"min_scale {low} is above max_scale {high}.", ("min_scale",))
    if (
        known(memory)
        and known(cpu)
        and cpu not in (PAIRS.get(memory / 10**6), PAIRS.get(memory / 2**20))
    ):
        pairs = ", ".join(f"{m} MB with {v}" for m, v in PAIRS.items())
        yield Diag(
            "Undocumented memory and vCPU pair",
            f"{memory} bytes with cpu_limit {cpu}. The provider documents these pairs: {pairs}.",
            ("cpu_limit",),
            True,
        )
    options = c.get("scaling_option") or []
    if options is UNKNOWN:
        return
    chosen = [(n, v) for o in options for n, v in o.items() if is_set(v)]
    if len(chosen) > 1:
        yield Diag(
            "Invalid scaling_option", "At most one threshold may be set.", ("scaling_option",)
        )
    if any(n != "concurrent_requests_threshold" for n, _ in chosen) and low in (None, 0):
        yield Diag(
            "Invalid scaling_option",
            "Scaling on CPU or memory needs min_scale of at least 1.",
            ("scaling_option",),
        )


def check_rdb_instance(c):
    disk, node = c.get("volume_type"), c.get("node_type")
    if disk in (None, "lssd"):
        if is_set(c.get("volume_size_in_gb")):
            yield Diag(
                "Invalid volume",
                "Local storage (lssd) comes with the node: drop volume_size_in_gb.",
                ("volume_size_in_gb",),
            )
        if known(node) and not re.match(r"DB-(DEV|GP)-", node, re.I):
            yield Diag(
                "Invalid volume",
                f"{node} has no local storage: set volume_type to sbs_5k or sbs_15k "
                "(docs: managed-databases-for-postgresql-and-mysql/concepts).",
                ("node_type",),
            )
    if known(node) and re.match("DB-GP-", node, re.I):
        yield Diag(
            "Old node type",
            f"{node} is of the first generation and no longer on the price list: prefer DB-POP2-….",
            ("node_type",),
            True,
        )
    networks, public = c.get("private_network"), c.get("load_balancer")
    for i, n in enumerate(networks or []):
        if (
            not is_set(n.get("ip_net"))
            and n.get("enable_ipam") is not UNKNOWN
            and not n.get("enable_ipam")
        ):
            yield Diag(
                "Invalid private_network",
                "Set enable_ipam = true, or ip_net for a fixed address.",
                ("private_network", i),
            )
    if networks == [] and public == []:
        yield Diag(
            "Public database",
            "Without private_network the instance gets a public endpoint.",
            (),
            True,
        )


def check_redis(c):
    if c.get("private_network") == []:
        yield Diag(
            "Public Redis", "Without private_network the cluster gets a public endpoint.", (), True
        )


def check_policy(c):
    for r in c.get("rule") or []:
        if is_set(r.get("organization_id")) == is_set(r.get("project_ids")):
            yield Diag(
                "Invalid rule",
                "Exactly one of organization_id and project_ids must be set per rule.",
                ("rule",),
            )


def check_bucket(c):
    versioning = c.get("versioning") or []
    if c.get("object_lock_enabled") is True and not (
        versioning is UNKNOWN or any(v.get("enabled") for v in versioning)
    ):
        yield Diag("Invalid bucket", "Object lock needs versioning.", ("object_lock_enabled",))
    actions = (
        "abort_incomplete_multipart_upload_days",
        "expiration",
        "transition",
        "noncurrent_version_expiration",
        "noncurrent_version_transition",
    )
    for i, rule in enumerate(c.get("lifecycle_rule") or []):
        if not any(is_set(rule.get(a)) for a in actions):
            yield Diag(
                "Invalid lifecycle_rule",
                f"One of {', '.join(actions)} must be set.",
                ("lifecycle_rule", i),
            )
        for e in rule.get("expiration") or []:
            if sum(is_set(e.get(n)) for n in ("days", "date", "expired_object_delete_marker")) != 1:
                yield Diag(
                    "Invalid expiration",
                    "Exactly one of days, date, expired_object_delete_marker must be set.",
                    ("lifecycle_rule", i),
                )
        for t in rule.get("transition") or []:
            if sum(is_set(t.get(n)) for n in ("days", "date")) != 1:
                yield Diag(
                    "Invalid transition",
                    "Exactly one of days and date must be set.",
                    ("lifecycle_rule", i),
                )


def check_trigger(c):
    if sum(is_set(c.get(n)) for n in ("sqs", "nats", "cron")) != 1:
        yield Diag("Invalid trigger", "Exactly one of sqs, nats and cron must be set.")


CHECKS = {
    "scaleway_container": check_container,
    "scaleway_rdb_instance": check_rdb_instance,
    "scaleway_redis_cluster": check_redis,
    "scaleway_iam_policy": check_policy,
    "scaleway_object_bucket": check_bucket,
    "scaleway_container_trigger": check_trigger,
}


# --- made-up values ---------------------------------------------------------------------


class Maker:
    """Invents values. With a seed it always invents the same ones, as a data source must."""

    def __init__(self, seed, place: dict, root: dict):
        self.random = random.Random(seed) if seed is not None else random.SystemRandom()
        self.place, self.root = place, root

    def word(self, name: str):
        bits = self.random.getrandbits(128)
        if name in self.root and known(self.root[name]):
            return self.root[name]
        if name == "bucket_name":  # `bucket` may be a name or an ID that ends in it
            return str(self.root.get("bucket")).rsplit("/", 1)[-1]
        if name.startswith("random:"):
            size, kinds = (
                int(self.root.get("length") or 16),
                [string.ascii_lowercase, string.ascii_uppercase, string.digits],
            )
            if self.root.get("special") is not False:
                kinds.append(self.root.get("override_special") or "!@#$%&*()-_=+[]{}<>:?")
            letters = [self.random.choice(k) for k in kinds[:size]]
            letters += [self.random.choice("".join(kinds)) for _ in range(size - len(letters))]
            self.random.shuffle(letters)
            return "".join(letters)
        if name.startswith("hex:"):
            return f"{bits:032x}{bits:032x}"[: 2 * int(self.root.get(name[4:]) or 8)]
        if name == "access_key":
            return "SCW" + "".join(
                self.random.choice(string.ascii_uppercase + string.digits) for _ in range(17)
            )
        made = {
            "uuid": str(uuid.UUID(int=bits, version=4)),
            "rand": f"{bits:032x}"[:8],
            "now": "2026-01-01T00:00:00Z",
            **self.place,
        }
        return made.get(name, "")

    def fill(self, template):
        if isinstance(template, dict):
            return {k: self.fill(v) for k, v in template.items()}
        if isinstance(template, list):
            return [self.fill(v) for v in template]
        if not isinstance(template, str):
            return template
        whole = re.fullmatch(r"\{([\w:]+)\}", template)
        return (
            self.word(whole[1])
            if whole
            else re.sub(r"\{([\w:]+)\}", lambda m: str(self.word(m[1])), template)
        )

    def guess(self, name: str, kind):
        if isinstance(kind, list):
            return {"object": {}, "map": {}}.get(kind[0], [])
        if kind in ("number", "bool"):
            return {"number": 0, "bool": False}[kind]
        if name in self.place:
            return self.place[name]
        for pattern, template in (
            (r"id|.*_id|.*uuid", "{uuid}"),
            (r".*_at|.*_date", "{now}"),
            (r"secret_key|token", "{uuid}"),
            (r"access_key", "{access_key}"),
            (r"name", "tf-{rand}"),
            (r"status|state", "ready"),
            (r"certificate", "-----BEGIN CERTIFICATE-----\nstub\n-----END CERTIFICATE-----\n"),
            (r"(.*_)?(ip|address)", "10.20.0.10"),
            (r"(.*_)?hostname|fqdn", "{rand}.stub.internal"),
            (r"(.*_)?(url|endpoint)", "https://{rand}.stub.internal"),
        ):
            if re.fullmatch(pattern, name):
                return self.fill(template)
        return ""


# --- the provider --------------------------------------------------------------------------


class StubProvider:
    def __init__(self, name: str):
        self.schema = json.loads((HERE / "schemas" / f"{name}.json").read_text())["schema"]
        self.rules = json.loads((HERE / "rules" / f"{name}.json").read_text())
        self.places = {"REGION": self.rules.get("regions"), "ZONE": self.rules.get("zones")}
        env = os.environ.get
        self.place = {
            "region": env("SCW_DEFAULT_REGION") or "fr-par",
            "zone": env("SCW_DEFAULT_ZONE") or "fr-par-1",
            "project_id": env("SCW_DEFAULT_PROJECT_ID") or PROJECT,
            "organization_id": env("SCW_DEFAULT_ORGANIZATION_ID") or PROJECT,
        }
        self.taken = set()
        for kind, resource in self.rules["resources"].items():
            for path, rule in resource["attributes"].items():
                if rule.get("write_only"):
                    self.schema["resource_schemas"][kind]["block"]["attributes"][path][
                        "write_only"
                    ] = True

    def _rules(self, kind: str, name: str) -> dict:
        return self.rules.get(f"{kind}s", {}).get(name, {})

    def _block(self, kind: str, name: str) -> dict:
        return self.schema[f"{kind}_schemas"][name]["block"]

    # validation

    def _values(self, block, value, path, trail=(), frozen=False):
        """Every (value, trail, attribute) that a dotted path leads to; a set ends the trail."""
        head, _, rest = path.partition(".")
        if not isinstance(value, dict):
            return
        here = trail if frozen else trail + (head,)
        inner = value.get(head)
        if not rest:
            yield inner, here, block.get("attributes", {}).get(head, {})
            return
        nested = block.get("block_types", {}).get(head)
        if not nested or not known(inner):
            return
        for i, item in enumerate(inner if isinstance(inner, list) else [inner]):
            step = (i,) if nested["nesting_mode"] == "list" and not frozen else ()
            yield from self._values(
                nested["block"], item, rest, here + step, frozen or nested["nesting_mode"] == "set"
            )

    def validate_provider(self, config):
        for name in ("region", "zone"):
            value, allowed = config.get(name), self.rules.get(f"{name}s")
            if allowed and known(value) and value not in allowed:
                yield Diag(
                    f"Unknown {name}", f"expected one of {', '.join(allowed)}, got {value}", (name,)
                )

    def validate(self, kind: str, name: str, config: dict) -> list:
        block, rules, out = self._block(kind, name), self._rules(kind, name), []
        if rules.get("deprecated"):
            out.append(Diag("Deprecated resource", rules["deprecated"], (), True))
        for source in ("attributes", "api"):
            for path, rule in rules.get(source, {}).items():
                for value, trail, attribute in self._values(block, config, path):
                    if rule.get("deprecated") and is_set(value):
                        out.append(Diag("Deprecated argument", rule["deprecated"], trail, True))
                    if known(value):
                        hidden = (
                            attribute.get("sensitive")
                            or rule.get("write_only")
                            or path.endswith("_wo")
                        )
                        shown = "(sensitive value)" if hidden else repr(value)
                        why = (
                            f" [the API refuses it at apply; {rule['why']}]"
                            if source == "api"
                            else ""
                        )
                        out += [
                            Diag(f"Invalid {path}", c + why, trail)
                            for c in complaints(value, rule, self.places, shown)
                        ]
                    if source == "attributes":
                        out += self._company(block, config, path, rule, value, trail)
        if kind == "resource":
            out += self._one_place(name, config)
            out += list(CHECKS.get(name, lambda c: ())(config))
        unique = {(d.summary, d.detail, d.path): d for d in out}
        return list(unique.values())

    def _company(self, block, config, path, rule, value, trail):
        """Rules about which arguments go together."""

        def present(other):
            return any(is_set(v) for v, _, _ in self._values(block, config, other))

        if is_set(value):
            for other in rule.get("conflicts_with", ()):
                if present(other):
                    yield Diag(
                        "Conflicting arguments", f"{path} cannot go together with {other}.", trail
                    )
            for other in rule.get("required_with", ()):
                if not present(other):
                    yield Diag(
                        "Missing companion argument", f"{path} needs {other} as well.", trail
                    )
        group = sorted({path, *rule.get("exactly_one_of", ())})
        if len(group) > 1:
            count = sum(map(present, group))
            if count != 1:
                yield Diag(
                    "Invalid combination of arguments",
                    f"Exactly one of {', '.join(group)} must be set, not {count or 'none'}.",
                    trail if is_set(value) else (),
                )

    def _one_place(self, name, config):
        """An ID such as nl-ams/… must be of the region of the resource that uses it."""
        own = config.get("zone") or config.get("region") or self.place["region"]
        for field in (
            "container_id",
            "namespace_id",
            "instance_id",
            "private_network_id",
            "secret_id",
            "vpc_id",
        ):
            value = config.get(field)
            if known(value) and known(own) and "/" in value:
                place = value.split("/")[0]
                if LOCALITY.fullmatch(place) and place[:6] != own[:6]:
                    yield Diag(f"Invalid {field}", f"{value} is not in {own}", (field,))

    # plan

    def configure(self, config):
        for name in self.place:
            if known(config.get(name)):
                self.place[name] = config[name]
        return []

    def _default(self, rule, prior):
        value = rule["default"]
        if isinstance(value, str) and value[1:-1] in self.place:
            return prior if known(prior) else self.place[value[1:-1]]
        return value

    def _plan(self, block, rules, prefix, proposed, config, prior):
        """The planned object: the configuration, defaults, what was there, or unknown."""
        out, prior_object = {}, prior if isinstance(prior, dict) else {}
        for name, a in block.get("attributes", {}).items():
            rule, value = rules.get(prefix + name, {}), proposed.get(name)
            if a.get("write_only"):
                value = None
            elif config.get(name) is None:
                if "default" in rule:
                    value = self._default(rule, prior_object.get(name))
                elif a.get("computed") and prior is None:
                    value = UNKNOWN
            out[name] = value
        for name, nested in block.get("block_types", {}).items():
            value, given, before = proposed.get(name), config.get(name), prior_object.get(name)
            if value is UNKNOWN or value is None:
                out[name] = value
            elif isinstance(value, dict):
                out[name] = self._plan(
                    nested["block"], rules, f"{prefix}{name}.", value, given or {}, before
                )
            elif not value and rules.get(prefix + name, {}).get("computed_block"):
                out[name] = UNKNOWN if prior is None else before
            else:
                ordered = (
                    nested["nesting_mode"] == "list"
                    and isinstance(given, list)
                    and len(given) == len(value)
                )
                out[name] = []
                for i, item in enumerate(value):
                    old = (
                        before[i]
                        if ordered and isinstance(before, list) and i < len(before)
                        else None
                    )
                    if not ordered and isinstance(before, list) and item in before:
                        old = item
                    out[name].append(
                        item
                        if item is UNKNOWN
                        else self._plan(
                            nested["block"],
                            rules,
                            f"{prefix}{name}.",
                            item,
                            given[i] if ordered else item,
                            old,
                        )
                    )
        return out

    def plan(self, name, prior, proposed, config):
        if proposed is None:
            return None, [], False, []
        rules, block = (
            self._rules("resource", name).get("attributes", {}),
            self._block("resource", name),
        )
        planned = self._plan(block, rules, "", proposed, config, prior)
        replace = []
        if prior is not None:
            if planned != prior and block["attributes"].get("updated_at", {}).get("computed"):
                planned["updated_at"] = UNKNOWN
            for path, rule in rules.items():
                if rule.get("force_new"):
                    before, after = (
                        [v for v, _, _ in self._values(block, s, path)] for s in (prior, planned)
                    )
                    if before != after and (path.split(".")[0],) not in replace:
                        replace.append((path.split(".")[0],))
        return planned, replace, self._legacy(name), []

    def _legacy(self, name):
        """Like providers on the older SDK: defaults and computed blocks appear that the configuration lacks."""
        return any(
            "default" in r or r.get("computed_block")
            for r in self._rules("resource", name).get("attributes", {}).values()
        )

    # apply and read

    def _settle(self, block, value, templates, prefix, maker):
        """Replace every unknown of an object by a made-up value."""
        kinds = {n: attribute_type(a) for n, a in block.get("attributes", {}).items()}
        kinds |= dict(
            zip(
                block.get("block_types", {}),
                (block_type(block)[1][n] for n in block.get("block_types", {})),
            )
        )
        order = sorted(
            kinds, key=lambda n: (n == "id", n not in ("region", "zone", "project_id", "name"), n)
        )
        for name in order:
            path, inner = prefix + name, value.get(name)
            if inner is UNKNOWN:
                made = (
                    maker.fill(templates[path])
                    if path in templates
                    else maker.guess(name, kinds[name])
                )
                value[name] = conform(made, kinds[name])
                if isinstance(kinds[name], list) and kinds[name][0] == "object":
                    value[name] = conform(made or {}, kinds[name])
            elif name in block.get("block_types", {}) and inner:
                for item in inner if isinstance(inner, list) else [inner]:
                    self._settle(
                        block["block_types"][name]["block"], item, templates, path + ".", maker
                    )
        return value

    def _finish(self, kind, name, value, seed=None):
        rules = self._rules(kind, name)
        place = dict(self.place)
        for part in ("region", "zone", "project_id", "organization_id"):
            if known(value.get(part)):
                place[part] = value[part]
        if known(value.get("zone")) and "region" not in value:
            place["region"] = value["zone"].rsplit("-", 1)[0]
        maker = Maker(seed, place, value)
        attributes = self._block(kind, name)["attributes"]
        templates = dict(rules.get("computed", {}))
        local = (
            "{zone}/"
            if "zone" in attributes and "region" not in attributes
            else "{region}/"
            if "region" in attributes
            else ""
        )
        templates.setdefault("id", rules.get("id", local + "{uuid}"))
        return self._settle(self._block(kind, name), value, templates, "", maker)

    def _key(self, name, state):
        fields = self._rules("resource", name).get("unique")
        return (name, *(json.dumps(state.get(f)) for f in fields)) if fields and state else None

    def apply(self, name, prior, planned, config):
        if planned is None:
            self.taken.discard(self._key(name, prior))
            return None, False, []
        errors = [d for d in self.validate("resource", name, config) if not d.warning]
        state = self._finish("resource", name, planned)
        key = self._key(name, state)
        if key and prior is None and key in self.taken:
            fields = ", ".join(self._rules("resource", name)["unique"])
            errors.append(Diag("Already exists", f"Another {name} has the same {fields}."))
        if errors:
            return prior, self._legacy(name), errors
        self.taken.discard(self._key(name, prior))
        self.taken.add(key)
        return state, self._legacy(name), []

    def read(self, name, state):
        self.taken.add(self._key(name, state))
        return state

    def imported(self, name, identifier):
        place = identifier.split("/")[0]
        state = {"id": identifier}
        if LOCALITY.fullmatch(place):
            state |= {"zone": place} if place[-1].isdigit() else {"region": place}
        return {k: v for k, v in state.items() if k in self._block("resource", name)["attributes"]}

    def data(self, kind, name, config):
        block, seed = (
            self._block(kind, name),
            f"{name} {json.dumps(config, sort_keys=True, default=str)}",
        )
        value = dict(config)
        for field, a in block.get("attributes", {}).items():
            if value.get(field) is None and a.get("computed"):
                value[field] = UNKNOWN
        for field in block.get("block_types", {}):
            if value.get(field) == [] and field in self._rules(kind, name).get("computed", {}):
                value[field] = UNKNOWN
        return self._finish(kind, name, value, seed), []

    def call(self, name, arguments):
        place, slash, rest = arguments[0].rpartition("/")
        if not slash or (not arguments[1] and place not in (self.rules.get("regions") or ())):
            raise ValueError(f"{arguments[0]} is not region/ID")
        return {"region_from_id": place, "id_from_regional_id": rest}[name]


if __name__ == "__main__":
    serve(StubProvider(sys.argv[1] if len(sys.argv) > 1 else "scaleway"))
