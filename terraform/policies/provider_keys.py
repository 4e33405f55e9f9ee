"""Keys of the provider come from its environment."""

from __future__ import annotations

from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.provider.base_check import BaseProviderCheck


class Keys(BaseProviderCheck):
    """What the provider is configured with."""

    def __init__(self) -> None:
        super().__init__(
            name="The provider is given keys: take them out, "
            "and set SCW_ACCESS_KEY and SCW_SECRET_KEY",
            id="CKV2_FD_23",
            categories=[CheckCategories.SECRETS],
            supported_provider=["scaleway"],
        )

    def scan_provider_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        given = {"access_key", "secret_key"} & conf.keys()
        return CheckResult.FAILED if given else CheckResult.PASSED


keys = Keys()
