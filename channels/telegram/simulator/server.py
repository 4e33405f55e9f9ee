"""The simulator: its HTTP face, the updates it delivers, and what tests may do with it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import anyio.lowlevel
import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from channels.loopback import serving
from channels.telegram.simulator.faults import BotApiError, Fault
from channels.telegram.simulator.methods import BotApi, as_values
from channels.telegram.simulator.state import Call, Chat, Json, Shown, first_id


class _Cut(Response):
    """A response whose connection breaks in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"64")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


class TelegramSimulator:
    """A Bot API server for one bot, and the people who write to it."""

    def __init__(self, token: str = "42:SIMULATED", username: str = "front_door_bot") -> None:  # noqa: S107 - opens nothing
        self.api = BotApi(token, username, pending=lambda: len(self.updates))
        self.calls: list[Call] = []
        self.updates: deque[Json] = deque()
        """Not yet acknowledged, oldest first."""
        self.answers: list[int] = []
        """What the webhook answered, in order."""
        self.redeliver_seconds = 0.05
        """Between a refused delivery and the next try, unless Retry-After says otherwise."""
        self.repeats = 0
        """How often each acknowledged update is sent again all the same."""
        self._faults: dict[str, deque[Fault]] = {}
        self._held = False
        self._update = first_id()
        self._changed = anyio.Event()
        self._stopping = False
        self.app = Starlette(
            routes=[Route("/{path:path}", self._serve, methods=["GET", "POST"])],
        )

    @asynccontextmanager
    async def serving(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve, and deliver updates; yields the URL to use as TELEGRAM_API_URL."""
        self._stopping = False
        async with serving(self.app, port, host) as url, anyio.create_task_group() as tasks:
            tasks.start_soon(self._deliver)
            try:
                yield url
            finally:
                self._stopping = True
                self._change()
                tasks.cancel_scope.cancel()

    # What the bot did

    def messages(self, chat: int) -> list[Shown]:
        """The bot's messages in a chat, as a person sees them now."""
        return self.chat(chat).shown

    def requests(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def until(self, condition: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for something to become true. Raises TimeoutError."""
        with anyio.fail_after(seconds):
            while not condition():
                # Not every condition is about us.
                with anyio.move_on_after(0.02):
                    await self._changed.wait()

    async def change(self) -> None:
        """Wait until the bot or a person does something."""
        await self._changed.wait()

    async def settled(self) -> None:
        """Wait until every update is acknowledged. Raises TimeoutError."""
        await self.until(lambda: not self.updates)

    # What people do

    def chat(self, id: int, title: str = "Ada") -> Chat:
        """A chat the bot may write to; made when it is new. Groups have negative ids."""
        return self.api.chats.setdefault(id, Chat(id, title))

    async def say(
        self, chat: int, text: str = "", *, user: int = 0, edit: int = 0, **content: Any
    ) -> Json:
        """A person writes, or edits message `edit`; `content` is any other message fields.

        In a group the person is `user`. Returns the message.
        """
        message = {
            "message_id": edit or self.api.next_id(),
            "date": int(time.time()),
            "chat": self.chat(chat).wire,
            "from": self._person(user or abs(chat)),
            **({"text": text, "entities": _entities(text)} if text else {}),
            **content,
        }
        await self.update({"edited_message" if edit else "message": message})
        return message

    async def send_photo(self, chat: int, data: bytes, caption: str = "", **content: Any) -> Json:
        """A person sends a photo."""
        small, large = self.api.keep(data[:64]), self.api.keep(data)
        sizes = [
            {"file_id": small, "file_unique_id": f"u{small}", "width": 90, "height": 60},
            {"file_id": large, "file_unique_id": f"u{large}", "width": 900, "height": 600},
        ]
        if caption:
            content |= {"caption": caption, "caption_entities": _entities(caption)}
        return await self.say(chat, photo=sizes, **content)

    async def send_file(self, chat: int, data: bytes, kind: str = "document", **about: Any) -> Json:
        """A person sends a document, a voice note or another recording."""
        file = self.api.keep(data)
        of = {"file_id": file, "file_unique_id": f"u{file}", "file_size": len(data), **about}
        content: Json = {kind: of}
        return await self.say(chat, **content)

    async def press(self, chat: int, label: str, *, user: int = 0) -> str:
        """A person taps the newest button with this label; returns the query's id.

        Raises LookupError when there is none.
        """
        shown, button = self._button(chat, label)
        message = {
            "message_id": shown.id,
            "date": int(time.time()),
            "chat": self.chat(chat).wire,
            "from": self.api.me,
            "text": shown.text,
            "reply_markup": {"inline_keyboard": shown.buttons},
        }
        query = f"query{self._update + 1}"
        await self.update(
            {
                "callback_query": {
                    "id": query,
                    "from": self._person(user or abs(chat)),
                    "message": message,
                    "chat_instance": "1",
                    "data": button["callback_data"],
                }
            }
        )
        return query

    async def block(self, chat: int, *, blocked: bool = True) -> None:
        """A person blocks the bot, or lets it in again."""
        self.chat(chat).blocked = blocked
        status = ("member", "kicked") if blocked else ("kicked", "member")
        old, new = ({"status": s, "user": self.api.me} for s in status)
        await self.update(
            {
                "my_chat_member": {
                    "chat": self.chat(chat).wire,
                    "from": self._person(abs(chat)),
                    "date": int(time.time()),
                    "old_chat_member": old,
                    "new_chat_member": new,
                }
            }
        )

    def migrate(self, chat: int, to: int) -> None:
        """A group becomes a supergroup with another id."""
        self.chat(chat).moved = to
        self.chat(to, self.chat(chat).title)

    async def update(self, body: Json) -> int:
        """Queue any update; returns its number."""
        self._update += 1
        self.updates.append({"update_id": self._update, **body})
        self._change()
        await anyio.lowlevel.checkpoint()
        return self._update

    # What goes wrong

    def fail(self, method: str, *faults: Fault) -> None:
        """The next requests of a method meet these faults, one each."""
        self._faults.setdefault(method, deque()).extend(faults)

    def hold(self) -> None:
        """Deliver nothing until released."""
        self._held = True

    def release(self, *, reverse: bool = False) -> None:
        """Deliver what was held, newest first if asked."""
        if reverse:
            self.updates.reverse()
        self._held = False
        self._change()

    # The server

    async def _serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        prefix = f"bot{self.api.token}/"
        if path.startswith("file/" + prefix):
            content = self.api.files.get(path.rpartition("/")[2])
            return Response(content) if content is not None else Response(status_code=404)
        if not path.startswith(prefix):
            status = 401 if path.startswith("bot") else 404
            return JSONResponse(BotApiError(status, "Unauthorized").answer, status)
        try:
            return await self._answer(path.removeprefix(prefix), request)
        except ClientDisconnect:  # the bot was killed while it asked
            return Response(status_code=400)

    async def _answer(self, method: str, request: Request) -> Response:
        async with request.form(max_part_size=2**26) as form:
            given = {**request.query_params, **form}
            try:
                fields = as_values(given)
                self.calls.append(Call(method, fields, anyio.current_time()))
                fault = self._fault(method)
                if fault.drop == "before":
                    return _Cut()
                if fault.status:
                    raise BotApiError(fault.status, fault.description, **fault.parameters)
                if method == "getUpdates":
                    result = await self._get_updates(fields)
                else:
                    result = self.api.call(method, fields)
            except BotApiError as error:
                return JSONResponse(error.answer, error.status)
            finally:
                self._change()
        return _Cut() if fault.drop == "after" else JSONResponse({"ok": True, "result": result})

    async def _get_updates(self, fields: Json) -> list[Json]:
        if self.api.webhook.get("url"):
            raise BotApiError(
                409, "Conflict: can't use getUpdates method while webhook is active; delete it"
            )
        offset = int(fields.get("offset", 0))
        while self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()
        self._change()
        with anyio.move_on_after(float(fields.get("timeout", 0))):
            while (self._held or not self.updates) and not self._stopping:
                await self._changed.wait()
        return [] if self._held else list(self.updates)[:100]

    async def _deliver(self) -> None:
        """Post updates to the webhook, each until it is acknowledged."""
        async with httpx.AsyncClient(trust_env=False) as http:
            while True:
                url = self.api.webhook.get("url")
                if self._held or not self.updates or not url:
                    await self._changed.wait()
                    continue
                update = self.updates[0]
                pause = await self._post(http, url, update)
                if pause is None:
                    for _ in range(self.repeats):
                        await self._post(http, url, update)
                    with suppress(ValueError):
                        self.updates.remove(update)
                    self._change()
                else:
                    await anyio.sleep(pause)

    async def _post(self, http: httpx.AsyncClient, url: str, update: Json) -> float | None:
        """Deliver once; None when acknowledged, else the seconds until the next try."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.api.webhook["secret_token"]}
        try:
            answer = await http.post(url, json=update, headers=headers)
        except httpx.HTTPError as error:
            self.api.last_error = f"Connection failed: {type(error).__name__}"
            return self.redeliver_seconds
        self.answers.append(answer.status_code)
        if answer.is_success:
            return None
        self.api.last_error = f"Wrong response from the webhook: {answer.status_code}"
        return float(answer.headers.get("retry-after", self.redeliver_seconds))

    def _button(self, chat: int, label: str) -> tuple[Shown, Json]:
        for shown in reversed(self.messages(chat)):
            for button in (button for row in shown.buttons for button in row):
                if button["text"] == label:
                    return shown, button
        raise LookupError(f"no button {label!r}")

    def _fault(self, method: str) -> Fault:
        waiting = self._faults.get(method)
        return waiting.popleft() if waiting else Fault()

    def _change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _person(self, id: int) -> Json:
        chat = self.api.chats.get(id)
        name = chat.title if chat else f"Person {id}"
        return {"id": id, "is_bot": False, "first_name": name, "language_code": "en"}


def _entities(text: str) -> list[Json]:
    """The mentions and commands that Telegram marks by itself."""
    found = []
    position = 0
    for word in text.split(" "):
        kind = {"@": "mention", "/": "bot_command"}.get(word[:1])
        if kind and len(word) > 1:
            size = len(word.rstrip(",.;:!?").encode("utf-16-le")) // 2
            found.append({"type": kind, "offset": position, "length": size})
        position += len((word + " ").encode("utf-16-le")) // 2
    return found
