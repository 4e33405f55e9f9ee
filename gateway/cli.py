"""The commands. `main.py` hands in what serves; everything else is asked of the channels.

A command imports what it needs when it runs, so that `frontdoor --help` stays quick.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import anyio
import typer

from gateway.errors import FrontDoorError
from gateway.settings import Settings, read

Serve = Callable[[Settings], Awaitable[None]]

PortOption = Annotated[int, typer.Option(help="Port to listen on, on this machine only.")]


def create_cli(serve: Serve, migrate: Serve | None = None) -> typer.Typer:
    """All commands; `serve` runs the house, `migrate` brings its databases up to date."""
    cli = typer.Typer(
        name="frontdoor",
        help="A front door for AI agents: the phone, Telegram and a web widget, over A2A.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    cli.command(name="serve", help="Serve everything that is configured.")(_serve_with(serve))
    if migrate:
        cli.command(name="migrate")(_migrate_with(migrate))
    cli.command(name="chat")(chat)
    cli.command(name="doctor")(doctor)
    cli.command(name="call")(call)
    cli.command(name="calls")(calls)
    cli.add_typer(_connecting(), name="connect")
    cli.add_typer(_simulating(), name="sim")
    return cli


def _serve_with(serve: Serve) -> Callable[[], None]:
    def command(
        role: Annotated[
            list[str] | None,
            typer.Option(
                help="Which doors to open: telegram, voice, web, agent or all. May be given "
                "several times; wins over ROLE."
            ),
        ] = None,
    ) -> None:
        from gateway.seeing.logs import configure_logging
        from gateway.seeing.tracing import exporting

        settings = _settings({"ROLE": ",".join(role)} if role else {})
        configure_logging(
            settings.log_level,
            settings.log_format,
            settings.secrets,
            personal=settings.log_pii == "on",
        )
        collector = settings.otel_exporter_otlp_endpoint, settings.otel_exporter_otlp_headers
        with exporting(*collector, settings.otel_service_name):
            _run(lambda: serve(settings))

    return command


def _migrate_with(migrate: Serve) -> Callable[[], None]:
    def command() -> None:
        """Bring the databases up to date; the version before this one may go on serving."""
        settings = _settings()
        _run(lambda: migrate(settings))
        print("The databases are up to date.")  # noqa: T201 - a command speaks to a person

    return command


def chat(
    url: Annotated[str, typer.Option(help="Where the front door is.")] = "",
) -> None:
    """Chat from the terminal, over the web socket. Lines from a pipe are sent one by one."""
    from channels.web.terminal import chat as talk

    target = url or _settings().base_url

    async def until_left() -> None:
        raise typer.Exit(await talk(target))

    _run(until_left)


def doctor(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found, for scripts.")
    ] = False,
) -> None:
    """Check everything that is configured, from database to clock; say what to do."""
    from gateway.commands.doctor import examine, show
    from gateway.commands.probing import as_json as written

    settings = _settings()
    findings = anyio.run(examine, settings)
    if as_json:
        typer.echo(written(findings))
    else:
        show(findings)
    raise typer.Exit(1 if any(f.state == "wrong" for f in findings) else 0)


def call(
    *,
    say: Annotated[
        list[str] | None,
        typer.Option(help="A text to say; several are said one after the other."),
    ] = None,
    wav: Annotated[
        list[Path] | None, typer.Option(help="A recording to play, after the texts.")
    ] = None,
    mic: Annotated[bool, typer.Option("--mic", help="Speak yourself.")] = False,
    to: Annotated[str, typer.Option(help="Ring this number through Twilio instead.")] = "",
    url: Annotated[str, typer.Option(help="Where the front door is.")] = "",
    from_: Annotated[str, typer.Option("--from", help="The caller's number.")] = "",
    record: Annotated[Path | None, typer.Option(help="Write both sides to a WAV file.")] = None,
    waterfall: Annotated[
        Path | None, typer.Option(help="Draw where the time went, as an SVG file.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print how it went, for scripts.")
    ] = False,
) -> None:
    """Call the front door with a simulated telephone; what you type is spoken."""
    from gateway.commands import calling

    settings = _settings()
    if waterfall and waterfall.suffix != ".svg":
        _stop(f"--waterfall draws SVG; name the file {waterfall.with_suffix('.svg')}.")
    for missing in [path for path in wav or () if not path.is_file()]:
        _stop(f"There is no file {missing}.")
    for homeless in [path for path in (record, waterfall) if path and not path.parent.is_dir()]:
        _stop(f"There is no folder {homeless.parent}.")

    async def until_over() -> None:
        if to:
            await calling.ring(settings, to, " ".join(say or ()))
            return
        wanted = calling.Wanted(
            says=tuple(say or ()),
            wavs=tuple(wav or ()),
            mic=mic,
            url=url,
            from_=from_,
            record=record,
            waterfall=waterfall,
            as_json=as_json,
        )
        raise typer.Exit(0 if await calling.run(settings, wanted) else 1)

    _run(until_over)


def calls(
    id: Annotated[
        str, typer.Argument(help="One call, with all its turns: the beginning of its id.")
    ] = "",
    limit: Annotated[int, typer.Option(help="How many calls to list.")] = 20,
) -> None:
    """Who called, when, how long, and where the time went."""
    from rich.console import Console

    from gateway.commands import callbook

    console = Console()
    settings = _settings()

    async def look() -> None:
        if not id:
            callbook.list_all(await callbook.newest(settings, limit), console)
        elif record := await callbook.one(settings, id):
            callbook.show(record, console)
        else:
            _stop(f"There is no call {id}. `frontdoor calls` lists them.")

    _run(look)


def _connecting() -> typer.Typer:
    connect = typer.Typer(help="Connect a channel to this front door.", no_args_is_help=True)

    @connect.callback()
    def group() -> None:
        pass

    @connect.command()
    def telegram() -> None:
        """Point the bot's webhook at PUBLIC_URL and show how Telegram sees it."""
        from channels.telegram.connect import connect as point
        from gateway.commands.doctor import reported, show
        from gateway.wiring.accounts import bot_of

        settings = _settings()
        if not settings.telegram_bot_token:
            _stop("Set TELEGRAM_BOT_TOKEN first; @BotFather gives you one.")
        if not settings.public_url:
            _stop(
                "Set PUBLIC_URL to how Telegram reaches this server, https://door.example.com. "
                "Without it the bot works all the same, by polling, and needs no connecting."
            )
        findings = reported(anyio.run(point, bot_of(settings)))
        show(findings)
        raise typer.Exit(1 if any(f.state == "wrong" for f in findings) else 0)

    @connect.command()
    def twilio() -> None:
        """Point the number at PUBLIC_URL, call ourselves through it, and say how it stands."""
        from channels.twilio.connect import connect as point
        from gateway.commands.doctor import reported, show
        from gateway.wiring.accounts import phone_of

        settings = _settings()
        if not (settings.twilio_account_sid and settings.twilio_auth_token):
            _stop("Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN first, from Twilio's console.")
        if not settings.public_url:
            _stop(
                "Set PUBLIC_URL to how Twilio reaches this server, https://door.example.com. "
                "Without it frontdoor call still calls it, from this machine."
            )
        findings = reported(anyio.run(point, phone_of(settings)))
        show(findings)
        raise typer.Exit(1 if any(f.state == "wrong" for f in findings) else 0)

    return connect


