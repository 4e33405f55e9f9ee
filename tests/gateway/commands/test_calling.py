"""`frontdoor call` with the settings and the database of this machine."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.events import PHONE, Address, Call, Route, Sender
from channels.loopback import serving
from gateway.commands import calling
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.store import calls, migrate
from gateway.store import inbox as inbox_transactions
from gateway.store.calls import CallTurn
from gateway.store.engine import Database
from tests.channels.twilio.plain_house import Talk, beeps, plain_house
from tests.kill.house import free_port

pytestmark = pytest.mark.anyio


def settings_of(url: str, folder: Path) -> Settings:
    return Settings(port=urlsplit(url).port or 0, data_dir=folder)


async def test_a_text_is_spoken_recorded_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, waterfall = tmp_path / "call.wav", tmp_path / "call.svg"
    async with plain_house(beeps) as house:
        wanted = calling.Wanted(says=["hello"], record=record, waterfall=waterfall, as_json=True)
        assert await calling.run(settings_of(house.url, tmp_path), wanted)
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["ok"]
    assert report["turns"][0]["said"] == "hello"
    assert report["turns"][0]["first_sound"] > 0
    assert "ms after your last word" in printed.err
    with wave.open(str(record)) as reader:
        assert reader.getnchannels() == 2
        assert reader.getnframes() / 8000 == pytest.approx(report["seconds"], abs=0.1)
    assert "hello" in waterfall.read_text("utf-8")


async def test_a_recording_that_is_none_is_told_before_the_call(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not a sound")
    async with plain_house(beeps) as house:
        wanted = calling.Wanted(wavs=[tmp_path / "a.wav"])
        with pytest.raises(SettingsError, match=r"a\.wav"):
            await calling.run(settings_of(house.url, tmp_path), wanted)
        assert not house.forms


async def test_who_reaches_nobody_is_told_to_start_the_house(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = settings_of(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert not await calling.run(nobody, calling.Wanted(says=["hello"]))
    assert "frontdoor serve" in capsys.readouterr().out


async def test_who_signs_with_another_key_is_told_which_one_to_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def distrusts(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 403, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(distrusts) as url:
        assert not await calling.run(settings_of(url, tmp_path), calling.Wanted(says=["hello"]))
    assert "TWILIO_AUTH_TOKEN" in capsys.readouterr().out


async def test_the_phone_signs_with_the_key_that_the_house_made_up(tmp_path: Path) -> None:
    async with plain_house(beeps) as house:
        settings = settings_of(house.url, tmp_path)
        database = Database(settings.database)
        migrate.upgrade(database.engine)
        secret = await database.write(inbox_transactions.secret, "signing")
        database.close()
        await calling.run(settings, calling.Wanted(says=["hello"]))
        path, form = house.forms[1]
        assert path == "/twilio/voice"
        import gateway.wiring.doors  # noqa: PLC0415 - only to compare with

        token = gateway.wiring.doors.derived(secret, "twilio")
        url = f"{settings.local_url}/twilio/voice"
        assert RequestValidator(token).validate(url, form, house.signatures[1])


async def test_where_the_house_kept_figures_they_are_what_is_drawn(tmp_path: Path) -> None:
    """As the house would, the double keeps a record of the call while it lasts."""

    async def keeps(talk: Talk) -> None:
        id = talk.seen[-1]["start"]["callSid"]
        address = Address("phone", "+15005550001")
        route = Route("phone", "+15005550006", "+15005550001")
        call = Call(id, Sender(address), route, PHONE)
        await database.write(calls.begin, call, now=1.0)
        turn = CallTurn(
            1, 2.0, "what is up", "Not much.", figures={"transcript": 0.2, "audio": 0.9}
        )
        await database.write(calls.note_turn, id, turn)
        await database.write(calls.finish, id, ended_by="caller", now=3.0)
        await beeps(talk)

    waterfall = tmp_path / "call.svg"
    async with plain_house(keeps) as house:
        settings = settings_of(house.url, tmp_path)
        database = Database(settings.database)
        migrate.upgrade(database.engine)
        try:
            wanted = calling.Wanted(says=["hello"], waterfall=waterfall)
            assert await calling.run(settings, wanted)
        finally:
            database.close()
    assert "what is up" in waterfall.read_text("utf-8")
    assert "900 ms" in waterfall.read_text("utf-8")


async def test_a_real_call_needs_an_account(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL, TWILIO_ACCOUNT_SID"):
        await calling.ring(Settings(data_dir=tmp_path), "+15005550001", "")
