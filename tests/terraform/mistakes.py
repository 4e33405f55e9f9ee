"""Small mistakes in the source, each with the rule that refuses it and what it is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """Some Terraform, and how it is put right."""

    rule: str
    told: str
    source: str


def _of(kind: str, *lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f'resource "{kind}" "it" {{\n{body}}}\n'


DATABASE, REDIS, BUCKET = (
    "scaleway_rdb_instance",
    "scaleway_redis_cluster",
    "scaleway_object_bucket",
)
CONTAINER, FRONTEND, GROUP = (
    "scaleway_container",
    "scaleway_lb_frontend",
    "scaleway_instance_security_group",
)
INSIDE = "private_network {\n    pn_id = var.network\n  }"
KEPT = "backup_schedule_frequency = 24"
LET_IN = 'inbound_rule {\n    action = "accept"\n    port = 22\n  }'

MISTAKES = (
    Mistake("CKV2_FD_1", "give it a private_network block", _of(DATABASE, 'name = "d"')),
    Mistake("CKV2_FD_1", "and no load_balancer", _of(DATABASE, INSIDE, "load_balancer {\n  }")),
    Mistake(
        "CKV2_FD_2",
        "drop the ACL",
        _of("scaleway_rdb_acl", "instance_id = var.id", 'acl_rules {\n    ip = "0.0.0.0/0"\n  }'),
    ),
    Mistake(
        "CKV2_FD_3",
        "set disable_backup = false",
        _of(DATABASE, "disable_backup = true", "backup_schedule_retention = 7", KEPT),
    ),
    Mistake(
        "CKV2_FD_3",
        "backup_schedule_retention = 7",
        _of(DATABASE, "backup_schedule_retention = 3", KEPT),
    ),
    Mistake(
        "CKV2_FD_3",
        "is not backed up for 7 days",
        _of(DATABASE, "backup_schedule_retention = 7", "backup_schedule_frequency = 168"),
    ),
    Mistake("CKV2_FD_4", "set encryption_at_rest = true", _of(DATABASE, INSIDE)),
    Mistake("CKV2_FD_5", "set is_admin = false", _of("scaleway_rdb_user", "is_admin = true")),
    Mistake("CKV2_FD_6", "give it a private_network block", _of(REDIS, 'name = "r"')),
    Mistake(
        "CKV2_FD_6",
        "and no acl",
        _of(REDIS, "private_network {\n    id = var.n\n  }", 'acl {\n    ip = "0.0.0.0/0"\n  }'),
    ),
    Mistake("CKV2_FD_7", "set tls_enabled = true", _of(REDIS, "tls_enabled = false")),
    Mistake("CKV2_FD_7", "Redis speaks in the clear", _of(REDIS, 'name = "r"')),
    Mistake(
        "CKV2_FD_8",
        "set acl = private, and hand out signed links",
        _of("scaleway_object_bucket_acl", 'acl = "public-read"'),
    ),
    Mistake("CKV2_FD_9", "add a scaleway_object_bucket_acl", _of(BUCKET, 'name = "b"')),
    Mistake(
        "CKV2_FD_9",
        "with acl = private",
        _of(BUCKET, 'acl = "public-read"')
        + _of(
            "scaleway_object_bucket_acl", "bucket = scaleway_object_bucket.it.id", 'acl = "private"'
        ),
    ),
    Mistake("CKV2_FD_10", "add versioning { enabled = true }", _of(BUCKET, 'name = "b"')),
    Mistake(
        "CKV2_FD_10",
        "keeps no old versions",
        _of(BUCKET, "versioning {\n    enabled = false\n  }"),
    ),
    Mistake(
        "CKV2_FD_11",
        "name the applications that may read it",
        _of(
            "scaleway_object_bucket_policy",
            'policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*" }] })',
        ),
    ),
    Mistake(
        "CKV2_FD_11",
        "is for everybody",
        _of(
            "scaleway_object_bucket_policy",
            'policy = jsonencode({ Statement = [{ Principal = { SCW = ["*"] } }] })',
        ),
    ),
    Mistake(
        "CKV2_FD_12",
        "set is_public = false",
        _of("scaleway_registry_namespace", "is_public = true"),
    ),
    Mistake("CKV2_FD_13", "set https_connections_only = true", _of(CONTAINER, 'name = "c"')),
    Mistake(
        "CKV2_FD_14",
        "set expires_at, so that it is rotated",
        _of("scaleway_iam_api_key", "application_id = var.id"),
    ),
    Mistake(
        "CKV2_FD_15",
        "set project_ids",
        _of("scaleway_iam_policy", "rule {\n    organization_id = var.organization\n  }"),
    ),
    Mistake(
        "CKV2_FD_16",
        "set inbound_port = 443",
        _of(FRONTEND, "inbound_port = 80", "certificate_ids = [var.id]"),
    ),
    Mistake("CKV2_FD_16", "and certificate_ids", _of(FRONTEND, "inbound_port = 443")),
    Mistake("CKV2_FD_17", "use password_wo", _of(DATABASE, "password = var.password")),
    Mistake("CKV2_FD_17", "or data_wo", _of("scaleway_secret_version", "data = var.data")),
    Mistake(
        "CKV2_FD_18",
        "take it from an ephemeral variable",
        _of(REDIS, 'password_wo = "Written-down-1"'),
    ),
    Mistake(
        "CKV2_FD_18",
        "is written down in the source",
        _of("scaleway_secret_version", 'data_wo = "gsk-written-down"'),
    ),
    Mistake(
        "CKV2_FD_19",
        "put it into Secret Manager",
        _of(CONTAINER, "environment_variables = { TWILIO_AUTH_TOKEN = var.token }"),
    ),
    Mistake(
        "CKV2_FD_19",
        "from which the service reads it",
        _of(CONTAINER, "environment_variables = merge(var.others, { DATABASE_URL = var.url })"),
    ),
    Mistake(
        "CKV2_FD_19",
        "put it into Secret Manager",
        _of(CONTAINER, "secret_environment_variables = { GROQ_API_KEY = var.key }"),
    ),
    Mistake(
        "CKV2_FD_20",
        "put it into Secret Manager",
        'module "it" {\n  source = "./m"\n  environment = { API_PASSWORD = var.password }\n}\n',
    ),
    Mistake(
        "CKV2_FD_21",
        'set inbound_default_policy = "drop"',
        _of(GROUP, 'inbound_default_policy = "accept"'),
    ),
    Mistake(
        "CKV2_FD_21",
        "come by the load balancer",
        _of(GROUP, 'inbound_default_policy = "drop"', LET_IN),
    ),
    Mistake(
        "CKV2_FD_21",
        "The internet is let in",
        _of("scaleway_instance_security_group_rules", LET_IN),
    ),
    Mistake(
        "CKV2_FD_22",
        "take a permission set that reads or writes one thing",
        _of("scaleway_iam_policy", 'rule {\n    permission_set_names = ["IAMManager"]\n  }'),
    ),
    Mistake(
        "CKV2_FD_22",
        "may do too much",
        _of(
            "scaleway_iam_policy",
            'rule {\n    permission_set_names = ["AllProductsFullAccess"]\n  }',
        ),
    ),
    Mistake(
        "CKV2_FD_23",
        "set SCW_ACCESS_KEY and SCW_SECRET_KEY",
        'provider "scaleway" {\n  secret_key = var.secret_key\n}\n',
    ),
)
