"""What is particular to a conversation by voice: pages, second thoughts, good-byes."""

from __future__ import annotations

from collections.abc import Sequence

from agents.base import Question, Wish
from agents.brain.errand import Errand
from agents.brain.followup import last_reply, rest_of
from agents.tools import wording

PAGE = 3
"""Things of a list that are told at a time: more nobody remembers who only hears them."""

_LATELY = 3
"""Things the person said that whoever takes the call over is told."""

_SUMMARY = 300
"""Characters of that."""


def in_pages(errand: Errand, head: str, lines: Sequence[str]) -> str:
    """A list to be heard: some of it, and the offer to go on when there is more."""
    told = errand.intent.told
    left = [line for line in lines if wording.plain(line) not in (told or "")]
    page, more = left[:PAGE], left[PAGE:]
    words = [head] if told is None else []
    if more and told is None:
        words.append(errand.say("the_first", count=PAGE))
    words += page or [errand.say("that_was_all")]
    if more:
        words.append(errand.say("shall_i_go_on"))
    return " ".join(words)


def sure(errand: Errand, question: str) -> str:
    """Ask before something is lost."""
    choices = tuple((errand.say(key), errand.say(f"value_{key}")) for key in ("yes", "no"))
    errand.job.out.append(Question(question, choices))
    return ""


async def bye(errand: Errand) -> str:
    if not errand.voice:
        return errand.say("bye")
    errand.job.out.append(Wish("hang_up"))
    return errand.say("bye_voice")


async def person(errand: Errand) -> str:
    """Put somebody on a call through to a person; in writing there is nobody to put through to."""
    if not errand.voice:
        return errand.say("person_text")
    errand.job.out.append(Wish("transfer", summary=summary(errand)))
    return errand.say("person_voice")


def summary(errand: Errand) -> str:
    """What the conversation was about, for whoever takes it over."""
    asked = [line.text.strip() for line in errand.history if line.role == "user"][-_LATELY:]
    asked.append(errand.ask.text.strip())
    told = errand.say("summary", asked="; ".join(asked))
    name = errand.job.caller.name
    return f"{name}: {told}"[:_SUMMARY] if name else told[:_SUMMARY]


async def go_on(errand: Errand) -> str:
    """Tell what was not heard of the last reply."""
    reply, heard = last_reply(errand.history), errand.ask.heard
    rest = "" if heard is None else rest_of(reply, heard)
    return rest or errand.say("that_was_all" if reply else "nothing_yet")


async def repeat(errand: Errand) -> str:
    """Say the last reply once more."""
    return last_reply(errand.history) or errand.say("nothing_yet")
