"""A channel with the real client, served beside a simulated Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import pytest
from starlette.applications import Starlette

from channels.base import Alone
from channels.loopback import serving
from channels.telegram.adapter import TelegramChannel
from channels.telegram.config import TelegramConfig
from channels.telegram.simulator import TelegramSimulator
from tests.channels.doubles import FreeBudget, InMemoryInbox


@dataclass
class Door:
    """Everything a test may look at."""

    channel: TelegramChannel
    simulator: TelegramSimulator
    inbox: InMemoryInbox
    budget: FreeBudget
    config: TelegramConfig
    url: str


class OpenDoor(Protocol):
    async def __call__(self, *, webhook: bool = True, running: bool = True) -> Door: ...


@asynccontextmanager
async def opened(
    simulator: TelegramSimulator,
    *,
    webhook: bool,
    running: bool,
    alone: Alone | None = None,
    listens: bool = True,
) -> AsyncIterator[Door]:
    inbox, budget = InMemoryInbox(), FreeBudget()
    app = Starlette()
    async with AsyncExitStack() as stack:
        api_url = await stack.enter_async_context(simulator.serving())
        url = await stack.enter_async_context(serving(app))
        config = TelegramConfig(
            simulator.api.token, api_url=api_url, public_url=url if webhook else ""
        )
        channel = TelegramChannel(config, inbox, budget, alone=alone, listens=listens)
        app.router.routes.extend(channel.routes())
        if running:
            await stack.enter_async_context(channel.running())
            if webhook and listens:
                await simulator.until(lambda: simulator.api.webhook.get("url"))
        else:
            stack.push_async_callback(channel._api.close)
        yield Door(channel, simulator, inbox, budget, config, url)


@pytest.fixture
async def open_door() -> AsyncIterator[OpenDoor]:
    async with AsyncExitStack() as stack:

        async def door(*, webhook: bool = True, running: bool = True) -> Door:
            return await stack.enter_async_context(
                opened(TelegramSimulator(), webhook=webhook, running=running)
            )

        yield door
