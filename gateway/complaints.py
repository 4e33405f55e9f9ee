"""What may be wrong with settings, and the remedy for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from gateway.errors import SettingsError

if TYPE_CHECKING:
    from gateway.settings import Settings

ROLES = ("telegram", "voice", "web", "agent")
HIGHEST_PORT = 65535
SHORTEST_SECRET = 32
"""Characters; RFC 7518, 3.2 asks for as many bytes as the hash has."""

PEM = "-----BEGIN"
"""How certificates begin (RFC 7468)."""

_URLS = (
    "public_url",
    "twilio_public_url",
    "agent_url",
    "groq_base_url",
    "openai_base_url",
    "cartesia_base_url",
    "telegram_api_url",
    "twilio_api_url",
    "otel_exporter_otlp_endpoint",
    "otel_exporter_otlp_metrics_endpoint",
    "secrets_url",
)


def _split(url: str) -> SplitResult:
    """A URL's parts; none of one that cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def check(settings: Settings) -> None:
    """Raise SettingsError for the first thing that is wrong."""
    for name in _URLS:
        _check_url(settings, name)
    _check(_complaints(settings))


def check_vault(settings: Settings, names: Sequence[str]) -> None:
    """The same for what must be right before any secret is fetched; `names` are all settings'."""
    _check_url(settings, "secrets_url")
    _check(_vault_complaints(settings, names))


def _check_url(settings: Settings, name: str) -> None:
    url = _split(getattr(settings, name))
    if getattr(settings, name) and (url.scheme not in ("http", "https") or not url.hostname):
        raise SettingsError(f"{name.upper()} must be a URL such as https://example.com.")


def _check(complaints: Iterable[tuple[object, str]]) -> None:
    for wrong, complaint in complaints:
        if wrong:
            raise SettingsError(complaint)


def _vault_complaints(settings: Settings, names: Sequence[str]) -> Iterator[tuple[object, str]]:
    yield settings.secrets_from != "scaleway", "SECRETS_FROM must be scaleway, or unset."
    yield (
        not settings.secrets_api_key,
        "SECRETS_API_KEY must be the secret half of an IAM key; SECRETS_FROM needs it.",
    )
    yield (
        not settings.secrets_project,
        "SECRETS_PROJECT must be the id of the project that the secrets are in.",
    )
    yield (
        not re.fullmatch("[a-z]{2}-[a-z]{3}", settings.secrets_region),
        "SECRETS_REGION must be a region such as fr-par.",
    )
    rootless = [path for path in settings.secrets_path if path and not path.startswith("/")]
    yield rootless, f"SECRETS_PATH must begin with /, not as {', '.join(rootless)}."
    odd = [
        name for name in settings.secrets_names if name not in names or name.startswith("SECRETS_")
    ]
    yield odd, f"SECRETS_NAMES takes names of settings, such as DATABASE_URL, not {', '.join(odd)}."


_RECOGNISERS = ("groq", "openai", "cartesia", "whisper", "sphinx")
_VOICES = ("cartesia", "openai", "espeak")
_CHOICES = {
    "phone_notices": ("sms", "call", "none"),
    "voice_replies": ("asked", "always", "never"),
    "voice_preempt": ("auto", "always", "never"),
    "record_calls": ("on", "off"),
    "s3_links": ("auto", "on", "off"),
    "log_pii": ("on", "off"),
    "migrate": ("on", "off"),
}
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_ORIGIN = re.compile(r"https?://[^/?#@\s]+")


