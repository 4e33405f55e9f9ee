"""How the concierge sets reminders, and asks for the time that was not told."""

from __future__ import annotations

from agents.base import Question
from agents.brain.errand import Errand
from agents.brain.intents import introduced
from agents.brain.phrases import PHRASES
from agents.tools import dates, tasks
from agents.tools.job import ToolError
from prompts import language_of


async def remind(errand: Errand) -> str:
    """Set a reminder, or ask when."""
    intent, locale = errand.intent, errand.intent.locale
    text = introduced(intent.text, locale)
    told = intent.which or text  # `which` is what answered our question
    # "A timer for five minutes" means in five minutes.
    due = await errand.find(told) or await errand.find(delayed(told, locale))
    title = text
    if due and not intent.which:
        title = introduced(dates.once(due.rest, locale), locale)
    if not title or tasks.is_pronoun(title):
        title = intent.about.partition("\n")[0] or title or errand.say("remind_title")
    if due is None:
        _ask_when(errand, title)
        return errand.say("time_unclear", text=intent.which) if intent.which else ""
    due = tasks.soonest(errand.job.now, due)
    task = await tasks.remind(errand.job, title, due)
    told = errand.say("reminding", when=errand.when(task), title=task.title)
    if dates.repeats(errand.intent.text, locale):
        return f"{told} {errand.say('once_only')}"
    return told


async def again(errand: Errand) -> str:
    """Put off the reminder that came last."""
    fired = await tasks.last_fired(errand.job)
    if fired is None:
        return errand.say("none_fired")
    told = errand.intent.text or errand.say("choice_soon")
    due = await errand.find(told) or await errand.find(delayed(told, errand.intent.locale))
    if due is None:
        raise ToolError("time_unclear", text=told)
    task = await tasks.remind(errand.job, fired.title, tasks.soonest(errand.job.now, due))
    return errand.say("reminding", when=errand.when(task), title=task.title)


def _ask_when(errand: Errand, title: str) -> None:
    offers = [errand.say(f"choice_{name}") for name in ("soon", "later", "tomorrow")]
    choices = tuple(
        (offer, errand.say("value_remind", when=offer, title=title)) for offer in offers
    )
    errand.job.out.append(Question(errand.say("remind_when", title=title), choices))


def delayed(text: str, locale: str) -> str:
    """A span such as "2 days" or "for 2 days" as a delay: "in 2 days"."""
    words = text.split(" ")
    bare = (
        words[1:]
        if words[0].lower() in ("for", "f\u00fcr", "von", "auf", "pour", "de", "por")
        else words
    )
    return f"{PHRASES[language_of(locale)].by} {' '.join(bare)}"
