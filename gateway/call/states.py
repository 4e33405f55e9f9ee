"""The states of a call's two parties, and the moves between them: the tables are the law."""

from __future__ import annotations

from enum import StrEnum

from gateway.call import events as e


class IllegalMove(Exception):
    """The shell told something that cannot have happened."""


class Caller(StrEnum):
    """What the caller does."""

    QUIET = "quiet"
    SPEAKING = "speaking"
    PAUSING = "pausing"
    """Quiet, and perhaps done."""


class House(StrEnum):
    """What we do."""

    RINGING = "ringing"
    LISTENING = "listening"
    THINKING = "thinking"
    """Asked the agent, and silent until it answers."""
    TALKING = "talking"
    YIELDING = "yielding"
    """Fallen silent for the caller, and ready to go on."""
    GONE = "gone"


class Move(StrEnum):
    """What changes the house's state."""

    ANSWER = "answer"
    ASK = "ask"
    TALK = "talk"
    YIELD = "yield"
    GO_ON = "go on"
    GIVE_WAY = "give way"
    WAIT = "wait"
    """All was said, and the agent is not done."""
    REST = "rest"
    LEAVE = "leave"


CALLER_MOVES: dict[Caller, dict[type[e.SpeechFact] | None, Caller]] = {
    # None: the turn was taken from them, asked or dismissed.
    Caller.QUIET: {e.SpeechStarted: Caller.SPEAKING, None: Caller.QUIET},
    Caller.SPEAKING: {
        e.SpeechPaused: Caller.PAUSING,
        e.SpeechEnded: Caller.PAUSING,
        e.SpeechResumed: Caller.SPEAKING,
        None: Caller.QUIET,
    },
    Caller.PAUSING: {
        e.SpeechStarted: Caller.SPEAKING,
        e.SpeechPaused: Caller.PAUSING,
        e.SpeechEnded: Caller.PAUSING,
        e.SpeechResumed: Caller.SPEAKING,
        None: Caller.QUIET,
    },
}

HOUSE_MOVES: dict[House, dict[Move, House]] = {
    House.RINGING: {Move.ANSWER: House.LISTENING, Move.LEAVE: House.GONE},
    House.LISTENING: {
        Move.ASK: House.THINKING,
        Move.TALK: House.TALKING,
        Move.GIVE_WAY: House.LISTENING,
        Move.LEAVE: House.GONE,
    },
    House.THINKING: {
        Move.TALK: House.TALKING,
        Move.GIVE_WAY: House.LISTENING,
        Move.WAIT: House.THINKING,
        Move.REST: House.LISTENING,
        Move.LEAVE: House.GONE,
    },
    House.TALKING: {
        Move.TALK: House.TALKING,
        Move.YIELD: House.YIELDING,
        Move.GIVE_WAY: House.LISTENING,
        Move.WAIT: House.THINKING,
        Move.REST: House.LISTENING,
        Move.LEAVE: House.GONE,
    },
    House.YIELDING: {
        Move.TALK: House.YIELDING,
        Move.GO_ON: House.TALKING,
        Move.GIVE_WAY: House.LISTENING,
        Move.LEAVE: House.GONE,
    },
    House.GONE: {},
}

TALKS = (House.TALKING, House.YIELDING)
