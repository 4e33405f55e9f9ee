"""Deliberate mistakes: each is refused by us, and it is said how it is put right.

Terraform says all that is wrong at once, so mistakes that do not hide each other share a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from tests.terraform.offline import Workspace
from tests.terraform.policy import complaints

Fresh = Callable[[], Workspace]


# --- what an operator may get wrong -----------------------------------------------------

SIZE = "memory_mb = 512, cpu = 280, database_pool = 2"


@dataclass(frozen=True)
class Value:
    """A variable, what it is wrongly given, and what is said of it."""

    name: str
    given: str
    told: str


VALUES = (
    Value("groq_api_key", "", "GROQ_API_KEY is missing: set TF_VAR_groq_api_key"),
    Value("openai_api_key", "short", "OPENAI_API_KEY is missing: set TF_VAR_openai_api_key"),
    Value("cartesia_api_key", "", "CARTESIA_API_KEY is missing: set TF_VAR_cartesia_api_key"),
    Value("twilio_auth_token", "", "TWILIO_AUTH_TOKEN is missing: set TF_VAR_twilio_auth_token"),
    Value("twilio_account_sid", "SK1", "set TF_VAR_twilio_account_sid to AC and 32 digits"),
    Value("twilio_phone_number", "0123", "set TF_VAR_twilio_phone_number to a number such as"),
    Value("telegram_bot_token", "abc", "set TF_VAR_telegram_bot_token to 123456:ABC"),
    Value("github_token", "", "GITHUB_TOKEN is missing: set TF_VAR_github_token"),
    Value("image_tag", "latest", "must name one build, such as 1.4.0 or a commit, and not latest"),
    Value("domain", "https://door.example.com", "must be a host name such as door.example.com"),
    Value("alert_emails", "[]", "must list at least one e-mail address"),
    Value("voice_runtime", "function", "must be container (calls below an hour) or instance"),
    Value("project_id", "front-door", "must be the UUID of a Scaleway Project"),
    Value("key_grace_days", "365", "key_grace_days must be 1 to 90"),
    Value("region", "us-east-1", "region must be fr-par, nl-ams or pl-waw"),
    Value("web_origins", '["https://a.com/x"]', "web_origins must be origins such as"),
    Value(
        "database",
        '{ node_type = "DB-POP2-2C-8G", high_availability = false, max_connections = 500 }',
        "database.high_availability must be true in prod",
    ),
    Value("redis", '{ node_type = "RED1-M" }', "redis.cluster_size must be 2 in prod"),
)

SCALES = (
    Value(
        "web",
        f"min_scale = 2, max_scale = 51, concurrency = 200, {SIZE}",
        "a Serverless Container has at most 50 instances",
    ),
    Value(
        "specialists",
        f"min_scale = 0, max_scale = 101, concurrency = 10, {SIZE}",
        "as two containers of 50; beyond that put a queue in front",
    ),
    Value(
        "voice",
        f"min_scale = 0, max_scale = 1, concurrency = 5, {SIZE}",
        "voice cannot scale to zero",
    ),
    Value(
        "telegram",
        "min_scale = 2, max_scale = 1, concurrency = 80, memory_mb = 512, cpu = 1120, "
        "database_pool = 1",
        "memory_mb and cpu must be a pair: 512 with 280",
    ),
    Value("webb", f"min_scale = 0, max_scale = 1, concurrency = 10, {SIZE}", "webb, which is no"),
)

SIZES = (
    Value(
        "database",
        '{ node_type = "DB-GP-S", engine = "PostgreSQL-13", high_availability = false, '
        "volume_gb = 52, max_connections = 30 }",
        "node_type must be one of DB-PLAY2-…, DB-PRO2-… or DB-POP2-…, such as DB-POP2-2C-8G",
    ),
    Value(
        "redis",
        '{ node_type = "REDIS-GP-S", cluster_size = 3 }',
        "there is no REDIS-GP-…",
    ),
    Value("memory_quota_gb", "1", "ask for a higher quota and raise memory_quota_gb"),
)


def test_wrong_values_are_refused(stack: Workspace) -> None:
    ended = stack.plan("prod", *(f"-var={value.name}={value.given}" for value in VALUES))
    assert ended.code == 1, ended.said
    _tell(ended.words, *(value.told for value in VALUES))


def test_a_name_outside_of_its_zone_is_refused(stack: Workspace) -> None:
    ended = stack.plan("dev", "-var=dns_zone=example.org")
    assert ended.code == 1, ended.said
    _tell(ended.words, "dns_zone must be the domain or a parent of it, such as example.com")


def test_numbers_that_the_platform_has_not_are_refused(stack: Workspace) -> None:
    lines = ", ".join(f"{value.name} = {{ {value.given} }}" for value in SCALES)
    ended = stack.plan("dev", f"-var=scaling={{ {lines} }}")
    assert ended.code == 1, ended.said
    _tell(
        ended.words,
        *(value.told for value in SCALES),
        "scaling lacks agentops-api, chief-of-staff, seed-agent; every service needs its line",
        "min_scale must be from 0 to max_scale",
        "concurrency must be 10 to 80 requests",
        "database_pool must be at least 2",
    )


def test_sizes_that_there_are_not_are_refused(stack: Workspace) -> None:
    ended = stack.plan("dev", *(f"-var={value.name}={value.given}" for value in SIZES))
    assert ended.code == 1, ended.said
    _tell(
        ended.words,
        *(value.told for value in SIZES),
        "engine must be PostgreSQL-16 or PostgreSQL-17",
        "volume_gb must be a multiple of 5 GB",
        "three and more are a sharded cluster",
        "Raise database.max_connections (and the node), or lower database_pool or max_scale",
    )


# --- what a change of the sources may get wrong -------------------------------------------


@dataclass(frozen=True)
class Edit:
    """A file, what becomes what in it, and what is said of it."""

    path: str
    old: str
    new: str
    told: str


PUBLIC = (
    Edit(
        "modules/database/main.tf",
        "  private_network {",
        "  load_balancer {\n  }\n\n  private_network {",
        "The database has a public endpoint: drop its load_balancer block",
    ),
    Edit(
        "modules/redis/main.tf",
        "private_network {\n    id = var.private_network_id",
        'acl {\n    ip = "0.0.0.0/0"',
        "Redis has a public endpoint: give it the private_network block, and no acl",
    ),
)

CONTAINERS = (
    Edit(
        "services.tf",
        'group = "door", timeout = 60,',
        'group = "door", timeout = 7200,',
        'for longer calls set voice_runtime = "instance"',
    ),
    Edit("services.tf", "? 3300 : 3600", "? 3600 : 3600", "at least 60 s below its timeout"),
    Edit(
        "services.tf",
        "OTEL_SERVICE_NAME = name",
        'GROQ_API_KEY = "gsk-written-down"',
        "environment must hold no secret: put it into Secret Manager",
    ),
    Edit(
        "main.tf",
        '"ObjectStorageObjectsDelete"',
        '"AllProductsFullAccess"',
        "take what is read and written alone, such as SecretManagerSecretAccess",
    ),
)

PARTS = (
    Edit(
        "main.tf",
        "  databases          =",
        "  backup_hours = 168\n  backup_days = 1\n  databases =",
        "backup_hours must be 1 to 24: a backup every day at least",
    ),
    Edit(
        "main.tf",
        "  force_destroy =",
        "  cold_after_days = 7\n  old_versions_days = 1\n  force_destroy =",
        "cold_after_days must be 0 or at least 30",
    ),
)

OPENED = (
    Edit(
        "modules/database/main.tf",
        "disable_backup = false",
        "disable_backup = true",
        "is not backed up for 7 days",
    ),
    Edit(
        "modules/database/main.tf",
        "password_wo         = var.passwords[each.key]\n"
        "  password_wo_version = var.passwords_version",
        'password = "Written-down-1"',
        'rdb_user.main["frontdoor"] has its password in the state: use password_wo',
    ),
    Edit(
        "modules/redis/main.tf",
        "tls_enabled         = true",
        "tls_enabled = false",
        "speaks in the clear: set tls_enabled = true",
    ),
    Edit(
        "modules/storage/artifacts.tf",
        '"private"',
        '"public-read"',
        "artifacts makes the bucket public: set acl = private",
    ),
    Edit(
        "modules/storage/backups.tf",
        "enabled = true\n  }",
        "enabled = false\n  }",
        "backups keeps no old versions",
    ),
    Edit(
        "modules/storage/backups.tf",
        'resource "scaleway_object_bucket_acl"',
        'resource "scaleway_object_bucket_policy" "all" {\n  bucket = "front-door"\n'
        '  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*" }] })\n}\n\n'
        'resource "scaleway_object_bucket_acl"',
        "makes the bucket public: name the applications that may read it",
    ),
    Edit(
        "modules/registry/main.tf",
        "is_public   = false",
        "is_public = true",
        "lets anybody pull: set is_public = false",
    ),
    Edit(
        "modules/secrets/generated.tf",
        "data_wo         = ephemeral.random_password.generated[each.key].result\n"
        "  data_wo_version = var.generated_version",
        'data = "written down"',
        "has its value in the state: use data_wo and data_wo_version",
    ),
    Edit(
        "modules/containers/main.tf",
        "    SECRETS_API_KEY =",
        '    GROQ_API_KEY = "gsk-written-down"\n    SECRETS_API_KEY =',
        "has GROQ_API_KEY in the state: put it into Secret Manager",
    ),
    Edit(
        "modules/containers/main.tf",
        "  liveness_probe {\n    failure_threshold = 3\n"
        '    interval          = "10s"\n    timeout           = "5s"\n\n'
        '    http {\n      path = "/healthz"\n    }\n  }\n',
        "",
        "is not probed: add liveness_probe",
    ),
    Edit(
        "modules/containers/main.tf",
        "https_connections_only = true",
        "https_connections_only = false",
        "can be called in the clear: set https_connections_only = true",
    ),
    Edit(
        "modules/iam/main.tf",
        "  expires_at         = local.expires\n",
        "",
        "never ends: set expires_at, so that it is rotated",
    ),
    Edit(
        "modules/iam/main.tf",
        "project_ids          = [var.project_id]",
        'organization_id = "11111111-1111-4111-8111-111111111111"',
        "holds in the whole organization: set project_ids",
    ),
    Edit(
        "modules/voice_instance/machines.tf",
        'inbound_default_policy  = "drop"',
        'inbound_default_policy = "accept"',
        "lets everybody in: set inbound_default_policy",
    ),
    Edit(
        "modules/voice_instance/load_balancer.tf",
        "timeout_tunnel = var.tunnel_timeout",
        'timeout_tunnel = "15m"',
        "cuts silent calls: set timeout_tunnel",
    ),
)


@pytest.mark.parametrize(
    "edits", [PUBLIC, CONTAINERS, PARTS], ids=["public", "containers", "parts"]
)
def test_changes_that_a_module_does_not_take_are_refused(
    fresh: Fresh, edits: tuple[Edit, ...]
) -> None:
    ended = _edited(fresh(), edits).plan("dev")
    assert ended.code == 1, ended.said
    _tell(ended.words, *(edit.told for edit in edits))


def test_changes_that_open_the_house_are_refused_by_policy(fresh: Fresh) -> None:
    here = _edited(fresh(), OPENED)
    planned = here.plan("dev", "-var=voice_runtime=instance")
    assert planned.code == 0, planned.said
    _tell("\n".join(complaints(here.planned())), *(edit.told for edit in OPENED))


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("scaleway_rdb_instance", {}, "is a public database: give it a private_network block"),
        ("scaleway_rdb_acl", {}, "lets addresses of the internet in"),
        ("scaleway_redis_cluster", {"tls_enabled": True}, "is a public Redis"),
        ("scaleway_container", {"image": "r/front-door:latest"}, "runs whatever was pushed last"),
        (
            "scaleway_container",
            {"environment_variables": {"TWILIO_AUTH_TOKEN": "t"}},
            "is given TWILIO_AUTH_TOKEN in plain",
        ),
        (
            "scaleway_iam_policy",
            {"rule": [{"permission_set_names": ["IAMManager"], "project_ids": ["p"]}]},
            "may do too much by IAMManager",
        ),
        ("scaleway_lb_frontend", {"inbound_port": 80}, "is not https"),
        ("scaleway_object_bucket", {}, "A bucket has no scaleway_object_bucket_acl"),
    ],
)
def test_the_policy_knows_what_no_source_has_yet(
    kind: str, values: dict[str, object], told: str
) -> None:
    change = {"address": f"{kind}.it", "mode": "managed", "type": kind}
    plan = {"resource_changes": [change | {"change": {"after": {"id": "i", **values}}}]}
    _tell("\n".join(complaints(plan)), told)


def _edited(here: Workspace, edits: Iterable[Edit]) -> Workspace:
    for edit in edits:
        here.replace(edit.path, edit.old, edit.new)
    return here


def _tell(said: str, *expected: str) -> None:
    missing = [told for told in expected if told not in said]
    assert not missing, f"not said: {missing}\n{said}"
