from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from channels.base import RateLimited
from channels.events import Address, Choice, Chosen, Reply, Text
from tests.channels.telegram.conftest import Door, OpenDoor

pytestmark = pytest.mark.anyio


GOOD: dict[str, Any] = {
    "update_id": 5,
    "message": {
        "message_id": 1,
        "date": 1,
        "chat": {"id": 7, "type": "private"},
        "from": {"id": 7, "first_name": "Ada"},
        "text": "keep me",
    },
}


async def _post(door: Door, body: Any, secret: str | None = None) -> httpx.Response:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret or door.config.webhook_secret}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient() as http:
        return await http.post(door.config.webhook_url, content=content, headers=headers)


async def test_a_message_is_stored_before_telegram_is_acknowledged(open_door: OpenDoor) -> None:
    door = await open_door()
    await door.simulator.say(7, "hello")
    await door.simulator.settled()
    assert [message.text for message in door.inbox.messages] == ["hello"]
    assert door.simulator.answers == [200]


async def test_a_repeated_update_is_a_no_op(open_door: OpenDoor) -> None:
    door = await open_door()
    door.simulator.repeats = 2
    await door.simulator.say(7, "once")
    await door.simulator.settled()
    assert door.simulator.answers == [200, 200, 200]
    assert len(door.inbox.messages) == 1


async def test_the_webhook_is_set_with_a_secret_and_a_list_of_updates(open_door: OpenDoor) -> None:
    door = await open_door()
    webhook = door.simulator.api.webhook
    assert webhook["url"] == door.url + "/telegram/webhook"
    assert webhook["secret_token"] == door.config.webhook_secret
    assert "my_chat_member" in webhook["allowed_updates"]
    assert not webhook["drop_pending_updates"]


async def test_commands_are_set_in_every_language(open_door: OpenDoor) -> None:
    door = await open_door()
    assert set(door.simulator.api.commands) == {"", "de", "es", "fr"}
    assert [c["command"] for c in door.simulator.api.commands["de"]] == [
        "start", "help", "new", "tasks", "cancel",
    ]  # fmt: skip


async def test_a_wrong_secret_is_refused(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    for secret in (None, "wrong", "é"):
        headers = [(b"X-Telegram-Bot-Api-Secret-Token", secret.encode())] if secret else []
        async with httpx.AsyncClient() as http:
            answer = await http.post(door.config.webhook_url, json=GOOD, headers=headers)
        assert answer.status_code == 403
    assert not door.inbox.messages


async def test_only_posts_are_taken(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    async with httpx.AsyncClient() as http:
        assert (await http.get(door.config.webhook_url)).status_code == 405


async def test_an_oversized_update_is_refused(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    assert (await _post(door, b" " * (2**20 + 1))).status_code == 413


async def test_what_is_not_json_is_refused(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        assert (await _post(door, body)).status_code == 400


async def test_a_malformed_update_is_acknowledged_and_dropped(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    bodies: list[Any] = [[], 7, {}, {"update_id": 1, "message": {}}, {"message": {}}]
    for body in bodies:
        assert (await _post(door, body)).status_code == 200
    assert not door.inbox.messages


@pytest.mark.parametrize("query", [5, True, "id", ["id"], {}, {"id": None}])
async def test_a_message_is_stored_whatever_else_the_update_holds(
    open_door: OpenDoor, query: object
) -> None:
    door = await open_door()
    assert (await _post(door, {**GOOD, "callback_query": query})).status_code == 200
    assert [message.text for message in door.inbox.messages] == ["keep me"]


async def test_a_rate_limited_update_is_sent_again_until_it_is_stored(open_door: OpenDoor) -> None:
    door = await open_door()
    door.inbox.failures = [RateLimited(0.02)]
    await door.simulator.say(7, "again")
    await door.simulator.settled()
    assert door.simulator.answers == [429, 200]
    assert len(door.inbox.messages) == 1


async def test_an_update_that_cannot_be_stored_is_sent_again(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    door.inbox.failures = [OSError("disk full")]
    first = await _post(door, GOOD)
    assert (first.status_code, first.headers["retry-after"]) == (503, "5")
    assert "disk" not in first.text
    assert (await _post(door, GOOD)).status_code == 200
    assert len(door.inbox.messages) == 1


async def test_a_tapped_button_is_stored_and_answered(open_door: OpenDoor) -> None:
    door = await open_door()
    await door.simulator.say(7, "hi")
    await door.simulator.settled()
    reply = Reply("Sure?", choices=(Choice("Yes", "y" * 80), Choice("No", "no")), id="m1")
    for outgoing in door.channel.render(door.inbox.messages[0].route, reply):
        await door.channel.send(outgoing, "")
    await door.simulator.press(7, "No")
    query = await door.simulator.press(7, "Yes")
    await door.simulator.settled()
    await door.simulator.until(lambda: query in door.simulator.api.answered)
    assert [m.parts for m in door.inbox.messages[1:]] == [
        (Chosen("no", "No", "m1"),),
        (Chosen("Yes", "Yes", "m1"),),
    ]


async def test_blocking_and_unblocking_is_noted(open_door: OpenDoor) -> None:
    door = await open_door()
    await door.simulator.block(7)
    await door.simulator.settled()
    assert door.inbox.reachable == {Address("telegram", "7"): False}
    await door.simulator.block(7, blocked=False)
    await door.simulator.settled()
    assert door.inbox.reachable == {Address("telegram", "7"): True}


async def test_a_group_mention_is_understood_before_start_up_is_over(open_door: OpenDoor) -> None:
    door = await open_door(running=False)
    entity = {"type": "mention", "offset": 0, "length": 15}
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": -5, "type": "supergroup", "title": "Team"},
        "from": {"id": 7, "first_name": "Ada"},
        "text": "@front_door_bot hello",
        "entities": [entity],
    }
    assert (await _post(door, {"update_id": 5, "message": message})).status_code == 200
    assert door.inbox.messages[0].parts == (Text("hello"),)


async def test_private_messages_are_taken_while_telegram_is_unreachable(
    open_door: OpenDoor,
) -> None:
    door = await open_door(running=False)
    door.simulator.api.token = "another:TOKEN"
    assert (await _post(door, GOOD)).status_code == 200
    chat = {"id": -7, "type": "group"}
    group = {**GOOD["message"], "chat": chat, "text": "/new@front_door_bot"}
    assert (await _post(door, {"update_id": 6, "message": group})).status_code == 503


async def test_all_pictures_of_an_album_that_mentions_us_in_a_group_are_stored(
    open_door: OpenDoor,
) -> None:
    door = await open_door()
    about: dict[str, Any] = {"user": 7, "media_group_id": "a1"}
    await door.simulator.send_photo(-5, b"one", "@front_door_bot which is better?", **about)
    await door.simulator.send_photo(-5, b"two", **about)
    await door.simulator.send_photo(-5, b"another", user=7, media_group_id="a2")
    await door.simulator.settled()
    assert [message.album for message in door.inbox.messages] == ["a1", "a1"]
    assert [message.text for message in door.inbox.messages] == ["which is better?", ""]
