"""What speech costs by the providers' list prices, in US dollars, as of September 2026.

Estimates for the records of calls: contracts, credits and free tiers differ.
"""

from __future__ import annotations

HOUR = 3600.0

PER_HOUR = {
    "whisper-large-v3-turbo": 0.04,
    "whisper-large-v3": 0.111,
    "gpt-4o-mini-transcribe": 0.18,
    "gpt-4o-transcribe": 0.36,
    "whisper-1": 0.36,
    # Credits a second of streaming, silence included: 3 and 1; half a one for a file. On the
    # Scale plan a million of them is $37.50.
    "ink-2": 0.405,
    "ink-whisper": 0.135,
    "ink-whisper/batch": 0.0675,
}

LEAST_SECONDS = {"whisper-large-v3-turbo": 10.0, "whisper-large-v3": 10.0}
"""Groq bills every request as if it were at least so long."""


def recognition(model: str, seconds: float) -> float:
    """The price of one request; 0 for a model that is not in the list, such as a local one."""
    billed = max(seconds, LEAST_SECONDS.get(model, 0.0))
    return PER_HOUR.get(model, 0.0) * billed / HOUR


PER_CHARACTER = {
    # A credit each, of which a million is $37.50 on the Scale plan.
    "sonic-3.5": 0.0000375,
    "sonic-3": 0.0000375,
    "tts-1": 0.000015,
    "tts-1-hd": 0.00003,
    # Billed by tokens of sound, which come to $0.015 a minute.
    "gpt-4o-mini-tts": 0.015 / 60 / 14,
}
"""Speech is taken to be 14 characters a second."""


def synthesis(model: str, text: str) -> float:
    """The price of speaking a text; 0 for a model that is not in the list, such as a local one."""
    return PER_CHARACTER.get(model, 0.0) * len(text)
