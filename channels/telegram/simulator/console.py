"""A person at the keyboard, or a script, who chats with the bot through the simulator.

a line        is said to the bot
:press Yes    taps a button by its label
:photo path   sends a picture
:file path    sends a document
:block  :unblock
:wait 3       lets seconds pass (scripts)
:quit         ends
"""

from __future__ import annotations

import mimetypes
import sys
from pathlib import Path

import anyio
from rich.console import Console
from rich.markup import escape

from channels.keyboard import lines_of
from channels.telegram.simulator.server import TelegramSimulator

CHAT = 7
"""The person's id, and so their private chat's."""

_QUIT = ":quit"
_QUIET_SECONDS = 1.5
_ANSWER_SECONDS = 60.0


async def run(
    port: int = 8081,
    *,
    host: str = "127.0.0.1",
    token: str = "42:SIMULATED",  # noqa: S107 - opens nothing
    script: Path | None = None,
    console: Console | None = None,
) -> None:
    """Serve the simulator until the person quits or the script ends.

    Raises OSError when the port is taken or the script cannot be read.
    """
    console = console or Console()
    lines = (await anyio.Path(script).read_text("utf-8")).splitlines() if script else None
    simulator = TelegramSimulator(token)
    async with simulator.serving(port, host) as url, anyio.create_task_group() as tasks:
        console.print(f"[bold]A simulated Telegram[/bold] answers at {url}. Start Front Door with")
        start = f"  TELEGRAM_API_URL={url} TELEGRAM_BOT_TOKEN={token} frontdoor serve"
        console.print(start, soft_wrap=True)  # whole, to be copied
        console.print("[dim]Write to the bot; :quit ends, :press LABEL taps a button.[/dim]")
        simulator.chat(CHAT, "You")
        tasks.start_soon(_print, simulator, console)
        if lines is None:
            async for line in lines_of(sys.stdin.fileno()):
                if line.strip() == _QUIT:
                    break
                await _act(simulator, line.strip(), console)
        else:
            await _play(simulator, lines, console)
        tasks.cancel_scope.cancel()


async def _play(simulator: TelegramSimulator, lines: list[str], console: Console) -> None:
    """Act line by line, each once the bot has answered the one before."""
    for line in map(str.strip, lines):
        if line == _QUIT:
            return
        if line and not line.startswith("#"):
            console.print(f"[cyan]> {escape(line)}[/cyan]")
            before = len(simulator.messages(CHAT))
            if await _act(simulator, line, console):
                await _answered(simulator, before, console)


async def _answered(simulator: TelegramSimulator, before: int, console: Console) -> None:
    """Wait until the bot has said something and fallen silent."""
    try:
        await simulator.until(
            lambda: len(simulator.messages(CHAT)) > before, seconds=_ANSWER_SECONDS
        )
    except TimeoutError:
        console.print(f"[red]No answer within {_ANSWER_SECONDS:.0f} s.[/red]")
        return
    calls = -1
    while calls != len(simulator.calls):
        calls = len(simulator.calls)
        await anyio.sleep(_QUIET_SECONDS)


async def _act(simulator: TelegramSimulator, line: str, console: Console) -> bool:
    """Do what a line says; whether the bot may be expected to answer."""
    if not line.startswith(":"):
        if line:
            await simulator.say(CHAT, line)
        return bool(line)
    order, _, rest = line[1:].partition(" ")
    try:
        match order:
            case "press":
                await simulator.press(CHAT, rest)
                return True
            case "block" | "unblock":
                await simulator.block(CHAT, blocked=order == "block")
            case "photo" | "file" | "voice":
                await _attach(simulator, Path(rest), order)
                return True
            case "wait":
                await anyio.sleep(float(rest or 1))
            case _:
                console.print("[red]:press :photo :file :voice :block :unblock :wait :quit[/red]")
    except LookupError:
        console.print(f"[red]There is no button {escape(rest)!r}.[/red]")
    except (OSError, ValueError) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
    return False


async def _attach(simulator: TelegramSimulator, path: Path, order: str) -> None:
    data = await anyio.Path(path).read_bytes()
    if order == "photo":
        await simulator.send_photo(CHAT, data)
    elif order == "voice":
        # As the apps send it; what is in it is not looked at here.
        await simulator.send_file(CHAT, data, "voice", mime_type="audio/ogg")
    else:
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        await simulator.send_file(CHAT, data, file_name=path.name, mime_type=media_type)


async def _print(simulator: TelegramSimulator, console: Console) -> None:
    """Show the bot's messages, and its drafts while they grow."""
    chat = simulator.chat(CHAT)
    printed: dict[int, str] = {}
    with console.status("") as status:
        status.stop()
        while True:
            for shown in chat.shown:
                buttons = "".join(f"  [{b['text']}]" for row in shown.buttons for b in row)
                file = f"  <{shown.kind}: {shown.file[0]}>" if shown.file else ""
                text = f"{shown.text}{file}{buttons}"
                if printed.get(shown.id) != text:
                    mark = "edited " if shown.id in printed else ""
                    printed[shown.id] = text
                    console.print(f"[green]{mark}bot:[/green] {escape(text)}")
            growing = chat.draft or (f"{chat.action}…" if chat.action else "")
            if growing:
                status.update(f"[dim]{escape(growing[-console.width + 10 :])}[/dim]")
                status.start()
            else:
                status.stop()
            await simulator.change()
