"""What `frontdoor serve` says once the door is open: what is on, what is off, and how to change."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.settings import Settings
from gateway.speech.providers import recogniser_names, voice_names

MAKERS = {
    "groq": "Groq",
    "openai": "OpenAI",
    "cartesia": "Cartesia",
    "whisper": "Whisper",
    "sphinx": "PocketSphinx",
    "espeak": "eSpeak NG",
}
"""Of ears and voices, by the names that settings have for them."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the house, as the operator sees it."""

    name: str
    on: bool
    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """How the house hears and speaks under these settings."""

    ears: tuple[str, ...]
    voices: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> Speech:
        return cls(recogniser_names(settings), voice_names(settings))

    @property
    def takes_calls(self) -> bool:
        return bool(self.ears and self.voices)

    @property
    def knows_phrases_only(self) -> bool:
        return self.ears == ("sphinx",)

    @property
    def text(self) -> str:
        if not self.takes_calls:
            return "no calls: nobody could hear them and speak to them"
        ears, voices = (
            " then ".join(MAKERS[name] for name in names) for names in (self.ears, self.voices)
        )
        few = ", some English phrases only" if self.knows_phrases_only else ""
        return f"hears by {ears}{few}; speaks by {voices}"

    @property
    def remedy(self) -> str:
        if not self.takes_calls:
            return "Set GROQ_API_KEY and CARTESIA_API_KEY, or install frontdoor[offline]."
        if self.knows_phrases_only:
            return "Set GROQ_API_KEY, OPENAI_API_KEY or CARTESIA_API_KEY to be understood."
        return ""


def parts(settings: Settings) -> list[Part]:
    """What is on and off under these settings; pure."""
    speech = Speech.of(settings)
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
        Part(
            "Phone",
            bool(settings.twilio_auth_token) and speech.takes_calls,
            _phone(settings, speech),
        ),
        Part("Speech", speech.takes_calls, _and(speech.text, speech.remedy)),
        Part("Telegram", bool(settings.telegram_bot_token), telegram),
        Part("Agent", True, agent),
        Part("Records", True, f"{database}; readable at {settings.base_url}/v1/docs"),
        Part("Reached by", bool(settings.public_url), public),
    ]


def _phone(settings: Settings, speech: Speech) -> str:
    if not speech.takes_calls:
        return "off, as is the microphone of the widget"
    if not settings.twilio_auth_token:
        return (
            "simulated ones: frontdoor call, or the page; set TWILIO_AUTH_TOKEN, "
            "TWILIO_ACCOUNT_SID and TWILIO_PHONE_NUMBER"
        )
    number = settings.twilio_phone_number or "calls that Twilio signs"
    return number if settings.public_url else f"{number}; set PUBLIC_URL for Twilio to reach us"


def _and(text: str, remedy: str) -> str:
    """Both, the remedy as the other lines say theirs."""
    return f"{text}: {remedy[0].lower()}{remedy[1:].rstrip('.')}" if remedy else text


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
