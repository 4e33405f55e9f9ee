"""A Telegram that delivers twice, late and in another order, and that answers badly."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import anyio
import httpx
from anyio.abc import TaskGroup

from channels.telegram.simulator import Fault, TelegramSimulator
from channels.telegram.simulator.state import Json

OVERTAKES = 0.1
"""Share of updates that do not wait for the one before of their chat."""
COMES_LATE = 0.15
COMES_TWICE = 0.15
FAILS = 0.08
"""Share of requests that meet a fault."""
IN_A_ROW = 2
"""Faults that one chat meets one after the other; who sends gives up after five."""

_SHOWN = {"sendMessage", "editMessageText", "sendMessageDraft"}
_WEBHOOK_SECONDS = 5.0


class UnreliableTelegram(TelegramSimulator):
    """Telegram on a bad day, by the dice; `calm` has it behave."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self.dice = dice
        self.calm = True
        self.overtaking: set[int] = set()
        """Numbers of messages that may have come before the one that was written before."""
        self.twice = self.late = self.faults = 0
        self._met: dict[int, int] = {}

    async def _deliver(self) -> None:
        """Post updates in parallel, those of one chat mostly in order."""
        latest: dict[int, anyio.Event] = {}
        newest = 0
        limits = httpx.Limits(max_connections=40)  # as setWebhook has it by default
        async with (
            httpx.AsyncClient(trust_env=False, timeout=_WEBHOOK_SECONDS, limits=limits) as http,
            anyio.create_task_group() as tasks,
        ):
            while True:
                if self.api.webhook.get("url"):
                    for update in [u for u in self.updates if u["update_id"] > newest]:
                        newest = update["update_id"]
                        chat = update["message"]["chat"]["id"]
                        before, latest[chat] = latest.get(chat), anyio.Event()
                        tasks.start_soon(self._carry, http, update, before, latest[chat], tasks)
                await self._changed.wait()

    async def _carry(
        self,
        http: httpx.AsyncClient,
        update: Json,
        before: anyio.Event | None,
        done: anyio.Event,
        tasks: TaskGroup,
    ) -> None:
        if before and not before.is_set():
            if self._misfortune(OVERTAKES):
                self.overtaking.add(update["message"]["message_id"])
            else:
                await before.wait()
        if self._misfortune(COMES_LATE):
            self.late += 1
            await anyio.sleep(self.dice.uniform(0, 0.5))
        while (  # noqa: ASYNC110 - to try again later is what Telegram does
            pause := await self._post(http, self.api.webhook["url"], update)
        ) is not None:
            await anyio.sleep(pause)
        with suppress(ValueError):
            self.updates.remove(update)
        self._change()
        if self._misfortune(COMES_TWICE):
            self.twice += 1
            tasks.start_soon(self._repeat, http, update)
        if before:
            await before.wait()
        done.set()

    async def _repeat(self, http: httpx.AsyncClient, update: Json) -> None:
        await anyio.sleep(self.dice.uniform(0, 1))
        await self._post(http, self.api.webhook["url"], update)

    def _fault(self, method: str) -> Fault:
        if method not in _SHOWN or not self._misfortune(FAILS):
            return Fault()
        chat = int(self.calls[-1].fields.get("chat_id", 0))
        self._met[chat] = self._met.get(chat, 0) + 1
        if self._met[chat] > IN_A_ROW:
            self._met[chat] = 0
            return Fault()
        self.faults += 1
        return self.dice.choice(
            [Fault.flood(1), Fault.broken(), Fault.lost_answer(), Fault.lost_request()]
        )

    def _misfortune(self, share: float) -> bool:
        return not self.calm and self.dice.random() < share
