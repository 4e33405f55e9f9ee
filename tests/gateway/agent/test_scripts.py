"""The grammar of scripts."""

from __future__ import annotations

import pytest

from channels.events import Choice
from gateway.agent.base import End
from gateway.agent.scripted.scripts import (
    NEVER,
    Bare,
    Cut,
    Fail,
    Gate,
    Give,
    Odd,
    Report,
    Rest,
    Say,
    Step,
    Take,
    Wait,
    Wish,
    parse,
)


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("say:hello;wait:2;cut", (Say("hello"), Wait(2.0), Cut())),
        ("task; say: Hel ;last:lo", (Take(), Say(" Hel "), Say("lo", last=True))),
        ("say:at 10:30", (Say("at 10:30"),)),
        ("progress:Looking…;silent", (Report("Looking…"), Gate(NEVER))),
        ("gate:go;done:It is done", (Gate("go"), Rest(End.COMPLETED, "It is done"))),
        ("error:boom", (Fail("boom"),)),
        ("odd", (Odd(),)),
        ("message:Hi", (Bare("Hi"),)),
        ("file:note.txt=Buy milk", (Give("note.txt", "text/plain", (b"Buy milk",)),)),
        ("say:Bye!;hangup", (Say("Bye!"), Wish("hang_up"))),
        ("transfer:+431|An invoice", (Wish("transfer", "+431", "An invoice"),)),
        ("fail:sorry", (Rest(End.FAILED, "sorry"),)),
        ("reject", (Rest(End.REJECTED),)),
        (
            "ask:Which?|Red=r|Blue",
            (Rest(End.INPUT_REQUIRED, "Which?", (Choice("Red", "r"), Choice("Blue", "Blue"))),),
        ),
        ("tokens:2@0.5", (Say("{ns} ", stamp=True), Wait(0.5)) * 2),
    ],
)
def test_a_line_reads_as_its_steps(line: str, steps: tuple[Step, ...]) -> None:
    assert parse(line) == steps


@pytest.mark.parametrize("line", ["hello", "", "say:a;wait:soon", "gate", "say:a;;say:b", "tokens"])
def test_a_line_that_is_no_script_names_the_wrong_step(line: str) -> None:
    with pytest.raises(ValueError, match="is no step of a script"):
        parse(line)
