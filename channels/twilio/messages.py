"""A reply as one text message; pure.

{"to": their number, "from": ours, "text": without formatting, "locale"}, and "unspoken", if there
is any: what of the text nobody can say aloud.
"""

from __future__ import annotations

import re
from html import unescape

from channels.base import Outgoing
from channels.events import Reply, Route
from prompts import sentence

LONGEST_TEXT = 1500
"""Characters; Twilio takes 1,600, and some are kept free to mark a repeat."""

_HREF = re.compile('a href="([^"]*)"')
_LAST_WORD = re.compile(r"\s+\S*$")


def render(route: Route, reply: Reply) -> list[Outgoing]:
    """The reply as a request; none for an empty one."""
    parts = [plain(reply.text)]
    if reply.choices:
        parts.append("\n".join(f"- {choice.label}" for choice in reply.choices))
    if reply.files:
        names = ", ".join(file.name or "?" for file in reply.files)
        parts.append(sentence("phone", "files", reply.locale, names=names))
    text = cut("\n\n".join(part for part in parts if part), LONGEST_TEXT)
    if not text:
        return []
    outgoing = {"to": route.chat, "from": route.account, "text": text, "locale": reply.locale}
    if unspoken := cut(plain(reply.unspoken), LONGEST_TEXT):
        outgoing["unspoken"] = unspoken
    return [outgoing]


def repeated(outgoing: Outgoing) -> Outgoing:
    """The same, saying that they may have it already."""
    return {**outgoing, "repeated": True}


def written(outgoing: Outgoing) -> str:
    """The words of a text message."""
    text: str = outgoing["text"]
    if not outgoing.get("repeated"):
        return text
    return f"{sentence('phone', 'again', outgoing.get('locale', ''))}\n{text}"


def beside(outgoing: Outgoing) -> Outgoing | None:
    """What is left to write to somebody who hears the text, if anything."""
    unspoken = outgoing.get("unspoken")
    return {**outgoing, "text": unspoken} if unspoken else None


def spoken(outgoing: Outgoing) -> str:
    """The words to open a call with."""
    text: str = outgoing["text"]
    if not outgoing.get("repeated"):
        return text
    return sentence("phone", "again_spoken", outgoing.get("locale", ""), text=text)


def plain(markdown: str) -> str:
    """Markdown without its marks; links show where they lead."""
    # Channels with formatting share this reader; few houses send any text message.
    from channels.telegram.markdown import read  # noqa: PLC0415

    out: list[str] = []
    leads = ""
    for run in read(markdown):
        link = next((m[1] for tag in run.tags if (m := _HREF.match(tag))), "")
        if leads and link != leads:
            out.append(f" ({unescape(leads)})")
            leads = ""
        out.append(run.text)
        if link and unescape(link) != run.text.strip():
            leads = link
    if leads:
        out.append(f" ({unescape(leads)})")
    return "".join(out).strip()


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, whole words if it can be."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    return (_LAST_WORD.sub("", head) if " " in head[limit // 2 :] else head) + "…"
