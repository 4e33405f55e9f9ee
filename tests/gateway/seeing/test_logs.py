"""Logs are for whoever reads them: lines for people, JSON for programs, secrets for nobody."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.seeing.logs import configure_logging


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    logging.basicConfig(force=True)


def test_a_line_for_people_has_the_hour_and_short_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text")
    structlog.get_logger().info("turn_started", turn="2278cf04-0660-46fe-ad40-050a4e641da1")
    line = capsys.readouterr().err
    assert line[:8].replace(":", "").isdecimal()
    assert line.rstrip().endswith("turn=2278cf04")


def test_a_line_for_programs_has_whole_ids_and_no_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json", ["hush"])
    turn = "2278cf04-0660-46fe-ad40-050a4e641da1"
    structlog.get_logger().info("turn_started", turn=turn, error="hush hush")
    event = json.loads(capsys.readouterr().err)
    assert (event["turn"], event["error"]) == (turn, "••• •••")
    assert event["time"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_is_in_a_traceback_or_deep_in_a_value(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    secrets = ["hush-hush", 'quo"ted\\', "-----BEGIN\nKEY-----", "schlüssel"]
    configure_logging("info", form, secrets)
    letter = "dear diary"
    try:
        raise RuntimeError(f"{len(letter)}: {secrets}")
    except RuntimeError:
        structlog.get_logger().exception("failed", given={"deep": secrets}, seen=secrets[1])
        logging.getLogger("a library").exception("failed with %s", secrets)
    line = capsys.readouterr().err
    assert line.count("RuntimeError: 10: [") == 2
    assert "•••" in line
    for told in ("hush-hush", "quo", "BEGIN", "KEY", "schl", letter):
        assert told not in line


@pytest.mark.parametrize("secret", ["x", "tur", "1", "42", "true", "null"])
def test_a_short_secret_leaves_the_words_it_is_part_of_alone(
    capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    configure_logging("info", "json", [secret])
    told = {"turn": "text 421", "seq": 1, "late": 42, "fresh": True, "task": None}
    structlog.get_logger().info("turn_started", **told)
    event = json.loads(capsys.readouterr().err)
    assert {key: event[key] for key in told} == told
    assert event["event"] == "turn_started"


@pytest.mark.parametrize("said", ["key=x", "'x'", "Bearer x", "x"])
def test_a_short_secret_is_struck_out_where_it_stands_alone(
    capsys: pytest.CaptureFixture[str], said: str
) -> None:
    configure_logging("info", "json", ["x"])
    structlog.get_logger().info("failed", error=said)
    assert json.loads(capsys.readouterr().err)["error"] == said.replace("x", "•••")


def test_of_two_secrets_the_longer_is_struck_out_whole(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", ["12345678", "12345678:ABCDEF"])
    structlog.get_logger().info("failed", error="12345678:ABCDEF")
    assert json.loads(capsys.readouterr().err)["error"] == "•••"


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_tells_of_a_person_is_kept_only_by_who_asks_for_it(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    configure_logging("info", form)
    structlog.get_logger().info("message_accepted", message="m-1", pii_from="phone:+15005550006")
    dropped = capsys.readouterr().err
    configure_logging("info", form, personal=True)
    structlog.get_logger().info("message_accepted", message="m-1", pii_from="phone:+15005550006")
    kept = capsys.readouterr().err
    assert "m-1" in dropped
    assert "pii_from" not in dropped
    assert "15005550006" not in dropped
    assert "phone:+15005550006" in kept
