"""`frontdoor call`: hand the telephone what it needs of this machine, and show how it went."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from channels.events import PHONE, Text, Transcript
from channels.twilio.waterfall import Bars, picture
from gateway.commands.callbook import show, when
from gateway.errors import FrontDoorError, SettingsError
from gateway.settings import Settings
from gateway.store import calls, migrate
from gateway.store import inbox as inbox_transactions
from gateway.store.calls import STEPS, CallRecord
from gateway.store.engine import Database
from gateway.store.reading import place
from prompts import sentence

if TYPE_CHECKING:
    from rich.console import Console

    from channels.twilio.simulator.call import Voice
    from channels.twilio.terminal import Headset, Line, Outcome

_LINES = 50
_RECORD_SECONDS, _POLL_SECONDS = 2.0, 0.05


class CallRefused(FrontDoorError):
    """Twilio would not ring the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    says: Sequence[str] = ()
    wavs: Sequence[Path] = ()
    mic: bool = False
    url: str = ""
    """Of a house elsewhere; empty for this machine's."""
    from_: str = ""
    record: Path | None = None
    waterfall: Path | None = None
    as_json: bool = False


async def run(settings: Settings, wanted: Wanted) -> bool:
    """Call a front door; whether everything that was said was answered.

    Raises FrontDoorError.
    """
    from rich.console import Console  # noqa: PLC0415 - only who calls loads it

    from channels.keyboard import lines_of  # noqa: PLC0415 - as above
    from channels.twilio import terminal  # noqa: PLC0415 - as above
    from channels.twilio.simulator import OUR_NUMBER, THEIR_NUMBER  # noqa: PLC0415 - as above

    # What a script reads is to be nothing but JSON.
    console = Console(stderr=wanted.as_json, highlight=False)
    await to_thread.run_sync(_check, wanted.wavs)
    database = Database(settings.database)
    try:
        await to_thread.run_sync(migrate.upgrade, database.engine)
        says: list[str | Path] = [*wanted.says, *wanted.wavs]
        typed = not says and not wanted.mic
        if typed and not sys.stdin.isatty():
            says = [line async for line in lines_of(sys.stdin.fileno()) if line.strip()]
            typed = False
        plan = terminal.Plan(
            url=wanted.url or settings.local_url,
            token=settings.twilio_auth_token or await _made_up_token(settings, database),
            public_url=settings.public_url,
            to=settings.twilio_phone_number or OUR_NUMBER,
            from_=wanted.from_ or THEIR_NUMBER,
            locale=settings.voice_locale,
            voice=_speak(settings.voice_locale),
            says=says,
            lines=lines_of(sys.stdin.fileno()) if typed else None,
            headset=_headset() if wanted.mic else None,
        )
        local = not wanted.url or wanted.url.rstrip("/") in (settings.local_url, settings.base_url)
        outcome = await terminal.call(plan, console, _Watching(database) if local else None)
        record = await _kept(database, outcome.call) if local else None
        if why := _why_not(outcome):
            console.print(sentence("call", why, settings.voice_locale), style="yellow")
    finally:
        database.close()
    if record and record.told:
        console.print()
        show(record, console)
    await to_thread.run_sync(_keep, wanted, outcome, record, console, settings.voice_locale)
    if wanted.as_json:
        print(json.dumps(_report(outcome, record)))  # noqa: T201 - a command speaks to a script
    return outcome.ok


def _why_not(outcome: Outcome) -> str | None:
    """The sentence for somebody whose call was not taken, where we know what to do about it."""
    failures = [fact.detail for fact in outcome.facts if fact.kind == "failed"]
    if any(detail.startswith("ConnectError") for detail in failures):
        return "call_nobody"
    return "call_stranger" if "status 403" in failures else None


def _check(recordings: Sequence[Path]) -> None:
    """Miss nothing in the middle of a call. Raises SettingsError."""
    from channels.twilio.simulator.sound import read_wav  # noqa: PLC0415 - as above

    for file in recordings:
        try:
            read_wav(file)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file}: {error}") from error


async def ring(settings: Settings, to: str, opening: str) -> None:
    """Ring a real telephone through Twilio, beginning with `opening` instead of the greeting.

    Raises FrontDoorError.
    """
    from channels.base import ChannelError  # noqa: PLC0415 - only who calls loads it
    from channels.twilio.adapter import dial  # noqa: PLC0415 - as above
    from channels.twilio.config import PhoneConfig  # noqa: PLC0415 - as above
    from channels.twilio.rest import Rest  # noqa: PLC0415 - as above
    from channels.twilio.tickets import Tickets  # noqa: PLC0415 - as above

    needed = {
        "PUBLIC_URL": settings.public_url,
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TWILIO_PHONE_NUMBER": settings.twilio_phone_number,
    }
    if missing := [name for name, value in needed.items() if not value]:
        raise SettingsError(f"Set {', '.join(missing)} first; a real call goes through Twilio.")
    config = PhoneConfig(
        auth_token=settings.twilio_auth_token,
        account_sid=settings.twilio_account_sid,
        number=settings.twilio_phone_number,
        api_url=settings.twilio_api_url,
        public_url=settings.public_url,
        locale=settings.voice_locale,
    )
    rest = Rest(config)
    try:
        call = await dial(config, rest, Tickets(config), to, opening)
    except ChannelError as error:
        raise CallRefused(str(error)) from error
    finally:
        await rest.close()
    print(sentence("call", "placed", settings.voice_locale, to=to, call=call))  # noqa: T201 - a command speaks to a person


