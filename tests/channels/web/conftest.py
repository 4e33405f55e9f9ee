from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import fields

import pytest

from tests.channels.doubles import FreeBudget, InMemoryInbox
from tests.channels.web.harness import Web, running


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Web]:
    async with running() as it:
        yield it


@pytest.fixture
def web(served: Web) -> Web:
    """The module's server, with nothing in its inbox yet."""
    for part, fresh in ((served.inbox, InMemoryInbox()), (served.budget, FreeBudget())):
        for field in fields(part):
            setattr(part, field.name, getattr(fresh, field.name))
    served.doors.clear()
    return served
