"""Group commit: what is asked while a transaction runs is done together in the next one.

There is no timer and no task of its own. Who comes while nothing runs leads at once, with a batch
of one; who comes meanwhile waits, and the first of them leads the rest. So one alone is as fast as
ever, and a crowd shares what a transaction costs. What waits is as much as there are callers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")
R = TypeVar("R")


class _Next(Enum):
    """What a caller that waited is to do, other than to take its result."""

    LEAD = "lead"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, eq=False)
class _Call(Generic[T, R]):
    item: T
    told: asyncio.Future[R | _Next] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def tell(self, outcome: R | _Next | Exception) -> None:
        """Wake the caller, unless it has left."""
        if self.told.done():
            return
        if isinstance(outcome, Exception):
            self.told.set_exception(outcome)
        else:
            self.told.set_result(outcome)


class Together(Generic[T, R]):
    """Does for many at once what each caller asks for one, in the order in which they came."""

    def __init__(
        self,
        do: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int,
        divisible: Callable[[Exception], bool],
    ) -> None:
        """`do` has a result for each of its at most `most` items, or does nothing and raises.

        `divisible` says of its errors whether one of several items may be to blame: then each
        caller does its own alone. `do` must bear being asked again for what it has done.
        """
        self._do = do
        self._most = most
        self._divisible = divisible
        self._waiting: deque[_Call[T, R]] = deque()
        self._led = False

    async def __call__(self, item: T) -> R:
        """The result for one item; raises what `do` raises. Who is cancelled harms nobody."""
        call: _Call[T, R] = _Call(item)
        if self._led:
            self._waiting.append(call)
            outcome = await self._told(call)
        else:
            self._led = True
            outcome = _Next.LEAD
        if outcome is _Next.LEAD:
            outcome = await self._lead(call)
        if isinstance(outcome, _Next):
            [result] = await self._do([item])
            return result
        return outcome

    async def _told(self, call: _Call[T, R]) -> R | _Next:
        try:
            return await call.told
        except asyncio.CancelledError:
            told = call.told
            if not (told.cancelled() or told.exception()) and told.result() is _Next.LEAD:
                self._pass_on()
            raise

    async def _lead(self, own: _Call[T, R]) -> R | _Next:
        """Do what waits now; the result of `own`."""
        others: list[_Call[T, R]] = []
        while self._waiting and len(others) < self._most - 1:
            call = self._waiting.popleft()
            # Nobody waits for what was cancelled.
            if not call.told.done():
                others.append(call)
        try:
            # The others did not ask to be cancelled.
            with anyio.CancelScope(shield=True):
                mine, *theirs = await self._do([own.item, *(call.item for call in others)])
        except Exception as error:
            if not others or not self._divisible(error):
                for call in others:
                    call.tell(error)
                raise
            for call in others:
                call.tell(_Next.ALONE)
            return _Next.ALONE
        except BaseException:
            # Whether it was done is unknown, so it is done again for those who are still there.
            self._waiting.extendleft(reversed(others))
            raise
        finally:
            self._pass_on()
        for call, result in zip(others, theirs, strict=True):
            call.tell(result)
        return mine

    def _pass_on(self) -> None:
        """Have the first who still waits lead, if there is one."""
        while self._waiting:
            call = self._waiting.popleft()
            if not call.told.done():
                call.told.set_result(_Next.LEAD)
                return
        self._led = False
