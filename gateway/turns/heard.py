"""From the agent's events to what the person is told: pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.events import Choice
from gateway.agent.base import (
    AgentEvent,
    Attachment,
    End,
    Ended,
    Notice,
    Produced,
    Progress,
    ReplyText,
    Started,
    Wished,
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
    notices: dict[str, str] = field(default_factory=dict)
    """What the agent wanted told although the task goes on, by id."""
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
            case Notice(id, text):
                self.notices[id] = text
            case Produced(file):
                self.files.append(file)
            case Ended():
                self.ended = event
            case Progress() | Wished():
                pass
        return ""

    @property
    def speaks_last(self) -> bool:
        """Whether the person's wait is over: the reply is whole or the task at rest."""
        return self.complete or self.ended is not None

    @property
    def new_notices(self) -> list[str]:
        return [text for id, text in self.notices.items() if id not in self.given.notices]

    @property
    def news(self) -> str:
        """The words that the person was not given yet."""
        known = self.given.text if self.text.startswith(self.given.text) else ""
        words = [self.text[len(known) :].strip(), *self.new_notices]
        return "\n\n".join(word for word in words if word)

    @property
    def new_files(self) -> list[Attachment]:
        return [file for file in self.files if file.id not in self.given.files]

    def now_given(self) -> Given:
        """What the person will have been given once they are told everything heard."""
        return Given(self.text, tuple(file.id for file in self.files), tuple(self.notices))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell and where the turn goes from here."""

    text: str
    files: tuple[Attachment, ...]
    choices: tuple[Choice, ...]
    stage: TurnStage
    asking_task: str = ""


def judge(heard: Heard, locale: str, *, goes_on: TurnStage = TurnStage.BACKGROUND) -> Verdict:
    """What to tell now; `goes_on` is the stage of a task that has not come to rest."""
    files = tuple(heard.new_files)
    ended = heard.ended
    if ended is None:
        return Verdict(heard.news or _words("done", locale), files, (), goes_on)
    text = _joined(heard.news, ended.text.strip())
    stage = TurnStage.DONE
    match ended.end:
        case End.FAILED:
            text, stage = text or _words("failed", locale), TurnStage.FAILED
        case End.REJECTED:
            text, stage = text or _words("rejected", locale), TurnStage.FAILED
        case End.CANCELED:
            # Of what went on behind a reply, its person knows: they had it stopped.
            stopped = "" if heard.given.text else _words("stopped", locale)
            text, stage = _joined(heard.news, stopped), TurnStage.CANCELED
        case End.AUTH_REQUIRED:
            text = _joined(text, _words("auth_required", locale))
        case End.INPUT_REQUIRED:
            text = text or _words("asking", locale)
            return Verdict(text, files, ended.choices, stage, asking_task=heard.task)
        case End.COMPLETED if not text and not files and not heard.given.text:
            text = _words("done", locale)
    return Verdict(text, files, ended.choices, stage)


def detached(heard: Heard, locale: str, *, told: bool = False) -> Verdict:
    """The person has waited long enough: say so, unless `told`, and let the task go on alone."""
    text = heard.news if told else _joined(heard.news, _words("detached", locale))
    return Verdict(text, tuple(heard.new_files), (), TurnStage.DETACHED)


def _joined(first: str, second: str) -> str:
    if not first or second in first:
        return first or second
    return f"{first}\n\n{second}" if second else first


def _words(key: str, locale: str) -> str:
    return sentence(BOOK, key, locale)
