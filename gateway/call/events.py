"""The vocabulary of a call: facts go into the machine, orders come out.

Facts are past, orders imperative. Seconds are on the clock that the shell hands in as `now`.
A `turn` is the caller's turn that something belongs to, counted by the machine from 1; 0 is what
the house says of its own accord. A `clause` is one piece of speech, counted over the whole call.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

# -- facts: the caller -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """The line is up."""

    greeting: str = ""
    """What to say first; empty for the usual greeting."""
    resumed: bool = False
    """Whether the call goes on after its line broke."""
    voicemail: bool = False
    """Whether a machine took the call."""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller has been speaking for long enough to count."""

    since: float
    """When the first of it was heard."""


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """The caller has been quiet for long enough to guess that they are done."""

    since: float
    """When the last of their speech was heard."""


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The caller goes on after a pause."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """Voice activity, which hears more than loudness, agrees that the caller is quiet."""

    since: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What speech recognition made of the turn so far."""

    turn: int
    take: int
    """Which `Transcribe` it answers."""
    text: str
    """Empty when there were no words in it."""
    failed: bool = False
    """Whether it could not be done, by any provider."""


@dataclass(frozen=True, slots=True)
class Digit:
    """The caller pressed a key."""

    digit: str


@dataclass(frozen=True, slots=True)
class HungUp:
    """The line is gone."""


# -- facts: the agent --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentText:
    """The next clause of the reply, ready to be spoken."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The agent works; `text` says on what, for people, and may be empty."""

    turn: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class AgentDone:
    """No more of the reply will come."""

    turn: int
    failed: bool = False
    """Whether the turn could not even be asked."""


@dataclass(frozen=True, slots=True)
class AgentNotice:
    """A clause that answers no turn of this call: a task that ended, a reply to something typed."""

    text: str


@dataclass(frozen=True, slots=True)
class AgentWish:
    """The agent wants the call ended or handed over, once its reply is spoken."""

    turn: int
    action: Literal["hang_up", "transfer"]
    to: str = ""
    summary: str = ""


SpeechFact = SpeechStarted | SpeechPaused | SpeechResumed | SpeechEnded

AgentFact = AgentText | AgentStatus | AgentDone | AgentWish
"""What the agent does about a turn of the caller."""

# -- facts: the sound --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AudioSent:
    """Some of a clause's audio went out on the line."""

    clause: int
    seconds: float
    mark: str = ""
    """The mark that follows it, if any."""
    last: bool = False
    """Whether that was all of the clause."""
    length: float = 0.0
    """Seconds of all the clause's sound, once that is made."""


@dataclass(frozen=True, slots=True)
class Played:
    """The caller has heard everything before this mark."""

    mark: str


@dataclass(frozen=True, slots=True)
class VoiceFailed:
    """A clause could not be synthesised, by any provider."""

    clause: int


Fact = (
    Answered
    | SpeechStarted
    | SpeechPaused
    | SpeechResumed
    | SpeechEnded
    | Transcript
    | Digit
    | HungUp
    | AgentText
    | AgentStatus
    | AgentDone
    | AgentNotice
    | AgentWish
    | AudioSent
    | Played
    | VoiceFailed
)

# -- orders ------------------------------------------------------------------------------


class Filler(StrEnum):
    """What the house says of its own accord; the sentences are in prompts/, book `voice`."""

    GREETING = "greeting"
    BACK = "back"
    """The line broke and is up again."""
    MOMENT = "moment"
    """About one second after the caller finished."""
    WORKING = "working"
    """Every few seconds after that."""
    LATER = "later"
    """It takes so long that the result will be sent."""
    PARDON = "pardon"
    """There was speech, and no recogniser could be reached."""
    NOTHING = "nothing"
    """The agent had nothing to say."""
    TROUBLE = "trouble"
    """Something of ours failed."""
    THERE = "there"
    """Nobody has said anything for a while."""
    GOODBYE = "goodbye"


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Turn the caller's speech so far into text."""

    turn: int
    take: int
    speculative: bool
    """Whether the caller may go on, so that the answer may be thrown away."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Have the agent start on words that are not final: nothing may come of it yet."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class AskAgent:
    """The caller's turn is over: ask. The same words as the turn's draft make the draft real."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class DropDraft:
    """The turn's draft never was."""

    turn: int


@dataclass(frozen=True, slots=True)
class DropTurn:
    """Nobody waits for this turn any more: stop what the agent does for it."""

    turn: int
    heard: str = ""
    """What of its reply the caller heard."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """The caller no longer waits for this turn, but wants its answer: bring it as a notice."""

    turn: int


@dataclass(frozen=True, slots=True)
class Prepare:
    """Synthesise this, for it may be said soon."""

    text: str


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a clause after those before it."""

    turn: int
    clause: int
    text: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Speak one of our own sentences, as a clause like any other."""

    clause: int
    kind: Filler
    text: str = ""
    """Spoken instead of the usual sentence: a greeting, the agent's word on its progress."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Fall silent at once, and keep what was not heard."""

    clear: bool
    """Whether the line holds sound that must be cleared."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on speaking from where the caller stopped hearing us."""

    clause: int
    seconds: float
    """How much of the clause was heard."""


@dataclass(frozen=True, slots=True)
class Hush:
    """Fall silent at once, and forget what was not heard."""

    clear: bool


@dataclass(frozen=True, slots=True)
class Skip:
    """Give a clause up, of which nothing can be heard."""

    clause: int


@dataclass(frozen=True, slots=True)
class Forget:
    """The caller's speech until now is dealt with: the next speech begins a turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call; everything that was to be said has been heard."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller over to a person."""

    to: str
    summary: str


Order = (
    Transcribe
    | Draft
    | AskAgent
    | DropDraft
    | DropTurn
    | LetGo
    | Prepare
    | Say
    | Fill
    | Pause
    | Resume
    | Hush
    | Skip
    | Forget
    | HangUp
    | Transfer
)
