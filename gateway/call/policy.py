"""How a call is to feel: every time and threshold, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Seconds, unless said otherwise."""

    # Hearing the caller.
    start: float = 0.1
    """Speech of this length counts as speech."""
    speculate: float = 0.1
    """After this much quiet the turn is transcribed, in case it is over."""
    end_of_turn: float = 0.6
    """After this much quiet the turn is over."""
    complete_factor: float = 0.75
    """Of `end_of_turn`, when the words are plainly a whole sentence."""
    incomplete_factor: float = 2.0
    """Of `end_of_turn`, when the words plainly ask for more of them."""
    rolling: float = 0.0
    """While the caller speaks, transcribe so often; 0 for only in pauses. Each costs a request."""
    longest_turn: float = 60.0
    """Speech without a pause is cut here."""
    transcript_patience: float = 6.0
    """How long a turn that is over may wait for its words."""

    # Being interrupted.
    decide: float = 0.3
    """After so long, speech over ours is taken for more than a "mhm"."""
    greeting_guard: float = 0.5
    """The greeting cannot be interrupted sooner."""

    # Silence.
    moment: float = 1.0
    """Until we say that we are on it."""
    working: float = 8.0
    """Between our words on how it is getting on."""
    later: float = 30.0
    """Until we offer to send the result."""
    reminder: float = 10.0
    """Nobody speaks: we ask whether they are there."""
    goodbye: float = 30.0
    """Nobody speaks: we end the call."""
    longest_call: float = 3600.0

    # Speaking.
    watchdog: float = 3.0
    """A clause of which nothing can be heard for so long is given up."""
    ahead: float = 0.3
    """How much audio the line holds that was not played yet."""
    digits: float = 2.0
    """After so long without a key, the keys pressed are read."""
    preempt: bool = False
    """Whether the agent may start on words that are not final."""
    locale: str = "en"
    """BCP 47: whose words mark a sentence as complete, and which are mere assent."""
    transfer_on_zero: bool = False
    """Whether the key 0 asks for a person."""
