"""What an answer of the Bot API, or its absence, means; pure.

Refused
├── WrongToken     401, 404: no such bot
├── Conflict       409: somebody else reads the updates
├── Moved          the group became a supergroup with another id
├── Unparsable     it does not like our HTML
├── Unchanged      the edit changes nothing
├── Gone           the message to edit is not there
├── NotAPhoto      it cannot be shown as a photo
├── NoVoice        the person takes no voice messages
└── TooBig         over what Telegram carries
"""

from __future__ import annotations

import json
from typing import Any

from channels.base import ChannelError, MaybeSent, NotSent, Refused, Unreachable


class WrongToken(Refused):
    """Telegram knows no bot with this token."""


class Conflict(Refused):
    """Another program reads this bot's updates."""


class Moved(Refused):
    """The group has a new id."""

    def __init__(self, chat: str) -> None:
        super().__init__("the group became a supergroup")
        self.chat = chat


class Unparsable(Refused):
    """The formatting was refused, not the words."""


class Unchanged(Refused):
    """The message reads like this already."""


class Gone(Refused):
    """The message to edit was deleted or can no longer be edited."""


class NotAPhoto(Refused):
    """The picture cannot be sent as a photo."""


class NoVoice(Refused):
    """The person does not let themselves be sent voice messages."""


class TooBig(Refused):
    """The file is over Telegram's limit."""


_BAD_REQUESTS: tuple[tuple[type[Refused], tuple[str, ...]], ...] = (
    (Unparsable, ("can't parse entities", "can't find end", "unsupported start tag")),
    (Unchanged, ("message is not modified",)),
    (
        Gone,
        (
            "message to edit not found",
            "message can't be edited",
            "message_id_invalid",
            "no text in the message to edit",
            "no caption in the message to edit",
        ),
    ),
    (Unreachable, ("chat not found", "user not found", "peer_id_invalid", "chat_write_forbidden")),
    (NotAPhoto, ("photo_invalid", "image_process_failed", "photo_ext_invalid", "photo must be")),
    (NoVoice, ("voice_messages_forbidden", "restricted receiving of voice messages")),
    (TooBig, ("too big", "too large", "entity too large")),
)

_TOKEN_REMEDY = "copy TELEGRAM_BOT_TOKEN again from @BotFather"  # noqa: S105 - advice, no token


def failure(status: int, body: bytes) -> ChannelError | None:
    """The failure an HTTP answer tells of; None for success."""
    answer = _parsed(body)
    if status < 300 and answer.get("ok") is True and "result" in answer:  # noqa: PLR2004 - HTTP 2xx
        return None
    code = answer.get("error_code", status)
    about = f"Telegram answered {code}: {str(answer.get('description', 'nothing more'))[:200]}"
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if chat := parameters.get("migrate_to_chat_id"):
        return Moved(str(chat))
    if code == 429:  # noqa: PLR2004 - HTTP Too Many Requests
        return NotSent(about, retry_after=_seconds(parameters.get("retry_after")))
    if not isinstance(code, int) or code < 400 or code >= 500:  # noqa: PLR2004 - HTTP 4xx
        # It may have been done before the answer went wrong.
        return MaybeSent(about)
    if code in (401, 404):
        return WrongToken(f"{about}; {_TOKEN_REMEDY}")
    if code == 403:  # noqa: PLR2004 - HTTP Forbidden
        return Unreachable(about)
    if code == 409:  # noqa: PLR2004 - HTTP Conflict
        return Conflict(about)
    return _bad_request(about)


def _bad_request(about: str) -> Refused:
    words = about.lower()
    for kind, signs in _BAD_REQUESTS:
        if any(sign in words for sign in signs):
            return kind(about)
    return Refused(about)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0
