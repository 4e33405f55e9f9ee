"""The terminal's client, against a real server and a scripted agent."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from rich.console import Console

from channels.events import (
    Choice,
    Choices,
    Chosen,
    Delta,
    File,
    Live,
    Message,
    Part,
    Receipt,
    Status,
    Text,
    TurnState,
)
from channels.keyboard import lines_of
from channels.web.client import Client
from channels.web.terminal import chat
from tests.channels.doubles import InMemoryInbox
from tests.channels.web.harness import Web, agent_says, running
from tests.waiting import until

pytestmark = pytest.mark.anyio

Script = Callable[[Message], list[Live | tuple[Part, ...]]]


def echo(message: Message) -> list[Live | tuple[Part, ...]]:
    return [(Text(f"You said **{message.text}**"),)]


class AnsweringInbox(InMemoryInbox):
    """Answers each message with what the script makes of it."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script

    async def accept(self, message: Message) -> Receipt:
        receipt = await super().accept(message)
        if receipt.fresh:
            for event in self.script(message):
                if isinstance(event, tuple):
                    agent_says(self, receipt.conversation, *event)
                else:
                    self.publish(receipt.conversation, event)
        return receipt


@asynccontextmanager
async def agent(script: Script = echo) -> AsyncIterator[Web]:
    async with running(inbox=AnsweringInbox(script)) as web:
        yield web


async def typed(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def talk(web: Web, *lines: str, interactive: bool = False, **more: Any) -> tuple[int, str]:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=interactive, height=20)
    with anyio.fail_after(10):
        status = await chat(
            web.url,
            locale="en",
            console=console,
            interactive=interactive,
            lines=typed(*lines),
            **more,
        )
    return status, out.getvalue()


async def test_a_script_gets_each_answer_as_it_is_and_a_status() -> None:
    async with agent() as web:
        assert await talk(web, "one", "", "two") == (0, "You said **one**\nYou said **two**\n")
        assert [m.text for m in web.inbox.messages] == ["one", "two"]


async def test_a_script_learns_that_no_answer_came(capsys: pytest.CaptureFixture[str]) -> None:
    async with agent(lambda _: []) as web:
        assert (await talk(web, "anybody?", "more", patience=0.1))[0] == 1
    assert "No answer came" in capsys.readouterr().err
    assert len(web.inbox.messages) == 1


async def test_a_script_sees_files_and_choices_and_picks_by_number() -> None:
    def script(message: Message) -> list[Live | tuple[Part, ...]]:
        if any(isinstance(part, Chosen) for part in message.parts):
            return [(Text("Noted."),)]
        file = File("n.md", "text/markdown", 5, "f1")
        return [(Text("Which?"), file, Choices((Choice("Red", "r"), Choice("Blue", "b"))))]

    async with agent(script) as web:
        _, out = await talk(web, "colour", "2")
    assert out.splitlines()[-3:] == ["1. Red", "2. Blue", "Noted."]
    assert f"n.md (5 B): {web.url}/web/files/f1" in out
    assert web.inbox.messages[1].parts == (Chosen("b", message="agent2"),)


async def test_a_script_sees_a_file_without_words_on_the_first_line() -> None:
    async with agent(lambda _: [(File("n.md", "text/markdown", 5, "f1"),)]) as web:
        _, out = await talk(web, "the note")
    assert out.startswith("n.md (5 B)")


async def test_a_person_sees_words_grow_and_markdown_in_the_end() -> None:
    def script(_: Message) -> list[Live | tuple[Part, ...]]:
        return [
            Status(1, TurnState.WORKING, "thinking"),
            Delta(1, "Half an"),
            Delta(1, " answer"),
            (Text("A **whole** answer"),),
            Status(1, TurnState.DONE),
        ]

    async with agent(script) as web:
        read, write = os.pipe()
        lines = _piped(read)
        os.write(write, b"go\n")
        out = io.StringIO()
        console = Console(file=out, width=80, force_terminal=True, height=20)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_chat, web.url, console, lines)
            await until(lambda: "whole" in out.getvalue())
            os.close(write)
        os.close(read)
    assert "Connected to" in out.getvalue()
    assert "**whole**" not in out.getvalue()


async def _chat(url: str, console: Console, lines: AsyncIterator[str]) -> None:
    assert await chat(url, locale="en", console=console, interactive=True, lines=lines) == 0


async def _piped(fd: int) -> AsyncIterator[str]:
    async for line in lines_of(fd):
        yield line


async def test_nothing_there_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    async with running() as web:
        gone = web.url
    status = await chat(gone, locale="en", interactive=False, lines=typed("hello"))
    assert status == 1
    assert "frontdoor serve" in capsys.readouterr().err


async def test_what_was_said_survives_a_restart_of_the_server() -> None:
    inbox = AnsweringInbox(echo)
    frames: list[dict[str, Any]] = []
    async with anyio.create_task_group() as tasks:
        async with running(inbox=inbox) as web:
            client = Client(web.url)
            tasks.start_soon(client.run)
            tasks.start_soon(_collect, client, frames)
            client.say("before")
            await until(lambda: sum(f["type"] == "message" for f in frames) == 2)
        await until(lambda: frames[-1]["type"] == "lost")
        id = client.say("between")
        port = int(web.url.rpartition(":")[2])
        async with running(inbox=inbox, port=port):
            with anyio.fail_after(5):
                await client.flushed()
            await until(lambda: sum(f["type"] == "message" for f in frames) == 4)
        tasks.cancel_scope.cancel()
    assert [m.text for m in inbox.messages] == ["before", "between"]
    assert inbox.messages[1].event.endswith(id)
    seqs = [frame["seq"] for frame in frames if frame["type"] == "message"]
    assert seqs == [1, 2, 3, 4]


async def _collect(client: Client, frames: list[dict[str, Any]]) -> None:
    with client.events:
        async for frame in client.events:
            frames.append(frame)  # noqa: PERF401 - looked at while it grows


async def test_input_is_read_line_by_line_also_without_a_last_newline() -> None:
    read, write = os.pipe()
    os.write(write, "eins\nzwei\ndr\u00fc".encode())
    os.close(write)
    assert [line async for line in lines_of(read)] == ["eins", "zwei", "drü"]
    os.close(read)


@pytest.mark.skipif(sys.platform == "win32", reason="select takes no files there")
async def test_input_may_be_a_file(tmp_path: Any) -> None:
    (tmp_path / "in").write_text("a\nb\n")
    fd = os.open(tmp_path / "in", os.O_RDONLY)
    assert [line async for line in lines_of(fd)] == ["a", "b"]
    os.close(fd)