def _simulating() -> typer.Typer:
    sim = typer.Typer(help="Stand-ins for what is not there.", no_args_is_help=True)

    @sim.command()
    def telegram(
        port: PortOption = 8081,
        script: Annotated[
            Path | None, typer.Option(help="A file of lines to write, instead of the keyboard.")
        ] = None,
    ) -> None:
        """A Bot API server: set TELEGRAM_API_URL to it, and write to the bot from here."""
        from channels.telegram.simulator import run

        _run(lambda: run(port, script=script))

    @sim.command()
    def agent(
        *,
        port: PortOption = 8086,
        script: Annotated[
            list[str] | None,
            typer.Option(
                help="WORD=SCRIPT, such as story=say:Once;wait:2;say:upon a time. Plays it to "
                "messages with that word; may be given several times."
            ),
        ] = None,
        first_ms: Annotated[
            float, typer.Option(help="Milliseconds until the first words of an answer.")
        ] = 0,
        token_ms: Annotated[
            float, typer.Option(help="Milliseconds between the words of an answer.")
        ] = 0,
        no_drafts: Annotated[
            bool, typer.Option("--no-drafts", help="Do not know words that may yet change.")
        ] = False,
    ) -> None:
        """An A2A agent: set AGENT_URL to it, and answer from here or by scripts."""
        from gateway.agent.scripted import Traits, run
        from gateway.agent.scripted.scripts import parse

        try:
            plays = {
                word: parse(line)
                for word, _, line in (each.partition("=") for each in script or ())
            }
        except ValueError as error:
            _stop(str(error))
        traits = Traits(
            drafts=not no_drafts, first_delay=first_ms / 1000, token_delay=token_ms / 1000
        )
        keyboard = not plays and sys.stdin.isatty()
        _run(lambda: run(port, plays, keyboard=keyboard, traits=traits))

    @sim.command()
    def speech(
        port: PortOption = 8083,
        text: Annotated[str, typer.Option(help="What is heard in speech.")] = "what is on my list",
        stt_ms: Annotated[float, typer.Option(help="Upload to transcript.")] = 0.0,
        stt_tail_ms: Annotated[float, typer.Option(help="The same for one in twenty.")] = 0.0,
        tts_ms: Annotated[float, typer.Option(help="Text to first audio.")] = 0.0,
    ) -> None:
        """Groq, OpenAI and Cartesia on one port: it prints which variables to set."""
        from gateway.speech.simulator import Timing, run

        timing = Timing(stt_ms=stt_ms, stt_tail_ms=stt_tail_ms, tts_ms=tts_ms)
        _run(lambda: run(port, timing, text))

    return sim


def _settings(options: Mapping[str, str] | None = None) -> Settings:
    try:
        return read(options=options)
    except FrontDoorError as error:
        _stop(str(error))


def _run(work: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine until it is done or interrupted; our own errors end it in plain words."""

    async def main() -> None:
        await work()

    try:
        anyio.run(main, backend_options={"use_uvloop": True})
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except FrontDoorError as error:
        _stop(str(error))
    except BaseExceptionGroup as group:
        ours, others = group.split(FrontDoorError)
        if others or not ours:
            raise
        _stop(str(_first(ours)))


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _stop(complaint: str) -> NoReturn:
    print(f"frontdoor: {complaint}", file=sys.stderr)  # noqa: T201 - a command speaks to a person
    raise typer.Exit(2)
