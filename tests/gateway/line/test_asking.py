"""What a caller asked is asked, in order, though they are gone."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from channels.base import RateLimited
from channels.events import Message, Receipt, Transcript
from gateway.line.asking import Asking
from tests.channels.doubles import InMemoryInbox
from tests.gateway.lines import a_call
from tests.virtual import VirtualLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": VirtualLoop}


@dataclass
class SlowInbox(InMemoryInbox):
    """Takes a second for everything, and tells the order in which it did it."""

    done: list[str] = field(default_factory=list)
    cannot_stop: bool = False

    async def accept(self, message: Message) -> Receipt:
        await anyio.sleep(1.0)
        receipt = await super().accept(message)
        [words] = message.parts
        assert isinstance(words, Transcript)
        self.done.append(words.text)
        return receipt

    async def cancel(self, conversation: str, *, waiting: bool = True) -> bool:
        await anyio.sleep(1.0)
        if self.cannot_stop:
            raise OSError("the disk is full")
        self.done.append("stop")
        return await super().cancel(conversation, waiting=waiting)


@pytest.fixture
def inbox() -> SlowInbox:
    return SlowInbox()


@pytest.fixture
def failed() -> list[int]:
    return []


@pytest.fixture
def asking(inbox: SlowInbox, failed: list[int]) -> Asking:
    return Asking(inbox, a_call(), "c", wall_clock=lambda: 1000.0, on_failed=failed.append)


def ask(asking: Asking, turn: int, words: str) -> None:
    asking.ask(turn, asking.event(), Transcript(words), heard=None)


async def test_turns_are_asked_and_stopped_in_the_order_they_came(
    asking: Asking, inbox: SlowInbox
) -> None:
    ask(asking, 1, "one")
    asking.stop()
    ask(asking, 2, "two")
    asking.close()
    await asking.run()
    assert inbox.done == ["one", "stop", "two"]


async def test_being_told_to_stop_undoes_nothing_that_was_said(
    asking: Asking, inbox: SlowInbox
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking.run)
        ask(asking, 1, "one")
        ask(asking, 2, "two")
        await anyio.sleep(0.5)
        tasks.cancel_scope.cancel()
        asking.close()
    assert inbox.done == ["one", "two"]


@pytest.mark.parametrize("failure", [RateLimited(3.0), OSError("the disk is full")])
async def test_a_turn_that_cannot_be_stored_is_told_and_the_next_one_is_asked(
    asking: Asking, inbox: SlowInbox, failed: list[int], failure: Exception
) -> None:
    inbox.failures.append(failure)
    ask(asking, 1, "one")
    ask(asking, 2, "two")
    asking.close()
    await asking.run()
    assert (failed, inbox.done) == ([1], ["two"])


async def test_a_stop_that_fails_keeps_nothing_from_being_asked(
    asking: Asking, inbox: SlowInbox, failed: list[int]
) -> None:
    inbox.cannot_stop = True
    asking.stop()
    ask(asking, 1, "one")
    asking.close()
    await asking.run()
    assert (failed, inbox.done) == ([], ["one"])


async def test_no_two_messages_of_a_call_have_the_same_name_on_whichever_line(
    inbox: SlowInbox,
) -> None:
    lines = [
        Asking(inbox, a_call(resumed=resumed), "c", wall_clock=float, on_failed=print)
        for resumed in (False, True)
    ]
    names = [line.event() for line in lines for _ in range(2)]
    assert len(set(names)) == 4
    assert all(name.startswith("CA1:") for name in names)
    for line in lines:
        line.close()
        await line.run()
