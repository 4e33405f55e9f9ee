"""What the operator reads of calls."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from channels.events import PHONE, Address, Call, Route, Sender
from gateway.cli import create_cli
from gateway.commands import callbook
from gateway.settings import Settings
from gateway.store import calls, migrate
from gateway.store.calls import CallRecord, CallTurn
from gateway.store.engine import Database

TURN = CallTurn(
    1,
    100.0,
    "what's on my [list]",
    "Two things",
    cut=True,
    figures={"transcript": 0.3, "commit": 0.6, "text": 0.7, "audio": 0.8, "underruns": 0.0},
)
CALL = CallRecord(
    id="CA1",
    address=Address("phone", "+33612345678"),
    name="Ann",
    conversation="c",
    channel="phone",
    direction="in",
    state="completed",
    started_at=0.0,
    answered_at=0.0,
    ended_at=83.0,
    ended_by="caller",
    seconds=83.0,
    turns=1,
    figures={"cost": 0.0123},
    told=(TURN,),
    recordings=("rec-1", "rec-2"),
)

WEB = Address("web", "8167db48-d2d8-4223-ad2b-a2819a8d557e")


def shown(record: CallRecord) -> str:
    out = io.StringIO()
    callbook.show(record, Console(file=out, width=200))
    return out.getvalue()


def test_each_step_of_an_answer_begins_where_the_one_before_ended() -> None:
    lines = callbook.waterfall(TURN, 0.8)
    starts = [line.index("█") for line in lines[:4]]
    ends = [line.rindex("█") + 1 for line in lines[:4]]
    assert starts[1:] == ends[:-1]
    assert lines[0].endswith("  300 ms")
    assert lines[3].endswith("  800 ms")


def test_steps_that_were_not_measured_are_left_out() -> None:
    assert callbook.waterfall(replace(TURN, figures={}), 0.0) == []
    assert len(callbook.waterfall(replace(TURN, figures={"audio": 0.0}), 0.0)) == 1


def test_a_call_shows_who_spoke_how_long_and_what_was_heard() -> None:
    text = shown(CALL)
    assert "Ann (phone:+33612345678)" in text
    assert "1:23  caller hung up" in text
    assert "what's on my [list]" in text
    assert "→ Two things ✂ cut short" in text
    assert text.index("rec-1") < text.index("rec-2")
    assert "$0.0123" in text


def test_a_call_that_nobody_answered_says_what_became_of_it() -> None:
    missed = replace(CALL, address=None, name="", state="no-answer", ended_by="", seconds=None)
    assert "nobody we spoke with" in shown(missed)
    assert "-  no-answer" in shown(missed)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    database = Database(Settings(data_dir=tmp_path).database)
    migrate.upgrade(database.engine)
    sender = Sender(Address("phone", "+33612345678"), "Ann")
    call = Call("CA1", sender, Route("phone", "+15005550006", "+33612345678"), PHONE)
    with database.engine.begin() as connection:
        calls.begin(connection, call, now=100.0)
        calls.note_turn(connection, "CA1", TURN)
        calls.finish(connection, "CA1", ended_by="house", now=130.0)
        calls.begin(connection, replace(call, id="XX2"), now=90.0)
    database.close()
    return tmp_path


@pytest.mark.usefixtures("home")
def test_the_command_lists_calls_and_shows_one() -> None:
    cli = create_cli(None)  # type: ignore[arg-type]  # nothing is served here
    listed = CliRunner().invoke(cli, ["calls"])
    assert "Ann (phone:+33612345678)" in listed.output
    assert "we hung up" in listed.output
    assert "first sound" in CliRunner().invoke(cli, ["calls", "CA1"]).output
    missing = CliRunner().invoke(cli, ["calls", "CA0"])
    assert (missing.exit_code, "no call CA0" in missing.output) == (2, True)


@pytest.mark.usefixtures("home")
def test_a_call_that_broke_off_with_its_house_is_told_as_lost() -> None:
    cli = create_cli(None)  # type: ignore[arg-type]  # as above
    assert "line lost" in CliRunner().invoke(cli, ["calls", "XX2"]).output


@pytest.mark.usefixtures("home")
def test_the_beginning_of_an_id_names_a_call() -> None:
    cli = create_cli(None)  # type: ignore[arg-type]  # as above
    assert "first sound" in CliRunner().invoke(cli, ["calls", "CA"]).output
    assert CliRunner().invoke(cli, ["calls", "C%"]).exit_code == 2


def test_a_narrow_terminal_shows_all_that_is_needed_to_look_a_call_up() -> None:
    out = io.StringIO()
    long = replace(CALL, id="CAfed45427a9913b0140eeb4d26b20b4ba", address=WEB)
    usual = replace(CALL, name="")
    callbook.list_all([usual], Console(file=out, width=80))
    assert "phone:+33612345678 in" in out.getvalue()
    callbook.list_all([long], Console(file=out, width=80))
    assert "CAfed45427a9" in out.getvalue()
    assert "caller hung up" in out.getvalue()


def test_who_has_no_calls_yet_is_told_how_to_make_one() -> None:
    out = io.StringIO()
    callbook.list_all([], Console(file=out, width=80))
    assert "frontdoor call --say" in out.getvalue()
