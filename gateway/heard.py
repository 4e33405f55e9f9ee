"""From the agent's events to what the person is told: pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.events import Choice
from gateway.agent.base import (
    AgentEvent,
    Attachment,
    End,
    Ended,
    Produced,
    Progress,
    ReplyText,
    Started,
)
from gateway.store.base import Given, TurnStage
from prompts import sentence

BOOK = "gateway"


@dataclass(slots=True)
class Heard:
    """What an agent has said of one task so far, against what the person was given of it."""

    given: Given = field(default_factory=Given)
    task: str = ""
    text: str = ""
    complete: bool = False
    """Whether the reply is whole, though the task may go on."""
    files: list[Attachment] = field(default_factory=list)
    ended: Ended | None = None

    def receive(self, event: AgentEvent) -> str:
        """Take an event in; returns the reply text it adds, for those who watch it grow."""
        match event:
            case Started(task):
                self.task = task
            case ReplyText(text, complete):
                more = text[len(self.text) :] if text.startswith(self.text) else ""
                self.text, self.complete = text, complete
                return more
            case Produced(file):
                self.files.append(file)
            case Ended():
                self.ended = event
            case Progress():
                pass
        return ""

    @property
    def speaks_last(self) -> bool:
        """Whether the person's wait is over: the reply is whole or the task at rest."""
        return self.complete or self.ended is not None

    @property
    def news(self) -> str:
        """The reply text that the person was not given yet."""
        if self.text.startswith(self.given.text):
            return self.text[len(self.given.text) :].strip()
        return self.text.strip()

    @property
    def new_files(self) -> list[Attachment]:
        return [file for file in self.files if file.id not in self.given.files]

    def now_given(self) -> Given:
        """What the person will have been given once they are told everything heard."""
        return Given(self.text, tuple(file.id for file in self.files))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell and where the turn goes from here."""

    text: str
    files: tuple[Attachment, ...]
    choices: tuple[Choice, ...]
    stage: TurnStage
    asking_task: str = ""


def judge(heard: Heard, locale: str) -> Verdict:
    """The turn's outcome once `heard.speaks_last`."""
    files = tuple(heard.new_files)
    ended = heard.ended
    if ended is None:
        return Verdict(heard.news or _words("done", locale), files, (), TurnStage.BACKGROUND)
    text = _joined(heard.news, ended.text.strip())
    stage = TurnStage.DONE
    match ended.end:
        case End.FAILED:
            text, stage = text or _words("failed", locale), TurnStage.FAILED
        case End.REJECTED:
            text, stage = text or _words("rejected", locale), TurnStage.FAILED
        case End.CANCELED:
            text, stage = _joined(heard.news, _words("stopped", locale)), TurnStage.CANCELED
        case End.AUTH_REQUIRED:
            text = _joined(text, _words("auth_required", locale))
        case End.INPUT_REQUIRED:
            text = text or _words("asking", locale)
            return Verdict(text, files, ended.choices, stage, asking_task=heard.task)
        case End.COMPLETED if not text and not files and not heard.given.text:
            text = _words("done", locale)
    return Verdict(text, files, ended.choices, stage)


def detached(heard: Heard, locale: str) -> Verdict:
    """The person has waited long enough: say so, and let the task go on alone."""
    text = _joined(heard.news, _words("detached", locale))
    return Verdict(text, tuple(heard.new_files), (), TurnStage.DETACHED)


def _joined(first: str, second: str) -> str:
    if not first or second in first:
        return first or second
    return f"{first}\n\n{second}" if second else first


def _words(key: str, locale: str) -> str:
    return sentence(BOOK, key, locale)