async def _kept(database: Database, call: str) -> CallRecord | None:
    """The call's record, once the house has closed it; it does so when it sees us gone."""
    record = None
    with anyio.move_on_after(_RECORD_SECONDS):
        while True:
            record = await database.read(calls.read, call)
            if record is None or record.ended_by:
                break
            await anyio.sleep(_POLL_SECONDS)
    return record


async def _made_up_token(settings: Settings, database: Database) -> str:
    """The auth token that the house on this machine made up for simulated phones."""
    secret = settings.secret_key or await database.write(inbox_transactions.secret, "signing")
    return hmac.new(secret.encode(), b"twilio", hashlib.sha256).hexdigest()


class _Watching:
    """Reads along in the database of this machine's house."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._conversation = ""
        self._seq = 0

    async def news(self, call: str) -> list[Line]:
        from channels.twilio.terminal import Line  # noqa: PLC0415 - loaded by then

        if not await self._known(call):
            return []
        entries = await self._database.read(
            inbox_transactions.history, self._conversation, self._seq, _LINES
        )
        if entries:
            self._seq = entries[-1].seq
        return [
            Line(entry.role, part.text)
            for entry in entries
            for part in entry.parts
            if isinstance(part, Text | Transcript)
        ]

    async def busy(self, call: str) -> bool:
        return (
            await self._known(call) and (await self._database.read(place, self._conversation)).busy
        )

    async def _known(self, call: str) -> bool:
        """Whether the call's record is there; what was said before it is none of ours."""
        if not self._conversation:
            record = await self._database.read(calls.read, call)
            if record and record.conversation:
                self._conversation = record.conversation
                self._seq = await self._database.read(
                    inbox_transactions.last_seq, self._conversation
                )
        return bool(self._conversation)


def _speak(locale: str) -> Voice:
    """The offline voice, as a phone wants it."""
    from gateway.speech.espeak import EspeakVoice  # noqa: PLC0415 - an extra

    voice = EspeakVoice()

    async def spoken(text: str) -> bytes:
        return b"".join([piece async for piece in voice.speak(text, format=PHONE, locale=locale)])

    return spoken


def _headset() -> Headset:
    from channels.twilio.headset import NoHeadset, SoundCard  # noqa: PLC0415 - few want it

    try:
        return SoundCard()
    except NoHeadset as error:
        raise SettingsError(str(error)) from error


def _keep(
    wanted: Wanted, outcome: Outcome, record: CallRecord | None, console: Console, locale: str
) -> None:
    """Write the files that were asked for."""
    if wanted.record:
        outcome.recording.save(wanted.record)
        console.print(sentence("call", "recorded", locale, file=wanted.record))
    if wanted.waterfall:
        wanted.waterfall.write_text(
            picture(_bars(outcome, record), f"{when(time.time())}  {outcome.call}"), "utf-8"
        )
        console.print(sentence("call", "pictured", locale, file=wanted.waterfall))


def _bars(outcome: Outcome, record: CallRecord | None) -> list[Bars]:
    """Where the time went: as the house tells, else as it could be heard."""
    if record and record.told:
        return [
            Bars(
                f"{turn.number}  {turn.asked or ''}",
                {step: turn.figures[step] for step in _in_time(turn.figures)},
            )
            for turn in record.told
        ]
    return [
        Bars(turn.said, {"audio": turn.first_sound})
        for turn in outcome.turns
        if turn.first_sound is not None
    ]


def _in_time(figures: calls.Figures) -> list[str]:
    """The steps that were made, as they came: an agent may start before the turn is over."""
    return sorted((step for step in STEPS if step in figures), key=lambda step: figures[step])


def _report(outcome: Outcome, record: CallRecord | None) -> dict[str, object]:
    return {
        "call": outcome.call,
        "ok": outcome.ok,
        "seconds": outcome.recording.seconds,
        "turns": [asdict(turn) for turn in outcome.turns],
        "record": [asdict(turn) for turn in record.told] if record else [],
        "facts": [asdict(fact) for fact in outcome.facts],
    }
