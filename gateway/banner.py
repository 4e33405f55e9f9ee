"""What `frontdoor serve` says once the door is open: what is on, what is off, and how to change."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the house, as the operator sees it."""

    name: str
    on: bool
    text: str


def parts(settings: Settings) -> list[Part]:
    """What is on and off under these settings; pure."""
    telegram = "off: set TELEGRAM_BOT_TOKEN, from @BotFather"
    if settings.telegram_bot_token:
        telegram = "on, by webhook" if settings.public_url else "on, by polling"
    if settings.agent_url:
        agent = f"yours, at {settings.agent_url}"
    elif settings.groq_api_key or settings.openai_api_key:
        vendors = [
            name
            for name, key in (("Groq", settings.groq_api_key), ("OpenAI", settings.openai_api_key))
            if key
        ]
        agent = f"the shipped one, on {' then '.join(vendors)}"
    else:
        agent = "the shipped concierge, no model: set GROQ_API_KEY, OPENAI_API_KEY or AGENT_URL"
    public = settings.public_url or "this machine only: set PUBLIC_URL to be reached by others"
    database = "yours" if settings.database_url else f"SQLite in {settings.data_dir}/"
    return [
        Part("Web widget", True, f"{settings.base_url}/"),
        Part("Telegram", bool(settings.telegram_bot_token), telegram),
        Part("Agent", True, agent),
        Part("Records", True, f"{database}; readable at {settings.base_url}/v1/docs"),
        Part("Reached by", bool(settings.public_url), public),
    ]


def show(settings: Settings) -> None:
    """Print it to standard error, where the log goes."""
    from rich.console import Console  # noqa: PLC0415 - not before the door is open
    from rich.markup import escape  # noqa: PLC0415

    console = Console(stderr=True, highlight=False)
    console.print(f"\n[bold]Front Door[/] is open: [link]{settings.base_url}[/]\n")
    for part in parts(settings):
        mark = "[green]●[/]" if part.on else "[dim]○[/]"
        console.print(f"  {mark} {part.name:<12} {escape(part.text)}", soft_wrap=True)
    console.print("\n  frontdoor doctor checks all of it; Ctrl-C stops.\n", style="dim")
