"""What Twilio's webhooks tell of a call; pure.

<https://www.twilio.com/docs/voice/twiml#request-parameters>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict

from channels.base import CallState
from channels.twilio.config import NUMBER

Form = ImmutableMultiDict[str, str]

FIELDS = 500
LONGEST_ID = 100
"""Characters of a caller who has no number but a name, `client:ann`, `sip:ann@example.com`."""
LONGEST_NAME = 40

STATES: tuple[CallState, ...] = get_args(CallState)
ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

# "anonymous", "blocked", "restricted" and "unknown" as keys of a phone, which Twilio gives for a
# number that was not shown; some carriers put the country code 1 before them.
_WITHHELD = {"+266696687", "+2562533", "+7378742833", "+8566696", "+86282452253"}
_WITHHELD |= {f"+1{number[1:]}" for number in _WITHHELD}


class Malformed(ValueError):
    """It is not what Twilio sends."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A call, as Twilio describes it when it asks what to do."""

    call: str
    """Its CallSid."""
    account: str
    """Our number."""
    caller: str
    """Their number; `withheld-…` when it was not shown."""
    name: str = ""
    """Of the caller, where the account looks names up."""
    outbound: bool = False
    machine: bool = False
    """Whether an answering machine took it."""
    fax: bool = False
    status: str = ""
    dialled: str = ""
    """How the call to a person ended, when one was tried."""

    @property
    def withheld(self) -> bool:
        return is_withheld(self.caller)

    @property
    def over(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Progress:
    """A status callback."""

    call: str
    state: CallState | None
    """None for one that tells nothing, such as `queued`."""
    seconds: int = 0


def read(body: bytes) -> Form:
    """The fields of a request's body, every one kept, for the signature covers all.

    Raises Malformed.
    """
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="replace", max_num_fields=FIELDS
        )
    except ValueError as error:
        raise Malformed(str(error)) from error
    return ImmutableMultiDict(pairs)


def ring(form: Form) -> Ring:
    """The call that a webhook is about. Raises Malformed."""
    call = _sid(form)
    outbound = form.get("Direction", "inbound").startswith("outbound")
    theirs, ours = ("To", "From") if outbound else ("From", "To")
    answered = form.get("AnsweredBy", "")
    return Ring(
        call,
        account=form.get(ours, "")[:LONGEST_ID],
        caller=_caller(form.get(theirs, ""), call),
        name="".join(_printable(form.get("CallerName", "")))[:LONGEST_NAME],
        outbound=outbound,
        machine=answered.startswith("machine"),
        fax=answered == "fax",
        status=form.get("CallStatus", ""),
        dialled=form.get("DialCallStatus", ""),
    )


def progress(form: Form) -> Progress:
    """What a status callback says. Raises Malformed."""
    status = form.get("CallStatus", "")
    seconds = form.get("CallDuration", "")
    return Progress(
        _sid(form),
        next((state for state in STATES if state == status), None),
        int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else 0,  # noqa: PLR2004 - digits
    )


def is_withheld(caller: str) -> bool:
    return caller.startswith("withheld-")


def _sid(form: Form) -> str:
    sid: str = form.get("CallSid", "")
    # A call of ours is a key in stores and logs, so it is no essay.
    if not (sid.isascii() and sid.isalnum() and len(sid) <= 64):  # noqa: PLR2004 - theirs have 34
        raise Malformed("CallSid is missing or not one")
    return sid


def _caller(number: str, call: str) -> str:
    name, _, rest = number.partition(":")
    named = name in ("client", "sip") and rest and rest.isprintable() and " " not in rest
    if (NUMBER.fullmatch(number) and number not in _WITHHELD) or named:
        return number[:LONGEST_ID]
    return f"withheld-{call}"


def _printable(text: str) -> Iterator[str]:
    return (char for char in text if char.isprintable())
