"""The Bot API's methods, with the checks that no client library does."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile

from channels.telegram import utf16
from channels.telegram.simulator.faults import BotApiError, bad_request
from channels.telegram.simulator.formatting import visible
from channels.telegram.simulator.state import Chat, Json, Shown, first_id

_FILES = {
    "sendPhoto": "photo", "sendDocument": "document", "sendAudio": "audio", "sendVoice": "voice",
}  # fmt: skip
_NESTED = {"allowed_updates", "commands", "reply_markup", "reply_parameters"}
_DOWNLOAD_BYTES = 20_000_000


@dataclass(slots=True)
class BotApi:
    """The bot's side of the server."""

    token: str
    username: str
    chats: dict[int, Chat] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """By file_id."""
    webhook: Json = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    """By language code."""
    answered: list[str] = field(default_factory=list)
    """Ids of answered callback queries."""
    last_error: str = ""
    pending: Callable[[], int] = int
    _message: int = field(default_factory=first_id)

    @property
    def me(self) -> Json:
        return {
            "id": int(self.token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Front Door",
            "username": self.username,
        }

    def call(self, method: str, fields: Json) -> Any:
        """Carry one request out; returns its `result`. Raises BotApiError."""
        if name := _FILES.get(method):
            return self._send_file(fields, name)
        handlers: dict[str, Callable[[Json], Any]] = {
            "getMe": lambda _: self.me,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
            "setMyCommands": self._set_commands,
            "sendMessage": self._send_message,
            "sendMessageDraft": self._send_draft,
            "editMessageText": lambda fields: self._edit(fields, "text"),
            "editMessageCaption": lambda fields: self._edit(fields, "caption"),
            "sendChatAction": self._send_action,
            "answerCallbackQuery": self._answer_query,
            "getFile": self._get_file,
        }
        if method not in handlers:
            raise BotApiError(404, "Not Found")
        return handlers[method](fields)

    def next_id(self) -> int:
        self._message += 1
        return self._message

    def _chat(self, fields: Json) -> Chat:
        chat = self.chats.get(_int(fields, "chat_id"))
        if chat is None:
            raise bad_request("chat not found")
        if chat.moved:
            raise BotApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved,
            )
        if chat.blocked:
            raise BotApiError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _set_webhook(self, fields: Json) -> bool:
        url = str(fields.get("url", ""))
        secret = str(fields.get("secret_token", ""))
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = {
            "url": url,
            "secret_token": secret,
            "allowed_updates": fields.get("allowed_updates", []),
            "drop_pending_updates": fields.get("drop_pending_updates") in (True, "true", "True"),
        }
        self.last_error = ""
        return True

    def _delete_webhook(self, fields: Json) -> bool:
        self._set_webhook({**fields, "url": ""})
        return True

    def _webhook_info(self, _fields: Json) -> Json:
        info: Json = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": self.pending(),
            "allowed_updates": self.webhook.get("allowed_updates", []),
        }
        if self.last_error:
            info |= {"last_error_date": int(time.time()), "last_error_message": self.last_error}
        return info

    def _set_commands(self, fields: Json) -> bool:
        commands = fields.get("commands")
        if not isinstance(commands, list) or not all(
            re.fullmatch(r"[a-z0-9_]{1,32}", str(c.get("command"))) and c.get("description")
            for c in commands
        ):
            raise bad_request("BOT_COMMAND_INVALID")
        self.commands[str(fields.get("language_code", ""))] = commands
        return True

    def _send_message(self, fields: Json) -> Json:
        chat = self._chat(fields)
        text = _words(fields, "text", 4096)
        if not text.strip():
            raise bad_request("message text is empty")
        return self._show(chat, fields, Shown(self.next_id(), text.strip(), str(fields["text"])))

    def _send_draft(self, fields: Json) -> bool:
        chat = self._chat(fields)
        if not _int(fields, "draft_id"):
            raise bad_request("DRAFT_ID_INVALID")
        if not chat.private:
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        chat.draft = _words(fields, "text", 4096)
        return True

    def _send_file(self, fields: Json, name: str) -> Json:
        chat = self._chat(fields)
        caption = _words(fields, "caption", 1024)
        upload = fields.get(name)
        if isinstance(upload, UploadFile):
            file = (upload.filename or "", upload.file.read())
            file_id = self.keep(file[1])
        elif str(upload) in self.files:
            file_id = str(upload)
            file = (file_id, self.files[file_id])
        else:
            raise bad_request("wrong file identifier/HTTP URL specified")
        shown = Shown(self.next_id(), caption, str(fields.get("caption", "")), file=file, kind=name)
        of = {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(file[1])}
        sized = of | {"width": 1, "height": 1}
        media: Any = [sized] if name == "photo" else of | {"duration": 1}
        return self._show(chat, fields, shown) | {name: media}

    def keep(self, content: bytes) -> str:
        """Store a file; returns its file_id."""
        file_id = f"file{len(self.files) + 1}"
        self.files[file_id] = content
        return file_id

    def _edit(self, fields: Json, key: str) -> Json:
        chat = self._chat(fields)
        text = _words(fields, key, 4096 if key == "text" else 1024)
        number = _int(fields, "message_id")
        shown = next((shown for shown in chat.shown if shown.id == number), None)
        if shown is None:
            raise bad_request("message to edit not found")
        if (shown.kind == "text") != (key == "text"):
            raise bad_request(f"there is no {key} in the message to edit")
        buttons = _buttons(fields)
        html = str(fields.get(key, ""))
        if (html, buttons) == (shown.html, shown.buttons):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        shown.text, shown.html, shown.buttons = text.strip(), html, buttons
        shown.edits += 1
        return _message(self.me, chat, shown)

    def _send_action(self, fields: Json) -> bool:
        self._chat(fields).action = str(fields.get("action", ""))
        return True

    def _answer_query(self, fields: Json) -> bool:
        self.answered.append(str(fields.get("callback_query_id")))
        return True

    def _get_file(self, fields: Json) -> Json:
        file_id = str(fields.get("file_id"))
        content = self.files.get(file_id)
        if content is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(content) > _DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": len(content),
            "file_path": f"files/{file_id}",
        }

    def _show(self, chat: Chat, fields: Json, shown: Shown) -> Json:
        shown.buttons = _buttons(fields)
        shown.thread = int(fields.get("message_thread_id", 0))
        shown.reply_to = int(fields.get("reply_parameters", {}).get("message_id", 0))
        chat.shown.append(shown)
        chat.draft = chat.action = ""
        return _message(self.me, chat, shown)


