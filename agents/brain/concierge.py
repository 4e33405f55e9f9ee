"""The brain that needs no model and no key: a concierge who understands plain requests.

It reads a message line by line (`intents`), does what it asks with the same tools as the
model-driven brain (`handlers`), and says honestly when it did not understand.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from agents.base import Answer, Ask, Brain, BrainError, Question, Words
from agents.brain.followup import answered, going_on
from agents.brain.handlers import carry_out
from agents.brain.intents import Intent, understand_all
from agents.records.base import Clock, Records, RecordsError
from agents.tools import papers, wording
from agents.tools.job import Job


class Concierge(Brain):
    """Answers by rule. Keeps nothing between messages."""

    at_once = True

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def acts(self, ask: Ask) -> bool:
        """Whether anything is changed, sent or done to the call."""
        return bool(ask.files) or any(_acts(one, _voice(ask)) for one in intents_of(ask))

    async def answer(self, ask: Ask) -> AsyncIterator[Answer]:
        """Do what is asked, then tell: words, files, promises, and a question last."""
        job = Job.of(ask, self._records, self._clock())
        try:
            told = await keep_files(job, ask)
            told += await _carried_out(job, intents_of(ask), ask, attached=bool(told))
        except RecordsError as error:
            raise BrainError(f"the records refused: {error}") from error
        for answer in delivered("\n\n".join(told), job):
            yield answer


def intents_of(ask: Ask) -> tuple[Intent, ...]:
    """What a message asks, in the light of a question it may answer; pure."""
    locale = ask.caller.locale or "en"
    intents = understand_all(ask.text, locale, spoken=_voice(ask))
    if len(intents) > 1:
        return intents
    [intent] = intents
    if ask.continues:
        intent = answered(intent, ask.history, locale)
    return (going_on(intent, ask.history, ask.heard, locale),)


def _voice(ask: Ask) -> bool:
    return ask.caller.modality == "voice"


_HARMLESS = frozenset(
    {
        *("greet", "mood", "thanks", "help", "clock", "list", "reminders", "done_list", "notes"),
        *("clear", "yes", "no", "go_on", "repeat", "unknown"),
    }
)
"""What only tells or asks."""

_ASKED_FIRST = ("cancel", "cancel_reminder")
"""What somebody on a call is asked before it is done."""


def _acts(intent: Intent, voice: bool) -> bool:  # noqa: FBT001 - private, and said at its call
    if intent.kind in ("bye", "person"):
        return voice
    return intent.kind not in _HARMLESS and not (
        voice and intent.kind in _ASKED_FIRST and not intent.sure
    )


async def keep_files(job: Job, ask: Ask) -> list[str]:
    """Keep what the person sent, and say so."""
    told: list[str] = []
    for file in ask.files:
        if file.data:
            await papers.keep_file(job, file)
        key = "file_kept" if file.data else "file_not_kept"
        short = file.name.rsplit(".", 1)[0]
        told.append(wording.say(key, ask.caller.locale, name=file.name, short=short))
    return told


def delivered(text: str, job: Job) -> list[Answer]:
    """A reply in the order in which it is delivered; heard words carry no markup."""
    voice = job.caller.modality == "voice"
    spoken = wording.plain(text) if voice else text
    words: list[Answer] = [Words(piece) for piece in wording.pieces(spoken)]
    made = [one for one in job.out if not isinstance(one, Question)]
    question = job.question
    if question is None:
        return [*words, *made]
    if voice:
        question = Question(wording.plain(question.text), question.choices)
    return [*words, *made, question]


_CAPTIONS = ("unknown", "note_that")
"""What is said with a file is about the file: "our holidays", "keep this"."""


async def _carried_out(
    job: Job, intents: Sequence[Intent], ask: Ask, *, attached: bool
) -> list[str]:
    told: list[str] = []
    for intent in intents:
        if attached and intent.kind in _CAPTIONS:
            continue
        if intent.kind == "unknown" and len(intents) > 1:
            told.append(wording.say("unknown_line", intent.locale, text=intent.text))
        else:
            told.append(await carry_out(job, intent, ask))
    return [text.strip() for text in told if text.strip()]
