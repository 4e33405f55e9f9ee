"""Nothing is open to everybody: no port, no bucket, no permission to do all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

ANYWHERE = ("0.0.0.0/0", "::/0")
EVERYBODY = re.compile(r"""(SCW|AWS|Principal)['"]?\s*[:=]\s*\[?\s*['"]\*['"]""")
BROAD = re.compile(r"\w*FullAccess\b|\w+Manager\b|\bAllProducts\w*|\bOrganization\w+")

Block = dict[str, list[Any]]


class SecurityGroup(BaseResourceCheck):
    """Of a machine."""

    def __init__(self) -> None:
        super().__init__(
            name='The internet is let in: set inbound_default_policy = "drop", '
            "and come by the load balancer",
            id="CKV2_FD_21",
            categories=[CheckCategories.NETWORKING],
            supported_resources=[
                "scaleway_instance_security_group",
                "scaleway_instance_security_group_rules",
            ],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        is_group = self.entity_type == "scaleway_instance_security_group"
        if is_group and conf.get("inbound_default_policy") != ["drop"]:
            return CheckResult.FAILED
        return CheckResult.FAILED if any(_from_anywhere(conf)) else CheckResult.PASSED


class BucketPolicy(BaseResourceCheck):
    """Who may do what to a bucket."""

    def __init__(self) -> None:
        super().__init__(
            name="The bucket's policy is for everybody: name the applications that may read it",
            id="CKV2_FD_11",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["scaleway_object_bucket_policy"],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        [policy] = conf.get("policy") or [""]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        return CheckResult.FAILED if EVERYBODY.search(text) else CheckResult.PASSED


class BroadPolicy(BaseResourceCheck):
    """What an application may do."""

    def __init__(self) -> None:
        super().__init__(
            name="An application may do too much: "
            "take a permission set that reads or writes one thing",
            id="CKV2_FD_22",
            categories=[CheckCategories.IAM],
            supported_resources=["scaleway_iam_policy"],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        # Sets come by for_each, too, from the root.
        given = f"{conf.get('rule')} {conf.get('for_each')}"
        return CheckResult.FAILED if BROAD.search(given) else CheckResult.PASSED


def _from_anywhere(conf: Block) -> Iterator[bool]:
    for rule in conf.get("inbound_rule", ()):
        [action] = rule.get("action") or ["drop"]
        [range] = rule.get("ip_range") or [ANYWHERE[0]]
        yield action == "accept" and range in ANYWHERE


security_group = SecurityGroup()
bucket_policy = BucketPolicy()
broad_policy = BroadPolicy()
