from __future__ import annotations

import pytest

from channels.base import PREVIEW_OPENING
from channels.events import Reply, Route
from channels.telegram.preview import TelegramPreview
from channels.telegram.simulator import Fault
from tests.channels.telegram.conftest import Door, OpenDoor

pytestmark = pytest.mark.anyio

DIRECT = Route("telegram", "42", "7")
GROUP = Route("telegram", "42", "-100", thread="9", reply_to="5")


@pytest.fixture
async def door(open_door: OpenDoor) -> Door:
    door = await open_door()
    door.simulator.chat(7)
    door.simulator.chat(-100, "Team")
    return door


def preview(door: Door, route: Route, ref: str = "") -> tuple[TelegramPreview, list[str]]:
    remembered: list[str] = []

    async def remember(ref: str) -> None:
        remembered.append(ref)

    preview = door.channel.preview(route, 0, remember, ref)
    assert isinstance(preview, TelegramPreview)
    return preview, remembered


async def test_a_private_reply_grows_as_a_draft(door: Door) -> None:
    growing, remembered = preview(door, DIRECT)
    growing.show("**Hel")
    await door.simulator.until(lambda: door.simulator.chat(7).draft == "**Hel")
    growing.show("**Hello** th")
    growing.show("**Hello** there")
    await door.simulator.until(lambda: door.simulator.chat(7).draft == "Hello there")
    await growing.close()
    drafts = door.simulator.requests("sendMessageDraft")
    assert len(drafts) == 2
    assert {call.fields["draft_id"] for call in drafts} == {"1"}
    assert remembered == []
    assert door.simulator.messages(7) == []


async def test_a_final_message_replaces_the_draft(door: Door) -> None:
    growing, _ = preview(door, DIRECT)
    growing.show("Hel")
    await door.simulator.until(lambda: door.simulator.chat(7).draft)
    await growing.close()
    await growing.close()
    growing.show("too late")
    (final,) = door.channel.render(DIRECT, Reply("Hello"))
    await door.channel.send(final, "")
    assert door.simulator.chat(7).draft == ""
    assert [shown.text for shown in door.simulator.messages(7)] == ["Hello"]


async def test_what_was_heard_is_shown_before_there_is_an_answer(door: Door) -> None:
    growing, _ = preview(door, DIRECT)
    growing.quote("what's on my list", "en")
    heard = "🎙 As I heard it: what's on my list"
    await door.simulator.until(lambda: door.simulator.chat(7).draft.strip() == heard)
    growing.show("Two things.")
    whole = f"{heard}\n\nTwo things."
    await door.simulator.until(lambda: door.simulator.chat(7).draft == whole)
    await growing.close()


async def test_a_group_reply_grows_in_one_message_that_becomes_the_final_one(door: Door) -> None:
    growing, remembered = preview(door, GROUP)
    growing.show("Hel")
    await door.simulator.until(lambda: len(remembered) == 2)
    assert remembered[0] == PREVIEW_OPENING
    growing.show("Hello th")
    await door.simulator.until(lambda: door.simulator.messages(-100)[0].text == "Hello th")
    await growing.close()
    (final,) = door.channel.render(GROUP, Reply("Hello there"))
    assert await door.channel.send(final, remembered[1]) == remembered[1]
    (shown,) = door.simulator.messages(-100)
    assert (shown.text, shown.thread, shown.reply_to) == ("Hello there", 9, 5)
    assert not door.simulator.requests("sendMessageDraft")


async def test_a_later_attempt_goes_on_with_the_message_of_the_earlier_one(door: Door) -> None:
    first, remembered = preview(door, GROUP)
    first.show("Hel")
    await door.simulator.until(lambda: len(remembered) == 2)
    await first.close()
    second, news = preview(door, GROUP, remembered[1])
    second.show("Hello")
    await door.simulator.until(lambda: door.simulator.messages(-100)[0].text == "Hello")
    await second.close()
    doubtful, _ = preview(door, GROUP, PREVIEW_OPENING)
    doubtful.show("Hello")
    await doubtful.close()
    assert news == []
    assert len(door.simulator.messages(-100)) == 1


async def test_typing_is_shown_while_working(door: Door) -> None:
    growing, _ = preview(door, DIRECT)
    growing.working()
    await door.simulator.until(lambda: door.simulator.chat(7).action == "typing")
    await growing.close()
    assert len(door.simulator.requests("sendChatAction")) == 1


async def test_a_flood_stops_previews_and_pauses_the_chat(door: Door) -> None:
    door.simulator.fail("sendMessageDraft", Fault.flood(30))
    growing, _ = preview(door, DIRECT)
    growing.show("Hel")
    await door.simulator.until(lambda: door.budget.paused)
    growing.show("Hello")
    await growing.close()
    assert door.budget.paused["telegram:42:7"] == 30
    assert len(door.simulator.requests("sendMessageDraft")) == 1


async def test_a_chat_that_refuses_drafts_is_left_alone(door: Door) -> None:
    door.simulator.fail("sendMessageDraft", Fault.refused("Bad Request: TEXTDRAFT_PEER_INVALID"))
    growing, _ = preview(door, DIRECT)
    growing.show("Hel")
    await door.simulator.until(lambda: growing._pacing.mute)
    await growing.close()
    assert len(door.simulator.requests("sendMessageDraft")) == 1


async def test_an_opening_that_surely_failed_is_forgotten(door: Door) -> None:
    door.simulator.fail("sendMessage", Fault.flood(30))
    growing, remembered = preview(door, GROUP)
    growing.show("Hel")
    await door.simulator.until(lambda: len(remembered) == 2)
    await growing.close()
    assert remembered == [PREVIEW_OPENING, ""]


async def test_an_opening_that_may_have_arrived_is_not_sent_twice(door: Door) -> None:
    door.simulator.fail("sendMessage", Fault.lost_answer())
    growing, remembered = preview(door, GROUP)
    growing.show("Hel")
    await door.simulator.until(lambda: growing._pacing.mute)
    growing.show("Hello")
    growing.working()
    await growing.close()
    assert remembered == [PREVIEW_OPENING]
    assert len(door.simulator.messages(-100)) == 1


async def test_previews_leave_room_for_the_final_message(door: Door) -> None:
    door.budget.waits["telegram:42:-100"] = 60.0
    growing, remembered = preview(door, GROUP)
    growing.show("Hel")
    growing.working()
    await growing.close()
    assert remembered == []
    assert not door.simulator.messages(-100)


async def test_a_channel_that_does_not_run_shows_no_previews(open_door: OpenDoor) -> None:
    door = await open_door(running=False)

    async def remember(ref: str) -> None:
        raise AssertionError(ref)

    assert door.channel.preview(DIRECT, 1, remember) is None
