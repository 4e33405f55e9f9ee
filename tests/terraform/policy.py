"""What no plan of this stack may do, whoever changes it; each refusal names the remedy.

    terraform show -json plan.bin | python -m tests.terraform.policy

These are checks of a plan and not of source, so they see through modules, loops and variables.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

Values = dict[str, Any]
Rule = Callable[[Values], Iterator[str]]

SECRET = re.compile(r"(KEY|KEY_ID|TOKEN|SECRET|PASSWORD|DATABASE_URL|REDIS_URL|HEADERS)$")
BROAD = re.compile(r"FullAccess$|Manager$|^AllProducts|^Organization")
ANYWHERE = ("0.0.0.0/0", "::/0")
BACKUP_DAYS = 7
LATER = "(known after apply)"


def _database(it: Values) -> Iterator[str]:
    if not it.get("private_network"):
        yield "is a public database: give it a private_network block"
    if it.get("load_balancer"):
        yield "is a public database: drop its load_balancer block"
    if it.get("disable_backup") or (it.get("backup_schedule_retention") or 0) < BACKUP_DAYS:
        yield "is not backed up for 7 days: set backup_schedule_retention = 7"
    if it.get("password"):
        yield "has its password in the state: use password_wo"
    if not it.get("encryption_at_rest"):
        yield "is not encrypted: set encryption_at_rest = true"


def _database_acl(_: Values) -> Iterator[str]:
    yield "lets addresses of the internet in: drop it, the database is in the private network"


def _user(it: Values) -> Iterator[str]:
    if it.get("password"):
        yield "has its password in the state: use password_wo"
    if it.get("is_admin"):
        yield "is an administrator: set is_admin = false"


def _redis(it: Values) -> Iterator[str]:
    if not it.get("private_network") or it.get("acl"):
        yield "is a public Redis: give it a private_network block and no acl"
    if not it.get("tls_enabled"):
        yield "speaks in the clear: set tls_enabled = true"
    if it.get("password"):
        yield "has its password in the state: use password_wo"


def _bucket(it: Values) -> Iterator[str]:
    if not any(v.get("enabled") for v in it.get("versioning") or ()):
        yield "keeps no old versions: add versioning { enabled = true }"
    if not it.get("lifecycle_rule"):
        yield "grows for ever: add lifecycle rules"
    if it.get("acl") not in (None, "private"):
        yield "is public: use scaleway_object_bucket_acl with acl = private"


def _bucket_acl(it: Values) -> Iterator[str]:
    if it.get("acl") != "private":
        yield "makes the bucket public: set acl = private, and hand out signed links"


def _bucket_policy(it: Values) -> Iterator[str]:
    if re.search(r'"(SCW|AWS|Principal)"\s*:\s*\[?\s*"\*"', it.get("policy") or ""):
        yield "makes the bucket public: name the applications that may read it"


def _registry(it: Values) -> Iterator[str]:
    if it.get("is_public"):
        yield "lets anybody pull: set is_public = false"


def _secret(it: Values) -> Iterator[str]:
    if it.get("data"):
        yield "has its value in the state: use data_wo and data_wo_version"


def _container(it: Values) -> Iterator[str]:
    for name in it.get("environment_variables") or ():
        # Names of secrets, not secrets.
        if SECRET.search(name) and name != "SECRETS_NAMES":
            yield f"is given {name} in plain: put it into Secret Manager (secrets.tf)"
    for name in it.get("secret_environment_variables") or ():
        if name != "SECRETS_API_KEY":
            yield f"has {name} in the state: put it into Secret Manager (secrets.tf)"
    if not it.get("private_network_id"):
        yield "cannot reach the database: set private_network_id"
    if not it.get("https_connections_only"):
        yield "can be called in the clear: set https_connections_only = true"
    if not it.get("liveness_probe") or not it.get("startup_probe"):
        yield "is not probed: add liveness_probe (/healthz) and startup_probe (/healthz)"
    if str(it.get("image") or "").endswith(":latest"):
        yield "runs whatever was pushed last: give the image a tag of its own"


def _policy(it: Values) -> Iterator[str]:
    for rule in it.get("rule") or ():
        for name in rule["permission_set_names"]:
            if BROAD.search(name):
                yield f"may do too much by {name}: take a set that reads or writes one thing"
        if not rule.get("project_ids"):
            yield "holds in the whole organization: set project_ids"


def _api_key(it: Values) -> Iterator[str]:
    if not it.get("expires_at"):
        yield "never ends: set expires_at, so that it is rotated"


def _group(it: Values) -> Iterator[str]:
    if it.get("inbound_default_policy") != "drop":
        yield 'lets everybody in: set inbound_default_policy = "drop"'
    for rule in it.get("inbound_rule") or ():
        if rule.get("action") == "accept" and (rule.get("ip_range") or ANYWHERE[0]) in ANYWHERE:
            yield "lets the internet in: name the range, or come by the load balancer"


def _frontend(it: Values) -> Iterator[str]:
    if it.get("inbound_port") != 443 or it.get("certificate_ids") == []:
        yield "is not https: set inbound_port = 443 and certificate_ids"


def _backend(it: Values) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*h", it.get("timeout_tunnel") or ""):
        yield 'cuts silent calls: set timeout_tunnel = "4h"'


RULES: dict[str, Rule] = {
    "scaleway_rdb_instance": _database,
    "scaleway_rdb_acl": _database_acl,
    "scaleway_rdb_user": _user,
    "scaleway_redis_cluster": _redis,
    "scaleway_object_bucket": _bucket,
    "scaleway_object_bucket_acl": _bucket_acl,
    "scaleway_object_bucket_policy": _bucket_policy,
    "scaleway_registry_namespace": _registry,
    "scaleway_secret_version": _secret,
    "scaleway_container": _container,
    "scaleway_iam_policy": _policy,
    "scaleway_iam_api_key": _api_key,
    "scaleway_instance_security_group": _group,
    "scaleway_lb_frontend": _frontend,
    "scaleway_lb_backend": _backend,
}


def complaints(plan: dict[str, Any]) -> list[str]:
    """What is wrong with a plan, as `terraform show -json` prints it."""
    afters = {
        each["address"]: (each["type"], _after(each["change"]))
        for each in plan.get("resource_changes", ())
        if each["mode"] == "managed" and each["change"]["after"]
    }
    found = [
        f"{address} {complaint}."
        for address, (kind, after) in afters.items()
        if kind in RULES
        for complaint in RULES[kind](after)
    ]
    kinds = [kind for kind, _ in afters.values()]
    if kinds.count("scaleway_object_bucket") > kinds.count("scaleway_object_bucket_acl"):
        found.append("A bucket has no scaleway_object_bucket_acl: add one with acl = private.")
    return found


def _after(change: Values) -> Values:
    """What will be. What is known only later is left out, but for what counts by being there."""
    unknown = change.get("after_unknown") or {}
    later = {name: LATER for name in ("private_network_id",) if unknown.get(name) is True}
    return {**change["after"], **later}


def main() -> int:
    """Read a plan, say what is wrong with it."""
    found = complaints(json.load(sys.stdin))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
