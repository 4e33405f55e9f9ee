"""`/v1` by its own description, through schemathesis: asked for all that it says it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

load_all_checks()
NOT_FOUND = 404
WANTED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


def operations(
    url: str, token: str = ""
) -> Iterator[schemathesis.schemas.APIOperation[Any, Any, Any, Any]]:
    """All of them, of the house at `url`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    described = httpx.get(f"{url}/v1/openapi.json", headers=headers, trust_env=False).json()
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=f"{url}/v1")
    for result in schema.get_all_operations():
        match result:
            case Ok():
                yield result.ok()
            case _:
                raise result.err()


def ask(
    operation: schemathesis.schemas.APIOperation[Any, Any, Any, Any],
    examples: int,
    number: int | None = 1,
) -> None:
    """Ask so often, half of it against the description; a `number` makes it always the same."""
    checks = CHECKS.get_by_names(WANTED)
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def judged(case: schemathesis.Case[Any]) -> None:
            answer = case.call()
            if answer.status_code == NOT_FOUND and "%0A" in str(answer.request.url):
                # Starlette mounts nothing below a path with a line break.
                return
            case.validate_response(answer, checks=checks)  # type: ignore[arg-type]  # as in its manual
            assert "Traceback" not in answer.text
            assert "sqlalchemy" not in answer.text

        if number is not None:
            judged = seed(number)(judged)
        # Some take nothing that could be against their description.
        with suppress(Unsatisfiable):
            judged()
