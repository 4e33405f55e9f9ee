"""`frontdoor chat`: the web conversation in a terminal, or for a script at a pipe."""

from __future__ import annotations

import locale as system
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.text import Text

from channels.keyboard import lines_of
from channels.web.client import Client, LetDown
from channels.web.wire import Frame
from prompts import sentence

_BUSY = {"working", "retrying"}
_FLUSH_SECONDS = 5


async def chat(
    url: str,
    *,
    locale: str | None = None,
    console: Console | None = None,
    lines: AsyncIterator[str] | None = None,
    interactive: bool | None = None,
    patience: float = 180,
) -> int:
    """Talk with the agent behind the front door at `url`; returns an exit status.

    On a terminal it streams until Ctrl-D. Otherwise each line of the input is sent when the
    answer to the one before has come, within `patience` seconds, and answers are printed as
    they are. `console`, `lines` and `interactive` are the process's own by default.
    """
    if locale is None:
        locale = system.getlocale()[0] or ""
    if interactive is None:
        interactive = sys.stdin.isatty() and sys.stdout.isatty()
    console = console or Console(soft_wrap=not interactive, highlight=False)
    view = _Screen(console, url, locale) if interactive else _Printer(console, url, locale)
    client = Client(url, locale=locale, zone=_own_zone())
    lines = lines or lines_of(sys.stdin.fileno())
    failed = False

    async def show() -> None:
        async for frame in client.events:
            await view.show(frame)

    async def talk() -> None:
        nonlocal failed
        if not await view.converse(client, lines, patience):
            failed = True
        with anyio.move_on_after(_FLUSH_SECONDS):
            await client.flushed()
        tasks.cancel_scope.cancel()

    try:
        with client.events, view:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.run)
                tasks.start_soon(show)
                tasks.start_soon(talk)
    except* LetDown as group:
        why = _reason(group)
        key = "chat_refused" if why else "chat_unreachable"
        Console(stderr=True).print(sentence("web", key, locale, url=url, why=why), style="red")
        failed = True
    return int(failed)


class _View:
    """What both ways of showing a conversation share: what was offered, what is awaited."""

    def __init__(self, console: Console, url: str, locale: str) -> None:
        self.console = console
        self.url = url
        self.locale = locale
        self.sent: set[str] = set()
        self.offered: tuple[str, list[Frame]] = ("", [])
        """The newest message with choices, and these."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""

    def words(self, key: str, **values: object) -> str:
        return sentence("web", key, self.locale, **values)

    def pass_on(self, line: str, client: Client) -> str:
        """Send a line: a number picks what was offered, all else is said."""
        message, options = self.offered
        if line.isdecimal() and 0 < int(line) <= len(options):
            id = client.choose(message, options[int(line) - 1]["value"])
        else:
            id = client.say(line)
        self.offered = ("", [])
        self.sent.add(id)
        return id

    def body(self, frame: Frame) -> tuple[str, list[str], list[Frame]]:
        """A message's words, its files as lines, and its choices."""
        parts = frame["parts"]
        words = "\n\n".join(part["text"] for part in parts if part.get("text"))
        files = [
            f"{part['name']} ({part['size']} B): {self.url.rstrip('/')}{part.get('url', '')}"
            for part in parts
            if part["kind"] == "file"
        ]
        options = [o for part in parts if part["kind"] == "choices" for o in part["options"]]
        if frame["role"] == "agent":
            self.offered = (frame["id"], options)
        return words, files, options


class _Printer(_View):
    """For pipes: one line in, one answer out, nothing else."""

    def __init__(self, console: Console, url: str, locale: str) -> None:
        super().__init__(console, url, locale)
        self._acked: dict[str, int] = {}
        self._answered = 0
        self._news = anyio.Event()

    async def converse(self, client: Client, lines: AsyncIterator[str], patience: float) -> bool:
        """Send each line and wait for its answer; False when one stays out."""
        async for line in lines:
            if not line.strip():
                continue
            id = self.pass_on(line.strip(), client)
            with anyio.move_on_after(patience) as waiting:
                while self._answered <= self._acked.get(id, self._answered):
                    self._news = anyio.Event()
                    await self._news.wait()
            if waiting.cancelled_caught:
                silent = self.words("chat_silent", seconds=f"{patience:g}")
                Console(stderr=True).print(silent, style="red")
                return False
        return True

    async def show(self, frame: Frame) -> None:
        match frame:
            case {"type": "ack"}:
                self._acked[frame["id"]] = frame["seq"]
            case {"type": "message", "role": "agent"}:
                words, files, options = self.body(frame)
                choices = [f"{n}. {option['label']}" for n, option in enumerate(options, 1)]
                text = "\n".join([*filter(None, [words]), *files, *choices])
                self.console.print(text, markup=False, emoji=False)
                self._answered = frame["seq"]
            case {"type": "error"}:
                Console(stderr=True).print(frame["message"], style="red", markup=False)
                if "id" in frame:
                    # Turned down for good: there will be no answer.
                    self._acked[frame["id"]] = self._answered - 1
        self._news.set()