def _complaints(settings: Settings) -> Iterator[tuple[object, str]]:
    public = _split(settings.public_url)
    odd = [origin for origin in settings.web_origins if not _ORIGIN.fullmatch(origin)]
    secret = settings.telegram_webhook_secret
    token = settings.telegram_bot_token
    yield (
        public.path.strip("/") or public.query,
        "PUBLIC_URL must be an origin without a path: https://door.example.com",
    )
    yield (
        odd,
        f"WEB_ORIGINS takes origins such as https://www.example.com, not {', '.join(odd)}.",
    )
    yield (
        secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret),
        "TELEGRAM_WEBHOOK_SECRET takes 1 to 256 of A-Z a-z 0-9 _ - only.",
    )
    yield (
        token and not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token),
        "TELEGRAM_BOT_TOKEN reads 123456:ABC…; copy it whole from @BotFather.",
    )
    yield from _speech_complaints(settings)
    yield from _scale_complaints(settings)
    yield from _redis_complaints(settings)
    for name in ("port", "metrics_port"):
        too_high = getattr(settings, name) > HIGHEST_PORT
        yield too_high, f"{name.upper()} must be at most {HIGHEST_PORT}."
    yield settings.metrics_port == settings.port, "METRICS_PORT must be another than PORT."
    yield settings.database_pool < 2, "DATABASE_POOL must be at least 2."  # noqa: PLR2004
    yield settings.lease_seconds < 1, "LEASE_SECONDS must be at least 1."
    yield settings.messages_per_minute < 1, "MESSAGES_PER_MINUTE must be at least 1."
    yield (
        settings.log_level not in ("debug", "info", "warning", "error"),
        "LOG_LEVEL must be debug, info, warning or error.",
    )
    yield settings.log_format not in ("", "json", "text"), "LOG_FORMAT must be json or text."
    yield (
        settings.secret_key and len(settings.secret_key) < SHORTEST_SECRET,
        f"SECRET_KEY must have at least {SHORTEST_SECRET} characters.",
    )


def _scale_complaints(settings: Settings) -> Iterator[tuple[object, str]]:
    odd = [role for role in settings.role if role not in (*ROLES, "all")]
    yield odd, f"ROLE takes {', '.join(ROLES)} or all, not {', '.join(odd)}."
    yield (
        "agent" not in settings.roles and not settings.agent_url,
        "AGENT_URL must say where the agent is, for this replica's ROLE has none.",
    )
    yield (
        settings.roles == {"agent"} and settings.public and not settings.api_token,
        (
            "API_TOKEN must be set where others than this machine reach the agent alone; the "
            "gateway needs it as AGENT_TOKEN."
        ),
    )
    for name in ("max_requests", "max_sockets", "max_sockets_per_address", "max_turns"):
        yield getattr(settings, name) < 1, f"{name.upper()} must be at least 1."


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # a name too long to be one
        return False


def _redis_complaints(settings: Settings) -> Iterator[tuple[object, str]]:
    scheme = _split(settings.redis_url).scheme
    yield (
        settings.redis_url and scheme not in ("redis", "rediss", "unix"),
        "REDIS_URL must begin with redis://, rediss:// or unix://.",
    )
    yield (
        settings.redis_ca_file
        and not settings.redis_ca_file.startswith(PEM)
        and not _is_file(settings.redis_ca_file),
        f"REDIS_CA_FILE names no file: {settings.redis_ca_file}",
    )


def _speech_complaints(settings: Settings) -> Iterator[tuple[object, str]]:
    for name, allowed in (("speech_to_text", _RECOGNISERS), ("text_to_speech", _VOICES)):
        odd = [item for item in getattr(settings, name) if item not in allowed]
        yield odd, f"{name.upper()} takes {', '.join(allowed)}, not {', '.join(odd)}."
    for name, choices in _CHOICES.items():
        value = getattr(settings, name)
        yield value not in choices, f"{name.upper()} must be {' or '.join(choices)}, not {value!r}."
    for name in ("twilio_phone_number", "transfer_number"):
        number = getattr(settings, name)
        yield (
            number and not _NUMBER.fullmatch(number),
            f"{name.upper()} must be in E.164 form, +15005550006.",
        )
    sid = settings.twilio_account_sid
    yield (
        sid and not re.fullmatch(r"AC[0-9a-zA-Z]+", sid),
        "TWILIO_ACCOUNT_SID starts with AC; copy it from Twilio's console.",
    )
    yield settings.end_of_turn_seconds < 0.1, "END_OF_TURN_SECONDS must be at least 0.1."  # noqa: PLR2004
    yield settings.max_calls < 1, "MAX_CALLS must be at least 1."
