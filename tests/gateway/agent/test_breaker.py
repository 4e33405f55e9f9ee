"""While the agent is down nobody waits for it; one now and then finds out whether it is back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio
import pytest

from gateway.agent.base import About, Agent, AgentEvent, Ask, Caller, ReplyText, Standing
from gateway.agent.breaker import (
    FAILURES,
    LONGEST_PAUSE_SECONDS,
    PROBE_SECONDS,
    SILENT_SECONDS,
    Circuit,
    GuardedAgent,
)
from gateway.errors import AgentBroken, AgentError, AgentRefused, AgentUnreachable
from gateway.telemetry import REGISTRY

pytestmark = pytest.mark.anyio

ASK = Ask("m1", "c1", "hello", Caller(person="p1", channel="web"))


@dataclass
class Moody(Agent):
    """An agent that fails as told, and counts who got through to it."""

    failure: AgentError | None = None
    asked: int = 0
    mute: bool = False
    began: anyio.Event = field(default_factory=anyio.Event)

    async def start(self, ask: Ask) -> AsyncGenerator[AgentEvent]:
        self._ask()
        self.began.set()
        if self.mute:
            await anyio.sleep_forever()
        yield ReplyText("hi")

    async def resume(self, task: str) -> AsyncGenerator[AgentEvent]:
        self._ask()
        yield ReplyText("hi")

    async def find(self, context: str, id: str) -> str | None:
        self._ask()
        return None

    async def look(self, task: str) -> Standing:
        self._ask()
        return Standing(())

    async def cancel(self, task: str) -> None:
        self._ask()

    async def about(self) -> About:
        return About("Moody", "1", streaming=True, notifications=False)

    def _ask(self) -> None:
        self.asked += 1
        if self.failure:
            raise self.failure


@dataclass
class Rig:
    inner: Moody = field(default_factory=Moody)
    now: float = 100.0
    agent: GuardedAgent = field(init=False)

    def __post_init__(self) -> None:
        self.agent = GuardedAgent(self.inner, lambda: self.now)

    async def turn(self) -> list[AgentEvent]:
        async with aclosing(self.agent.start(ASK)) as events:
            return [event async for event in events]

    async def fails(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(AgentError):
                await self.turn()


async def test_after_some_failures_nobody_gets_through() -> None:
    rig = Rig(Moody(AgentUnreachable("gone")))
    await rig.fails(FAILURES)
    assert rig.inner.asked == FAILURES
    for ask in (
        rig.turn,
        lambda: rig.agent.find("c", "m"),
        lambda: rig.agent.look("t"),
        lambda: rig.agent.cancel("t"),
    ):
        with pytest.raises(AgentUnreachable, match="asked again in 1 s"):
            await ask()
    assert rig.inner.asked == FAILURES
    assert REGISTRY.get_sample_value("frontdoor_agent_circuit_open") == 1
    assert rig.agent.trouble == f"unreachable: {FAILURES} failures in a row, next try in 1 s"


async def test_one_finds_out_that_it_is_back_and_lets_everybody_through() -> None:
    rig = Rig(Moody(AgentUnreachable("gone")))
    await rig.fails(FAILURES)
    rig.inner.failure = None
    rig.now += 1
    assert await rig.turn() == [ReplyText("hi")]
    assert await rig.turn() == [ReplyText("hi")]
    assert rig.agent.trouble == ""
    assert REGISTRY.get_sample_value("frontdoor_agent_circuit_open") == 0


async def test_only_one_at_a_time_finds_out() -> None:
    rig = Rig(Moody(AgentUnreachable("gone")))
    await rig.fails(FAILURES)
    rig.inner.failure, rig.inner.mute, rig.inner.began = None, True, anyio.Event()
    rig.now += 1
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rig.turn)
        await rig.inner.began.wait()
        await rig.fails()
        assert rig.inner.asked == FAILURES + 1
        # Unless it hears nothing at all.
        rig.now += PROBE_SECONDS
        rig.inner.mute = False
        assert await rig.turn() == [ReplyText("hi")]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("told", [AgentRefused("no"), None])
async def test_who_answers_is_not_down(told: AgentError | None) -> None:
    rig = Rig(Moody(AgentUnreachable("gone")))
    await rig.fails(FAILURES - 1)
    rig.inner.failure = told
    if told:
        await rig.fails()
    else:
        await rig.turn()
    rig.inner.failure = AgentUnreachable("gone")
    await rig.fails(FAILURES - 1)
    assert rig.agent.trouble == ""


async def test_nonsense_is_no_reason_not_to_ask() -> None:
    rig = Rig(Moody(AgentBroken("not A2A")))
    await rig.fails(3 * FAILURES)
    assert rig.inner.asked == 3 * FAILURES


async def test_who_gives_up_on_a_silent_agent_was_not_answered() -> None:
    rig = Rig(Moody(mute=True))
    for _ in range(FAILURES):
        rig.inner.began = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(rig.turn)
            await rig.inner.began.wait()
            rig.now += SILENT_SECONDS
            tasks.cancel_scope.cancel()
    assert rig.agent.trouble


async def test_who_leaves_early_says_nothing_of_the_agent() -> None:
    rig = Rig(Moody(mute=True))
    for _ in range(2 * FAILURES):
        rig.inner.began = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(rig.turn)
            await rig.inner.began.wait()
            tasks.cancel_scope.cancel()
    assert rig.agent.trouble == ""


async def test_its_card_can_always_be_read() -> None:
    rig = Rig(Moody(AgentUnreachable("gone")))
    await rig.fails(FAILURES)
    assert (await rig.agent.about()).name == "Moody"
    assert rig.agent.trouble


def tried(circuit: Circuit, now: float, outcome: Callable[[float, float], None]) -> float:
    """One exchange that is over at once; the seconds it was told to wait instead."""
    wait = circuit.wait(now)
    if not wait:
        outcome(now, now)
    return wait


def test_pauses_double_up_to_the_longest() -> None:
    circuit, now = Circuit(), 0.0
    pauses: list[float] = []
    for _ in range(FAILURES):
        tried(circuit, now, circuit.failed)
    while len(pauses) < 6:
        pauses.append(wait := tried(circuit, now, circuit.failed))
        now += wait
        assert tried(circuit, now, circuit.failed) == 0
    assert pauses == [1, 2, 4, 8, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_a_crowd_that_times_out_together_counts_as_one_failure_of_many() -> None:
    circuit = Circuit()
    for _ in range(100):
        assert circuit.wait(0.0) == 0
    for _ in range(100):
        circuit.failed(0.0, 10.0)
    assert circuit.wait(10.0) == 1


def test_a_probe_that_is_taken_back_leaves_its_place_to_the_next() -> None:
    circuit = Circuit()
    for _ in range(FAILURES):
        circuit.failed(0.0, 0.0)
    assert circuit.wait(1.0) == 0
    assert circuit.wait(1.0) > 0
    circuit.left(1.0, 2.0)
    assert circuit.wait(2.0) == 0
