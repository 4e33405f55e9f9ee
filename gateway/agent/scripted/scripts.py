"""Scripts for the agent double: small data, and a line of text for the command line. Pure.

    say:Hello ;wait:0.5;say:there.;done        a streamed reply
    task;wait:30;last:Here you are.            slow to speak, though it took the message
    say:Hel;cut;say:lo                         the connection drops in the middle
    silent                                     takes the message and never says a word
    error:boom      say:Hi;error:boom          fails before, or after, the first event
    last:I'm on it.;gate:done;done:It is done  works on after the reply, until told
    ask:Which?|Red=r|Blue=b                    a question with choices
    file:note.txt=Buy milk   message:Hi   odd  a file; a bare message; nonsense
    progress:Looking…;tokens:50@0.02           progress, then 50 stamped tokens, 20 ms apart
    say:Bye!;hangup   transfer:+4312345|Billing  ends the call; hands it over, with a summary

A script that ends without saying how completes its task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from channels.events import Choice
from gateway.agent.base import End


@dataclass(frozen=True, slots=True)
class Take:
    """Tell the task's id, and nothing more. Whatever tells something does that by itself."""


@dataclass(frozen=True, slots=True)
class Say:
    """Append to the reply."""

    text: str
    last: bool = False
    """Whether the reply is then complete."""
    stamp: bool = False
    """Carry the sending time, `time.monotonic_ns()`: as event metadata `sent_ns`, and in the
    text where it has `{ns}`."""


@dataclass(frozen=True, slots=True)
class Report:
    """Say what is being done."""

    text: str


@dataclass(frozen=True, slots=True)
class Give:
    """A file, in one or several pieces, or by its URL."""

    name: str
    media_type: str
    pieces: tuple[bytes, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Wait until the gate of this name is opened."""

    name: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop the connection of everybody who listens; the script goes on."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer a protocol error and leave the task as it is, like an executor that raised."""

    message: str


@dataclass(frozen=True, slots=True)
class Odd:
    """An event that is none of those that A2A knows."""


@dataclass(frozen=True, slots=True)
class Bare:
    """Answer with a message and no task."""

    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Want something done with the call."""

    action: Literal["hang_up", "transfer"]
    to: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """Bring the task to rest."""

    end: End = End.COMPLETED
    text: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Improvise:
    """Go on with what the person at the keyboard writes."""


Step = Take | Say | Report | Give | Wait | Gate | Cut | Fail | Odd | Bare | Wish | Rest | Improvise
Script = tuple[Step, ...]

NEVER = ""
"""A gate that nobody opens."""

_ENDS = {
    "done": End.COMPLETED,
    "fail": End.FAILED,
    "reject": End.REJECTED,
    "auth": End.AUTH_REQUIRED,
}


def parse(line: str) -> Script:
    """Read a script such as `say:hello;wait:2;cut`; raises ValueError naming the wrong step."""
    steps: list[Step] = []
    for item in line.split(";"):
        verb, _, rest = item.partition(":")
        try:
            steps += _steps(verb.strip(), rest)
        except ValueError:
            raise ValueError(f"{item.strip()!r} is no step of a script") from None
    return tuple(steps)


def _steps(verb: str, rest: str) -> Script:  # noqa: C901, PLR0912 - one branch a verb
    match verb:
        case "task":
            return (Take(),)
        case "say" | "last":
            return (Say(rest, last=verb == "last"),)
        case "tokens":
            count, _, interval = rest.partition("@")
            return (Say("{ns} ", stamp=True), Wait(float(interval or 0))) * int(count)
        case "progress":
            return (Report(rest),)
        case "file":
            name, _, content = rest.partition("=")
            return (Give(name, "text/plain", (content.encode(),)),)
        case "wait":
            return (Wait(float(rest)),)
        case "gate" if rest:
            return (Gate(rest),)
        case "silent":
            return (Gate(NEVER),)
        case "cut":
            return (Cut(),)
        case "error":
            return (Fail(rest),)
        case "odd":
            return (Odd(),)
        case "message":
            return (Bare(rest),)
        case "hangup":
            return (Wish("hang_up"),)
        case "transfer":
            to, _, summary = rest.partition("|")
            return (Wish("transfer", to.strip(), summary.strip()),)
        case "ask":
            return (_question(rest),)
        case _ if verb in _ENDS:
            return (Rest(_ENDS[verb], rest),)
    raise ValueError(verb)


def _question(rest: str) -> Rest:
    text, *options = rest.split("|")
    pairs = (option.partition("=") for option in options)
    choices = tuple(Choice(label, value or label) for label, _, value in pairs)
    return Rest(End.INPUT_REQUIRED, text, choices)
