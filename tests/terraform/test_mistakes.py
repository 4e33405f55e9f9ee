"""Deliberate mistakes: each is refused by us, and told how it is put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.terraform.offline import Workspace
from tests.terraform.policy import complaints

LINES = {
    "agentops-api": "min_scale = 1, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "chief-of-staff": "min_scale = 1, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "seed-agent": "min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "specialists": "min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "voice": "min_scale = 1, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "telegram": "min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
    "web": "min_scale = 0, max_scale = 1, memory_mb = 512, cpu = 280, concurrency = 40",
}


@dataclass(frozen=True)
class Wrong:
    """A value that a variable refuses: what the operator gives, and what they are told."""

    told: str
    given: dict[str, str]
    environment: str = "dev"


def scaled(name: str, old: str, new: str) -> dict[str, str]:
    lines = {**LINES, name: LINES[name].replace(old, new)}
    assert lines != LINES
    inner = ", ".join(f'"{n}" = {{ {line}, database_pool = 2 }}' for n, line in lines.items())
    return {"scaling": f"{{ {inner} }}"}


DATABASE = '{{ node_type = "{}", high_availability = {}, max_connections = {}{} }}'

VALUES = {
    "missing secret": Wrong("set TF_VAR_groq_api_key", {"groq_api_key": ""}),
    "missing token of the bot": Wrong("TELEGRAM_BOT_TOKEN is missing or wrong: set TF_VAR_telegram", {"telegram_bot_token": ""}, "prod"),
    "missing number": Wrong("set TF_VAR_twilio_phone_number", {"twilio_phone_number": ""}, "prod"),
    "tag that moves": Wrong("must name one build, such as 1.4.0 or a commit, and not latest", {"image_tag": "latest"}),
    "a domain with a scheme": Wrong("must be a host name such as door.example.com", {"domain": "https://door.example.com"}),
    "zone that the domain is not in": Wrong("must be the domain or a parent of it", {"dns_zone": "example.org"}),
    "nobody to tell": Wrong("must list at least one e-mail address", {"alert_emails": "[]"}),
    "unknown runtime": Wrong("must be container (calls below an hour) or instance", {"voice_runtime": "function"}),
    "project by name": Wrong("must be the UUID of a Scaleway Project", {"project_id": "front-door"}),
    "keys that are not rotated": Wrong("key_grace_days must be 1 to 90", {"key_grace_days": "365"}),
}  # fmt: skip

SCALES = {
    "scale above the platform's": Wrong("at most 50 instances. specialists may have 100", scaled("web", "max_scale = 1", "max_scale = 51")),
    "too many specialists": Wrong("as two containers of 50; beyond that put a queue in front", scaled("specialists", "max_scale = 1", "max_scale = 101")),
    "voice asleep": Wrong("voice cannot scale to zero", scaled("voice", "min_scale = 1", "min_scale = 0")),
    "memory without its vCPU": Wrong("must be a pair: 512 with 280", scaled("web", "cpu = 280", "cpu = 560")),
    "too much at a time": Wrong("concurrency must be 10 to 80", scaled("web", "concurrency = 40", "concurrency = 200")),
    "unknown service": Wrong("webb, which is no service", {"scaling": scaled("web", "= 40", "= 41")["scaling"].replace('"web"', '"webb"')}),
}  # fmt: skip

SIZES = {
    "node of the first generation": Wrong("node_type must be one of DB-PLAY2-…", {"database": DATABASE.format("DB-GP-S", "false", 100, "")}),
    "one node in production": Wrong("database.high_availability must be true in prod", {"database": DATABASE.format("DB-POP2-2C-8G", "false", 500, "")}, "prod"),
    "old PostgreSQL": Wrong("engine must be PostgreSQL-16 or PostgreSQL-17", {"database": DATABASE.format("DB-PLAY2-PICO", "false", 100, ', engine = "PostgreSQL-13"')}),
    "too few connections": Wrong("Raise database.max_connections (and the node), or lower database_pool", {"database": DATABASE.format("DB-PLAY2-PICO", "false", 30, "")}),
    "Redis that there is not": Wrong("there is no REDIS-GP-…", {"redis": '{ node_type = "REDIS-GP-S" }'}),
    "Redis in shards": Wrong("three and more are a sharded cluster", {"redis": '{ node_type = "RED1-M", cluster_size = 3 }'}),
    "more memory than we are given": Wrong("ask for a higher quota and raise memory_quota_gb", {"memory_quota_gb": "2"}),
}  # fmt: skip


@pytest.mark.parametrize("name", [*VALUES, *SCALES, *SIZES])
def test_a_wrong_value_is_refused(stack: Workspace, name: str) -> None:
    wrong = (VALUES | SCALES | SIZES)[name]
    given = [f"-var={variable}={value}" for variable, value in wrong.given.items()]
    ended = stack.plan(wrong.environment, *given)
    assert ended.code == 1, ended.said
    assert wrong.told in ended.words, ended.said


@dataclass(frozen=True)
class Edit:
    """A change to the sources: where, what becomes what, and what is said of it."""

    told: str
    path: str
    old: str
    new: str


# Planned together: each resource is refused for its own mistake.
EDITS = {
    "public database": Edit(
        "main is a public database: drop its load_balancer block",
        "modules/database/main.tf", "  private_network {", "  load_balancer {\n  }\n\n  private_network {",
    ),
    "no backups": Edit(
        "is not backed up for 7 days", "modules/database/main.tf", "disable_backup = false", "disable_backup = true"
    ),
    "password in the state": Edit(
        'rdb_user.main["frontdoor"] has its password in the state: use password_wo',
        "modules/database/main.tf",
        "password_wo         = var.passwords[each.key]\n  password_wo_version = var.passwords_version",
        'password = "Written-down-1"',
    ),
    "Redis in the clear": Edit(
        "speaks in the clear: set tls_enabled", "modules/redis/main.tf", "tls_enabled         = true", "tls_enabled = false"
    ),
    "public Redis": Edit(
        "is a public Redis: give it a private_network",
        "modules/redis/main.tf", "private_network {\n    id = var.private_network_id", 'acl {\n    ip = "0.0.0.0/0"',
    ),
    "public bucket": Edit(
        "artifacts makes the bucket public: set acl = private", "modules/storage/artifacts.tf", '"private"', '"public-read"'
    ),
    "bucket without old versions": Edit(
        "backups keeps no old versions", "modules/storage/backups.tf", "enabled = true\n  }", "enabled = false\n  }"
    ),
    "bucket for everybody by policy": Edit(
        "makes the bucket public: name the applications", "modules/storage/backups.tf", 'resource "scaleway_object_bucket_acl"',
        'resource "scaleway_object_bucket_policy" "all" {\n  bucket = "front-door"\n'
        '  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject" }] })\n}\n\n'
        'resource "scaleway_object_bucket_acl"',
    ),
    "public registry": Edit(
        "lets anybody pull: set is_public = false", "modules/registry/main.tf", "is_public   = false", "is_public = true"
    ),
    "secret in the state": Edit(
        "has its value in the state: use data_wo", "modules/secrets/generated.tf",
        "data_wo         = ephemeral.random_password.generated[each.key].result\n  data_wo_version = var.generated_version",
        'data = "written down"',
    ),
    "secret beside the vault": Edit(
        "has GROQ_API_KEY in the state: put it into Secret Manager", "modules/containers/main.tf",
        "    SECRETS_API_KEY =", '    GROQ_API_KEY = "gsk-written-down"\n    SECRETS_API_KEY =',
    ),
    "container without probes": Edit(
        "is not probed: add liveness_probe", "modules/containers/main.tf", "  liveness_probe {\n    failure_threshold = 3\n"
        '    interval          = "10s"\n    timeout           = "5s"\n\n    http {\n      path = "/healthz"\n    }\n  }\n', "",
    ),
    "container called in the clear": Edit(
        "can be called in the clear", "modules/containers/main.tf", "https_connections_only = true", "https_connections_only = false"
    ),
    "key for ever": Edit(
        "never ends: set expires_at", "modules/iam/main.tf", "  expires_at         = local.expires\n", ""
    ),
    "power over the organization": Edit(
        "holds in the whole organization: set project_ids", "modules/iam/main.tf", "project_ids          = [var.project_id]",
        'organization_id = "11111111-1111-4111-8111-111111111111"',
    ),
    "machines open to all": Edit(
        "lets everybody in: set inbound_default_policy", "modules/voice_instance/machines.tf",
        'inbound_default_policy  = "drop"', 'inbound_default_policy = "accept"',
    ),
    "calls cut in silence": Edit(
        "cuts silent calls: set timeout_tunnel", "modules/voice_instance/load_balancer.tf",
        "timeout_tunnel = var.tunnel_timeout", 'timeout_tunnel = "15m"',
    ),
}  # fmt: skip


def test_a_plan_that_opens_the_house_is_refused(fresh: Callable[[], Workspace]) -> None:
    here = fresh()
    for edit in EDITS.values():
        here.replace(edit.path, edit.old, edit.new)
    planned = here.plan("dev", voice_runtime="instance")
    assert planned.code == 0, planned.said
    said = "\n".join(complaints(here.planned()))
    for name, edit in EDITS.items():
        assert edit.told in said, f"{name}: {said}"


# These are refused by Terraform itself, for the modules say what they take.
REFUSED = {
    "secret among settings": Edit(
        "environment must hold no secret: put it into Secret Manager",
        "services.tf", "OTEL_SERVICE_NAME = name", 'GROQ_API_KEY = "gsk-written-down"',
    ),
    "call longer than its container": Edit(
        "must be at least 60 s below its timeout", "services.tf", "? 3300 : 3600", "? 3600 : 3600"
    ),
    "container longer than the platform": Edit(
        'for longer calls set voice_runtime = "instance"', "services.tf", 'group = "door", timeout = 3600', 'group = "door", timeout = 7200'
    ),
    "power over everything": Edit(
        "take what is read and written alone", "main.tf", '"ObjectStorageObjectsDelete"', '"AllProductsFullAccess"'
    ),
    "backups every week": Edit(
        "backup_hours must be 1 to 24", "main.tf", "  databases          =", "  backup_hours = 168\n  databases ="
    ),
    "files moved too early": Edit(
        "cold_after_days must be 0 or at least 30", "main.tf", "  force_destroy =", "  cold_after_days = 7\n  force_destroy ="
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_change_is_refused(fresh: Callable[[], Workspace], name: str) -> None:
    here = fresh()
    edit = REFUSED[name]
    here.replace(edit.path, edit.old, edit.new)
    ended = here.plan("dev")
    assert ended.code == 1, ended.said
    assert edit.told in ended.words, ended.said
