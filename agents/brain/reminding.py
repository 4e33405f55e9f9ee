"""How the concierge sets reminders, and asks for the time that was not told."""

from __future__ import annotations

from agents.base import Question
from agents.brain.intents import introduced
from agents.brain.phrases import PHRASES
from agents.brain.turn import Turn
from agents.tools import dates, tasks
from agents.tools.desk import ToolError
from prompts import language_of


async def remind(turn: Turn) -> str:
    """Set a reminder, or ask when."""
    intent, locale = turn.intent, turn.intent.locale
    text = introduced(intent.text, locale)
    told = intent.which or text  # `which` is what answered our question
    # "A timer for five minutes" means in five minutes.
    due = await turn.find(told) or await turn.find(delayed(told, locale))
    title = text
    if due and not intent.which:
        title = introduced(dates.once(due.rest, locale), locale)
    if not title or tasks.is_pronoun(title):
        title = intent.about.partition("\n")[0] or title or turn.say("remind_title")
    if due is None:
        _ask_when(turn, title)
        return turn.say("time_unclear", text=intent.which) if intent.which else ""
    due = tasks.soonest(turn.desk.now, due)
    task = await tasks.remind(turn.desk, title, due)
    told = turn.say("reminding", when=turn.when(task), title=task.title)
    if dates.repeats(turn.intent.text, locale):
        return f"{told} {turn.say('once_only')}"
    return told


async def again(turn: Turn) -> str:
    """Put off the reminder that came last."""
    fired = await tasks.last_fired(turn.desk)
    if fired is None:
        return turn.say("none_fired")
    told = turn.intent.text or turn.say("choice_soon")
    due = await turn.find(told) or await turn.find(delayed(told, turn.intent.locale))
    if due is None:
        raise ToolError("time_unclear", text=told)
    task = await tasks.remind(turn.desk, fired.title, tasks.soonest(turn.desk.now, due))
    return turn.say("reminding", when=turn.when(task), title=task.title)


def _ask_when(turn: Turn, title: str) -> None:
    offers = [turn.say(f"choice_{name}") for name in ("soon", "later", "tomorrow")]
    choices = tuple((offer, turn.say("value_remind", when=offer, title=title)) for offer in offers)
    turn.desk.out.append(Question(turn.say("remind_when", title=title), choices))


def delayed(text: str, locale: str) -> str:
    """A span such as "2 days" or "for 2 days" as a delay: "in 2 days"."""
    words = text.split(" ")
    bare = (
        words[1:]
        if words[0].lower() in ("for", "f\u00fcr", "von", "auf", "pour", "de", "por")
        else words
    )
    return f"{PHRASES[language_of(locale)].by} {' '.join(bare)}"
