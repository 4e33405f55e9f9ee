"""Text that was written to be slow to read.

Work that grows with the length of the text is done in a fraction of `CPU_SECONDS`; work that
grows with its square never ends within them. The processor's time is counted, not the clock's,
so a busy machine makes no difference.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from channels.telegram import pieces
from channels.telegram import wire as telegram
from channels.twilio import forms, twiml
from channels.twilio import wire as media
from channels.web import wire as web
from gateway import settings as env
from gateway.app import task_of
from gateway.call import words
from gateway.errors import SettingsError
from gateway.speech.speakable import Speakable, clauses_of
from gateway.turns import aloud

LENGTH = 12_000
CPU_SECONDS = 3.0

ATOMS = [
    "a",
    "a ",
    "a\n",
    "a.\n",
    "a. ",
    "[",
    "![",
    "[a](",
    "[a]",
    "![a](",
    "[[]]",
    "[a](http://",
    "<a",
    "</a",
    "<!--",
    "`",
    "`a",
    "```\n",
    "~~~\n",
    "*",
    "**",
    "_",
    "*a",
    "**a*",
    "_a",
    "a_",
    "~~",
    "> ",
    ">",
    "- ",
    "-",
    "- [ ] ",
    "1. ",
    "1) ",
    "1",
    "1,",
    "1.",
    "1:",
    "1/",
    "1-",
    "1,111",
    "1.1",
    "1 ",
    "1 000 ",
    "0",
    "0 ",
    "00-",
    "10:",
    "12:30 ",
    "1st ",
    "#",
    "# ",
    " ",
    "\t ",
    "\n",
    " \n",
    "|",
    "|a",
    "a|\n",
    "|-|\n",
    "\\",
    "\\*",
    "&",
    "&amp;",
    "http://",
    "http://a.",
    "www.",
    "www.,",
    "a@",
    "a@a.",
    "a.a",
    "A.B.",
    "Dr. ",
    "a,",
    ", ",
    "...",
    "!",
    "! ",
    "?!",
    ":",
    ": ",
    "。",
    "“",
    "'",
    '"a',
    "(",
    ")",
    "](",
    "+",
    "+1",
    "+1 (",
    "€1",
    "$1,",
    "%",
    "=",
    "=\n",
    "–",
    " – ",
    "and ",
    "\u00a0",
    "\u2003",
    "\0",
    "😀",
    "a-",
    "-a",
    "a'",
    "x = ",
    "mailto:",
    "/start ",
    "@a ",
    "\r",
    "am ",
    "Uhr ",
]
TAILS = ["x", "", "\n|--|", "](x)"]


class TooSlow(Exception):
    """It did not end in reasonable time."""


@contextmanager
def bounded(seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Raises TooSlow when the block needs more of the processor."""

    def give_up(_: int, __: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def texts(atom: str, length: int = LENGTH, tails: Sequence[str] = TAILS[:1]) -> Iterator[str]:
    body = (atom * (length // len(atom) + 1))[:length]
    yield from (body + tail for tail in tails)


def _speak(text: str) -> None:
    clauses_of(text[:8000], "en")


def _speak_growing(text: str) -> None:
    """As it comes from a model, piece by piece."""
    speakable = Speakable("de", shown=False)
    for size in range(0, 3000, 60):
        speakable.so_far(text[:size])
        speakable.settle()
    speakable.finish()


def _telegram(text: str) -> None:
    person = {"id": 5, "first_name": text, "language_code": text}
    message = {"from": person, "chat": {"id": 5, "type": "group"}, "message_id": 1, "text": text}
    entities = [{"type": "text_link", "offset": n, "length": 1, "url": "u"} for n in range(100)]
    telegram.normalise(
        {"update_id": 1, "message": {**message, "entities": entities}}, telegram.Me(7, "door_bot")
    )


def _twilio(text: str) -> None:
    form = forms.Form({"CallSid": "CA1", "From": text, "CallerName": text, "CallDuration": text})
    forms.ring(form)
    forms.progress(form)
    twiml.whisper(text, text)
    with suppress(forms.Malformed):
        forms.read(text.encode())
    with suppress(media.Malformed):
        media.read(text)


def _web(text: str) -> None:
    with suppress(web.BadFrame):
        web.read(text)
    task_of(text.encode())


def _settings(text: str) -> None:
    for name in ("PUBLIC_URL", "TELEGRAM_BOT_TOKEN", "WEB_ORIGINS", "TWILIO_ACCOUNT_SID"):
        with suppress(SettingsError):
            env.read({name: text}, Path("/nonexistent"))


READERS: dict[str, Callable[[str], object]] = {
    "speech": _speak,
    "growing speech": _speak_growing,
    "telegram pieces": lambda text: pieces.cut(text[:8000], 4000),
    "telegram updates": _telegram,
    "twilio": _twilio,
    "web": _web,
    "settings": _settings,
}


def slow(name: str, tails: Sequence[str] = TAILS[:1]) -> list[str]:
    """The atoms that this reader is too slow for."""
    found = []
    for atom in ATOMS:
        for text in texts(atom, LENGTH, tails):
            try:
                with bounded():
                    READERS[name](text)
            except TooSlow:
                found.append(atom)
    return found


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every pattern that reads what strangers or agents write, by name."""
    for module in (telegram, forms, twiml, media, web, aloud, words, env):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{module.__name__}.{name}", value