def _message(me: Json, chat: Chat, shown: Shown) -> Json:
    body: Json = {
        "message_id": shown.id,
        "date": int(time.time()),
        "chat": chat.wire,
        "from": me,
    }
    if shown.kind == "text":
        body["text"] = shown.text
    if shown.buttons:
        body["reply_markup"] = {"inline_keyboard": shown.buttons}
    return body


def _words(fields: Json, key: str, limit: int) -> str:
    words = str(fields.get(key, ""))
    if str(fields.get("parse_mode", "")).upper() == "HTML":
        words = visible(words)
    if utf16.length(words) > limit:
        raise bad_request("message is too long" if key == "text" else "message caption is too long")
    return words


def _buttons(fields: Json) -> list[list[Json]]:
    rows: list[list[Json]] = fields.get("reply_markup", {}).get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise bad_request("text buttons are unallowed in the inline keyboard")
        if not 0 < len(str(button.get("callback_data", "")).encode()) <= 64:  # noqa: PLR2004 - the Bot API's limit
            raise bad_request("BUTTON_DATA_INVALID")
    return rows


def _int(fields: Json, key: str) -> int:
    try:
        return int(fields[key])
    except (KeyError, TypeError, ValueError):
        raise bad_request(f"{key} is empty or not a number") from None


def as_values(fields: Json) -> Json:
    """Form fields, with those that hold JSON read. Raises BotApiError."""
    try:
        return {
            key: json.loads(value) if key in _NESTED and isinstance(value, str) else value
            for key, value in fields.items()
        }
    except ValueError:
        raise bad_request("can't parse a JSON object among the fields") from None