class _Screen(_View):
    """For people: answers grow as they are written, and are set as Markdown when done."""

    def __init__(self, console: Console, url: str, locale: str) -> None:
        super().__init__(console, url, locale)
        self._live: Live | None = None
        self._running: int | None = None
        self._text = ""
        self._lost = False
        self._greeted = False

    def __exit__(self, *_: object) -> None:
        self._stop()

    async def converse(self, client: Client, lines: AsyncIterator[str], patience: float) -> bool:
        """Pass on what is typed until the end of input."""
        del patience  # people have their own
        async for line in lines:
            words = line.strip()
            if words == "/cancel" and self._running is not None:
                await client.cancel()
            elif words:
                self.pass_on(words, client)
            else:
                self._prompt()
        return True

    async def show(self, frame: Frame) -> None:
        match frame:
            case {"type": "welcome"}:
                self._arrived()
            case {"type": "lost"}:
                self._lost = True
                self._say(self.words("chat_lost"), "yellow")
            case {"type": "error"}:
                self._say(frame["message"], "red")
            case {"type": "status", "state": state}:
                self._status(frame["turn"], state, frame["text"])
            case {"type": "delta"}:
                self._running = frame["turn"]
                self._text += frame["text"]
                self._update(self._tail())
            case {"type": "message"}:
                self._message(frame)

    def _arrived(self) -> None:
        if self._lost or not self._greeted:
            key = "chat_back" if self._lost else "chat_connected"
            self._say(self.words(key, url=self.url), "dim")
        # A reply that was growing is shown again from its beginning.
        self._text = ""
        self._lost, self._greeted = False, True

    def _status(self, turn: int, state: str, text: str) -> None:
        if state in _BUSY:
            self._running = turn
            if state == "retrying":
                # Another attempt tells the whole reply again.
                self._text = ""
            waiting = Spinner("dots", Text(text, style="dim"))
            self._update(Group(self._tail(), waiting) if self._text else waiting)
        elif turn == self._running:
            self._running = None
            if self._live:
                self._stop()
                self._prompt()

    def _message(self, frame: Frame) -> None:
        words, files, options = self.body(frame)
        if frame["role"] == "user":
            if frame.get("client_id") not in self.sent:
                self._stop()
                self.console.print(f"{self.words('chat_you')}: {words}", style="dim", markup=False)
            return
        self._stop()
        self.console.print(Text(self.words("chat_agent"), style="bold green"))
        self.console.print(Markdown(words))
        for file in files:
            self.console.print(f"[dim]↓[/] {file}", soft_wrap=True)
        for number, option in enumerate(options, 1):
            self.console.print(Text.assemble((f"  {number}. ", "bold"), option["label"]))
        if options:
            self.console.print(self.words("chat_choose"), style="dim")
        self._prompt()

    def _say(self, words: str, style: str) -> None:
        self._stop()
        self.console.print(words, style=style, markup=False)
        self._prompt()

    def _prompt(self) -> None:
        self.console.print("[bold cyan]>[/] ", end="")

    def _tail(self) -> Text:
        """As much of the growing reply as the screen can redraw."""
        lines = self._text.splitlines()[-(self.console.height - 4) :]
        return Text("\n".join(lines), overflow="fold")

    def _update(self, shown: RenderableType) -> None:
        if self._live is None:
            self._live = Live(console=self.console, transient=True, refresh_per_second=12)
            self._live.start()
        self._live.update(shown)

    def _stop(self) -> None:
        self._text = ""
        if self._live:
            self._live.stop()
            self._live = None


def _own_zone() -> str:
    """The machine's IANA time zone; empty when it does not say."""
    return str(Path("/etc/localtime").resolve()).rpartition("zoneinfo/")[2]


def _reason(group: BaseExceptionGroup[LetDown]) -> str:
    first = group.exceptions[0]
    return _reason(first) if isinstance(first, BaseExceptionGroup) else first.why
