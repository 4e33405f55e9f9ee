"""A double on a port tells the time, which the doctor compares with ours."""

from __future__ import annotations

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from channels.loopback import serving

pytestmark = pytest.mark.anyio


async def test_answers_carry_the_time_as_it_goes_by() -> None:
    async with serving(Starlette()) as url, httpx.AsyncClient(trust_env=False) as http:
        first = (await http.get(url)).headers["date"]
        with anyio.fail_after(5):
            while (await http.get(url)).headers["date"] == first:  # noqa: ASYNC110 - a server
                await anyio.sleep(0.1)
