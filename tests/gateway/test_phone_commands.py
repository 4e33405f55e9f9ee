"""What the operator's commands say of the phone."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.twilio.config import PhoneConfig
from gateway.cli import create_cli
from gateway.commands.doctor import examine
from gateway.settings import Settings
from gateway.wiring.accounts import phone_of

pytestmark = pytest.mark.anyio

ACCOUNT = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}


async def _serve(_: Settings) -> None:
    raise AssertionError("nobody asked to serve")


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_AUTH_TOKEN": "t"}, "TWILIO_ACCOUNT_SID"),
        (ACCOUNT, "PUBLIC_URL"),
    ],
)
def test_connecting_asks_for_what_is_missing(
    given: dict[str, str], asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*ACCOUNT, "PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    outcome = CliRunner().invoke(create_cli(_serve), ["connect", "twilio"], env=given)
    assert outcome.exit_code == 2
    assert asked in outcome.stderr


def test_the_phone_is_as_the_settings_describe_it() -> None:
    settings = Settings(
        twilio_auth_token="t",
        twilio_webhook_key="k",
        twilio_account_sid="AC1",
        twilio_phone_number="+15005550006",
        twilio_api_url="http://127.0.0.1:1",
        public_url="https://a.example",
        port=1234,
        transfer_number="+4366012345678",
        voice_locale="fr",
        phone_notices="call",
        record_calls="on",
    )
    phone = phone_of(settings)
    usual = PhoneConfig(auth_token="usual")
    same = [f.name for f in fields(phone) if getattr(phone, f.name) == getattr(usual, f.name)]
    assert same == ["start_seconds"]
    assert phone_of(Settings(), "made up").auth_token == "made up"


def test_twilio_may_reach_the_voice_elsewhere_than_people_reach_us() -> None:
    settings = Settings(
        twilio_auth_token="token",
        public_url="https://web.example",
        twilio_public_url="https://voice.example/",
    )
    assert phone_of(settings).bases == ("https://voice.example",)


async def test_the_doctor_says_that_only_simulated_phones_can_call(tmp_path: Path) -> None:
    # Port 9 is discard's: nobody listens.
    settings = Settings(data_dir=tmp_path, port=9)
    (phone,) = [finding for finding in await examine(settings) if finding.name == "Phone"]
    assert (phone.state, "TWILIO_AUTH_TOKEN" in phone.remedy) == ("off", True)
