"""A circuit breaker around the agent: while it is down, nobody waits for it to time out again.

After some failures in a row the circuit is *open*: whoever asks is told at once, and the turn is
tried again later as after any failure. When the pause is over one turn is let through as a *probe*;
its success closes the circuit, its failure opens it for longer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from gateway.agent.base import About, Agent, AgentEvent, Ask, Standing
from gateway.errors import AgentBroken, AgentError, AgentUnreachable
from gateway.telemetry import AGENT_CIRCUIT_OPEN

FAILURES = 5
"""In a row, until the circuit opens."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 10.0
"""Until a probe is let through: doubling with each that fails."""
PROBE_SECONDS = 15.0
"""A probe that has heard nothing for so long does not keep a next one from being let through."""
SILENT_SECONDS = 30.0
"""Whoever leaves after waiting so long for a first word was not answered."""


@dataclass(slots=True)
class Circuit:
    """Whether to ask; pure, in seconds of any clock."""

    failures: int = 0
    """Since the last success."""
    probe_at: float = 0.0
    """While open: when the next probe may go."""
    opened_at: float = 0.0
    """When it opened, or its last probe failed."""

    @property
    def is_open(self) -> bool:
        return self.failures >= FAILURES

    def wait(self, now: float) -> float:
        """0 for whoever may ask now, else the seconds until somebody may."""
        if not self.is_open:
            return 0.0
        if now < self.probe_at:
            return self.probe_at - now
        # This one is the probe; the others wait for what becomes of it.
        self.probe_at = now + PROBE_SECONDS
        return 0.0

    def answered(self) -> None:
        self.failures = 0

    def failed(self, began: float, now: float) -> None:
        """Who asked at `began` was not answered."""
        if self.is_open and began < self.opened_at:
            # Asked in the same crowd as those that opened it: no news.
            return
        self.failures += 1
        if self.is_open:
            pause = FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures - FAILURES, 10)
            self.opened_at, self.probe_at = now, now + min(pause, LONGEST_PAUSE_SECONDS)

    def left(self, began: float, now: float) -> None:
        """Who asked at `began` went away before it could be told how it went."""
        if self.is_open and began >= self.opened_at:
            self.probe_at = min(self.probe_at, now)


@dataclass(slots=True)
class GuardedAgent(Agent):
    """An agent behind a circuit breaker."""

    agent: Agent
    monotonic: Callable[[], float] = time.monotonic
    _circuit: Circuit = field(default_factory=Circuit)

    @property
    def trouble(self) -> str:
        """What is wrong, for readiness; empty while the circuit is closed."""
        if not self._circuit.is_open:
            return ""
        wait = max(0.0, self._circuit.probe_at - self.monotonic())
        return f"unreachable: {self._circuit.failures} failures in a row, next try in {wait:.0f} s"

    async def start(self, ask: Ask) -> AsyncGenerator[AgentEvent]:
        async with aclosing(self._heard(lambda: self.agent.start(ask))) as events:
            async for event in events:
                yield event

    async def resume(self, task: str) -> AsyncGenerator[AgentEvent]:
        async with aclosing(self._heard(lambda: self.agent.resume(task))) as events:
            async for event in events:
                yield event

    async def find(self, context: str, id: str) -> str | None:
        with self._asking():
            return await self.agent.find(context, id)

    async def look(self, task: str) -> Standing:
        with self._asking():
            return await self.agent.look(task)

    async def cancel(self, task: str) -> None:
        with self._asking():
            await self.agent.cancel(task)

    async def about(self) -> About:
        # That its card can be read says little of its work, and readiness is to know it afresh.
        return await self.agent.about()

    async def close(self) -> None:
        await self.agent.close()

    async def _heard(
        self, begin: Callable[[], AsyncGenerator[AgentEvent]]
    ) -> AsyncGenerator[AgentEvent]:
        with self._asking() as answered:
            async with aclosing(begin()) as events:
                async for event in events:
                    answered()
                    yield event

    @contextmanager
    def _asking(self) -> Iterator[Callable[[], None]]:
        """Let one question through or raise AgentUnreachable, and learn from how it goes.

        What is yielded is to be called when the agent says something.
        """
        question = _Question(self._circuit, self.monotonic)
        if wait := self._circuit.wait(question.began):
            raise AgentUnreachable(f"The agent is out of order; it is asked again in {wait:.0f} s.")
        try:
            yield question.answered
        except BaseException as error:
            question.ended_by(error)
            raise
        else:
            question.answered()


class _Question:
    """What one exchange with the agent tells about it."""

    def __init__(self, circuit: Circuit, monotonic: Callable[[], float]) -> None:
        self.began = monotonic()
        self._circuit, self._monotonic = circuit, monotonic
        self._told = False

    def answered(self) -> None:
        self._told = True
        self._circuit.answered()
        AGENT_CIRCUIT_OPEN.set(0)

    def ended_by(self, error: BaseException) -> None:
        now = self._monotonic()
        match error:
            case AgentUnreachable():
                self._failed(now)
            case AgentBroken():
                # Neither proof of health nor a reason not to ask: it answers fast, and may do
                # better.
                self._circuit.left(self.began, now)
            case AgentError():
                self.answered()
            case _ if self._told:
                pass
            case _ if now - self.began >= SILENT_SECONDS:
                self._failed(now)
            case _:
                self._circuit.left(self.began, now)

    def _failed(self, now: float) -> None:
        self._circuit.failed(self.began, now)
        AGENT_CIRCUIT_OPEN.set(self._circuit.is_open)
