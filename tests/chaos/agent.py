"""The agent as a process of its own, which can die.

    python -m tests.chaos.agent PORT JOURNAL remembers|forgets

It writes down what it saw, so that a death of it loses nothing of that: every message, and when
a stream broke before its task was over, and when somebody came back for that task.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import anyio
from a2a.types import Message as A2AMessage
from a2a.types import Part, Role, SendMessageRequest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from channels.http import body_of
from channels.loopback import serving
from gateway.agent.scripted import Received, ScriptedAgent, Traits
from gateway.agent.scripted.performance import Performance
from gateway.agent.scripted.scripts import Say, Step, Take, Wait

LATE = "take your time"
"""What is said to be answered long after."""

LATE_SECONDS = 6.0
WORD_SECONDS = 0.12
BODY_BYTES = 2**22
REMEMBERED = 500
"""Messages of earlier lives."""

_NUMBER = re.compile(r"\b([a-z]+\d+x\d+)\b")


def numbers(text: str) -> list[str]:
    """The messages that a text is about: `web3x5` is the web's person 3's message 5."""
    return _NUMBER.findall(text)


def answer(received: Received) -> Iterator[Step]:
    """Name each message that was asked, slowly enough to be killed in the middle."""
    if LATE in received.text:
        yield Take()
        yield Wait(LATE_SECONDS)
    for number in numbers(received.text):
        yield Say("Here is ")
        yield Wait(WORD_SECONDS)
        yield Say(f"{number}. ")
        yield Wait(WORD_SECONDS)


class Journal:
    """Lines of JSON, each on the disk's way before it counts."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def note(self, kind: str, **facts: Any) -> None:
        line = json.dumps({"kind": kind, "at": time.time(), **facts})
        # One write: a kill leaves a line whole or away.
        self._file.write(line + "\n")
        self._file.flush()


class Remembering(ScriptedAgent):
    """The agent double, which writes down what came, and may remember it in its next life."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(answer, Traits(keep=True))
        self._journal = journal

    def remember(self, lines: Iterable[dict[str, Any]]) -> None:
        """Have the tasks of an earlier life, which then come to their end at once."""
        for line in deque((line for line in lines if _begins(line)), maxlen=REMEMBERED):
            received = Received(line["id"], line["context"], "", line["text"], {})
            message = A2AMessage(
                message_id=received.id,
                context_id=received.context,
                task_id=line["task"],
                role=Role.ROLE_USER,
                parts=[Part(text=received.text)],
            )
            show = Performance(received.context, self._world)
            show.task.id = line["task"]
            show.answer(message, [s for s in answer(received) if not isinstance(s, Wait)])
            show.taken = True
            self._shows[show.task.id] = self._by_message[received.id] = show

    def _take(self, params: SendMessageRequest) -> tuple[Performance, int | None]:
        show, since = super()._take(params)
        received = self.received[-1]
        self._journal.note(
            "received",
            id=received.id,
            task=show.task.id,
            numbers=numbers(received.text),
            text=received.text,
            context=received.context,
            again=received.again,
            draft=received.draft,
        )
        return show, since


def _begins(line: dict[str, Any]) -> bool:
    return line["kind"] == "received" and not (line["again"] or line["draft"])


class Watched:
    """Middleware that notes which streams break, and who comes back for their turns.

    A turn is called by the id of its message. Who asks is known by the port they asked at: each
    replica has a wire of its own to us.
    """

    def __init__(self, agent: ScriptedAgent, journal: Journal) -> None:
        self._agent, self._journal = agent, journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._agent.app(scope, receive, send)
            return
        request = await body_of(Request(scope, receive), most=BODY_BYTES)
        turn = self._turn(request)
        by = dict(scope["headers"]).get(b"host", b"").decode()
        if turn:
            self._journal.note("asked", turn=turn, by=by)
        given, over = False, False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": request, "more_body": False}

        async def note(message: Message) -> None:
            nonlocal over
            ends = message["type"] == "http.response.body" and not message.get("more_body")
            over = over or ends
            await send(message)

        try:
            await self._agent.app(scope, again, note)
        finally:
            if turn:
                self._journal.note("answered" if over else "broken", turn=turn, by=by)

    def _turn(self, body: bytes) -> str:
        """The turn that a request is about; empty for none."""
        try:
            request = json.loads(body)
            params = request["params"]
            match request["method"]:
                case "SendStreamingMessage":
                    return str(params["message"]["messageId"])
                case "SubscribeToTask" | "GetTask":
                    known = self._agent._shows.get(params["id"])
                    return known.task.history[-1].message_id if known else ""
        except (ValueError, KeyError, TypeError):
            pass
        return ""


async def main(port: int, path: Path, *, remembers: bool) -> None:
    with path.open("a+", encoding="utf-8") as file:
        file.seek(0)
        before = [json.loads(line) for line in file] if remembers else []
        journal = Journal(file)
        journal.note("born")
        agent = Remembering(journal)
        agent.remember(before)
        async with serving(Watched(agent, journal), port):
            journal.note("serving")
            await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(
        partial(main, remembers=sys.argv[3] == "remembers"), int(sys.argv[1]), Path(sys.argv[2])
    )
