"""The Bot API's HTML: which it takes, and what a person sees of it."""

from __future__ import annotations

import re

from channels.telegram.simulator.faults import bad_request

_TAG = re.compile(r"(<[^<>]*>)")
_PARTS = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:\s[^<>]*)?)>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
_TAKEN = {
    "a", "b", "blockquote", "code", "del", "em", "i", "ins", "pre", "s", "span", "strike",
    "strong", "tg-emoji", "tg-spoiler", "u",
}  # fmt: skip


def visible(html: str) -> str:
    """The text without its tags. Raises BotApiError for what Telegram would not parse."""
    words: list[str] = []
    open_: list[str] = []
    for chunk in _TAG.split(html):
        tag = _PARTS.fullmatch(chunk)
        if not tag:
            if "<" in chunk:
                raise bad_request("can't parse entities: Unsupported start tag")
            words.append(re.sub("|".join(_ENTITIES), lambda m: _ENTITIES[m[0]], chunk))
            continue
        closes, name = bool(tag[1]), tag[2].lower()
        if name not in _TAKEN:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{name}"')
        if not closes:
            open_.append(name)
        elif not open_ or open_.pop() != name:
            raise bad_request(f'can\'t parse entities: Unmatched end tag "</{name}>"')
    if open_:
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to {open_[-1]}")
    return "".join(words)
