"""The simulator refuses what Telegram refuses, whatever the client thinks of it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from rich.console import Console

from channels.telegram.simulator import TelegramSimulator, run
from channels.telegram.simulator.faults import BotApiError
from channels.telegram.simulator.formatting import visible
from tests.channels.telegram.conftest import OpenDoor

pytestmark = pytest.mark.anyio

simulator = TelegramSimulator()


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with simulator.serving() as url:
        simulator.chat(7)
        simulator.chat(-5)
        yield url


async def ask(url: str, method: str, /, **fields: Any) -> tuple[int, Any]:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/bot{simulator.api.token}/{method}", data=fields)
    body = answer.json()
    return answer.status_code, body["result"] if body["ok"] else body["description"]


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        ("sendMessage", {"chat_id": 7, "text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"chat_id": 7, "text": " "}, "message text is empty"),
        ("sendMessage", {"chat_id": 8, "text": "x"}, "chat not found"),
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 7, "text": "<b>x", "parse_mode": "HTML"}, "can't parse"),
        ("sendMessageDraft", {"chat_id": 7, "draft_id": 0, "text": "x"}, "DRAFT_ID_INVALID"),
        ("sendMessageDraft", {"chat_id": -5, "draft_id": 1}, "TEXTDRAFT_PEER_INVALID"),
        ("setWebhook", {"url": "https://a.b", "secret_token": "no way"}, "unallowed characters"),
        ("editMessageText", {"chat_id": 7, "message_id": 1, "text": "x"}, "not found"),
        ("getFile", {"file_id": "x"}, "wrong file_id"),
        ("noSuchMethod", {}, "Not Found"),
        ("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": "{"}, "can't parse"),
    ],
)
async def test_bad_requests_are_refused(
    url: str, method: str, fields: dict[str, Any], why: str
) -> None:
    status, description = await ask(url, method, **fields)
    assert status in (400, 404)
    assert why in description


async def test_the_same_edit_twice_is_not_modified(url: str) -> None:
    _, message = await ask(url, "sendMessage", chat_id=7, text="a")
    about = {"chat_id": 7, "message_id": message["message_id"], "text": "b"}
    assert (await ask(url, "editMessageText", **about))[0] == 200
    assert "not modified" in (await ask(url, "editMessageText", **about))[1]


async def test_a_wrong_token_is_unauthorized(url: str) -> None:
    async with httpx.AsyncClient() as http:
        assert (await http.post(f"{url}/bot1:x/getMe")).status_code == 401


@pytest.mark.parametrize("html", ["a < b", "<x>", "<b><i></b></i>", "</b>", "<b>", "<script>"])
def test_html_that_telegram_would_not_parse_is_refused(html: str) -> None:
    with pytest.raises(BotApiError, match="can't parse entities"):
        visible(html)


async def test_updates_arrive_out_of_order_on_demand(open_door: OpenDoor) -> None:
    door = await open_door()
    door.simulator.hold()
    await door.simulator.say(7, "first")
    await door.simulator.say(7, "second")
    door.simulator.release(reverse=True)
    await door.simulator.settled()
    assert [message.text for message in door.inbox.messages] == ["second", "first"]


async def test_a_script_is_played_and_ends(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("# nothing is said\n:press Nowhere\n:quit\nnever said\n")
    out = io.StringIO()
    with_console = Console(file=out, width=200)
    await run(0, script=script, console=with_console)
    assert "There is no button 'Nowhere'" in out.getvalue()
    assert "never said" not in out.getvalue()


async def test_a_simulator_started_anew_repeats_no_id_of_the_one_before() -> None:
    earlier = TelegramSimulator()
    said = await earlier.say(7, "Is anybody there?")
    await anyio.sleep(0.3)  # ids count tenths of a second
    later = TelegramSimulator()
    again = await later.say(7, "And now?")
    assert again["message_id"] > said["message_id"]
    assert later.updates[0]["update_id"] > earlier.updates[0]["update_id"]
