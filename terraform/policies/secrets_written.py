"""No secret is written down, nor handed over in a way that keeps it in the state."""

from __future__ import annotations

import re
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

# What each argument is replaced by, for what is given to it stays in the state.
IN_STATE = {
    "scaleway_rdb_instance": "password",
    "scaleway_rdb_user": "password",
    "scaleway_redis_cluster": "password",
    "scaleway_secret_version": "data",
}
# As checkov leaves what it cannot work out, with and without its braces.
REFERENCE = re.compile(r"\b(var|local|each|ephemeral|module)\b[.\[]")

Block = dict[str, list[Any]]


class InState(BaseResourceCheck):
    """The argument that keeps its value in the state."""

    def __init__(self) -> None:
        super().__init__(
            name="The secret's value is kept in the state: "
            "use password_wo or data_wo, and its version",
            id="CKV2_FD_17",
            categories=[CheckCategories.SECRETS],
            supported_resources=[*IN_STATE],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        return CheckResult.FAILED if IN_STATE[self.entity_type] in conf else CheckResult.PASSED


class WrittenDown(BaseResourceCheck):
    """The argument that keeps nothing, given words instead of a reference."""

    def __init__(self) -> None:
        super().__init__(
            name="The secret is written down in the source: "
            "take it from an ephemeral variable or resource",
            id="CKV2_FD_18",
            categories=[CheckCategories.SECRETS],
            supported_resources=[*IN_STATE],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        [given] = conf.get(f"{IN_STATE[self.entity_type]}_wo") or [None]
        written = given is not None and not REFERENCE.search(str(given))
        return CheckResult.FAILED if written else CheckResult.PASSED


in_state = InState()
written_down = WrittenDown()
