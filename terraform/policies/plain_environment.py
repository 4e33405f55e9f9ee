"""Services are given no secret by their environment: they read them from Secret Manager."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.module.base_module_check import BaseModuleCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

NAME = r"[A-Z0-9_]*(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|DATABASE_URL|REDIS_URL|HEADERS)"
SECRET = re.compile(NAME)
# In an expression that checkov does not work out, such as merge({…}, {…}).
ASSIGNED = re.compile(rf"(?<![A-Z0-9_])({NAME})\\*['\"]?\s*[=:](?!=)")
# The one key with which a service fetches all others; the provider has no write-only argument.
ALLOWED = "SECRETS_API_KEY"

Block = dict[str, list[Any]]


def secrets(given: Any) -> Iterator[str]:
    """Names of secrets that something is assigned to, however deep."""
    if isinstance(given, dict):
        for name, value in given.items():
            if SECRET.fullmatch(name):
                yield name
            yield from secrets(value)
    elif isinstance(given, list):
        for value in given:
            yield from secrets(value)
    elif isinstance(given, str):
        yield from ASSIGNED.findall(given)


class Environment(BaseResourceCheck):
    """What a container or a job is given."""

    def __init__(self) -> None:
        super().__init__(
            name="A secret is given in plain: put it into Secret Manager (secrets.tf), "
            "from which the service reads it",
            id="CKV2_FD_19",
            categories=[CheckCategories.SECRETS],
            supported_resources=[
                "scaleway_container",
                "scaleway_container_namespace",
                "scaleway_function",
                "scaleway_job_definition",
            ],
        )

    def scan_resource_conf(self, conf: Block) -> CheckResult:
        names = [*secrets(conf.get("environment_variables")), *secrets(conf.get("env"))]
        names += [n for n in secrets(conf.get("secret_environment_variables")) if n != ALLOWED]
        return CheckResult.FAILED if names else CheckResult.PASSED


class ModuleEnvironment(BaseModuleCheck):
    """What our module of containers, or of machines, is given."""

    def __init__(self) -> None:
        super().__init__(
            name="A secret is given to a module's environment: "
            "put it into Secret Manager (secrets.tf)",
            id="CKV2_FD_20",
            categories=[CheckCategories.SECRETS],
        )

    def scan_module_conf(self, conf: Block) -> CheckResult:
        names = [*secrets(conf.get("environment")), *secrets(conf.get("containers"))]
        return CheckResult.FAILED if names else CheckResult.PASSED


environment = Environment()
module_environment = ModuleEnvironment()
