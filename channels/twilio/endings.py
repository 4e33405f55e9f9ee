"""How the house leaves a call, and so what Twilio is to do with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Put:
    """We hung up."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A person takes the call over."""

    to: str
    """Their number, E.164."""
    summary: str


@dataclass(frozen=True, slots=True)
class Full:
    """There was a line when they called, and none any more when they got here."""


Ending = Put | Handed | Full
