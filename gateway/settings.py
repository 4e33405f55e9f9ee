"""Settings: read once from the environment or a `.env` file, checked, then handed on.

Every variable is a field of `Settings`, which says what it is for. Nobody else reads the
environment. What is kept in a secret manager is read here, too, if `SECRETS_FROM` says so.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from gateway import vault
from gateway.complaints import ROLES, check, check_vault
from gateway.errors import SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _setting(help: str, default: Any = "", *, secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decides. The variable's name is the field's in capitals."""

    role: tuple[str, ...] = _setting(
        "Which doors this replica opens: telegram, voice, web, agent, comma separated; unset "
        "means all.",
        (),
    )
    host: str = _setting("Address to listen on.", "127.0.0.1")
    port: int = _setting("Port to listen on.", 8080)
    public_url: str = _setting(
        "How the world reaches this server, https://door.example.com; enables webhooks."
    )
    data_dir: Path = _setting(  # noqa: RUF009 - a field descriptor, as dataclasses mean it
        "Folder of the embedded database and files.", Path("data")
    )
    database_url: str = _setting("SQLAlchemy URL; unset means SQLite in DATA_DIR.", secret=True)
    database_pool: int = _setting("Connections to PostgreSQL, for one replica.", 8)
    migrate: str = _setting("on brings the database up to date at the start; off.", "on")
    redis_url: str = _setting(
        "redis://… or, with TLS, rediss://…; replicas tell each other by it what happens. Unset "
        "means that they poll the database.",
        secret=True,
    )
    redis_ca_file: str = _setting(
        "File with the certificate authority that Redis's TLS is of, or its PEM text."
    )
    redis_prefix: str = _setting(
        "What our keys and channels begin with, if several share a Redis.", "frontdoor"
    )
    secret_key: str = _setting(
        "Signs web sessions; unset means one is made and kept in the database.", secret=True
    )
    api_token: str = _setting(
        "Bearer token for /a2a, /v1, /docs and /metrics; required there once PUBLIC_URL is set "
        "or HOST is not loopback.",
        secret=True,
    )

    agent_url: str = _setting("Base URL or card URL of an A2A agent; unset means the shipped one.")
    agent_token: str = _setting("Bearer token sent to the agent at AGENT_URL.", secret=True)
    agent_model: str = _setting("Model name for the shipped agent, with any provider.")
    mcp_servers: str = _setting(
        "MCP servers whose tools the shipped agent may use: a JSON object or a path to one."
    )
    groq_api_key: str = _setting(
        "Groq key: the shipped agent's model, and speech recognition.", secret=True
    )
    groq_base_url: str = _setting("Groq API.", "https://api.groq.com")
    groq_stt_model: str = _setting("Groq's recogniser.", "whisper-large-v3-turbo")
    openai_api_key: str = _setting("OpenAI key: the fallback for model and speech.", secret=True)
    openai_base_url: str = _setting(
        "OpenAI API, or any server that speaks it.", "https://api.openai.com/v1"
    )
    openai_stt_model: str = _setting("OpenAI's recogniser.", "gpt-4o-mini-transcribe")
    openai_tts_model: str = _setting("OpenAI's voice model.", "gpt-4o-mini-tts")
    openai_tts_voice: str = _setting("OpenAI's voice.", "alloy")
    cartesia_api_key: str = _setting("Cartesia key: the voice.", secret=True)
    cartesia_voice_id: str = _setting(
        "Id of a Cartesia voice.", "f786b574-daa5-4673-aa0c-cbe3e8534c02"
    )
    cartesia_base_url: str = _setting("Cartesia API.", "https://api.cartesia.ai")
    cartesia_model: str = _setting("Cartesia's voice model.", "sonic-3.5")
    whisper_model: str = _setting(
        "Folder or name of a faster-whisper model, for recognition on this machine."
    )
    speech_to_text: tuple[str, ...] = _setting(
        "Recognisers in order: groq, openai, cartesia, whisper, sphinx. Unset means those that "
        "have a key, else those on this machine.",
        (),
    )
    text_to_speech: tuple[str, ...] = _setting(
        "Voices in order: cartesia, openai, espeak. Unset means those that have a key, then "
        "espeak.",
        (),
    )
    speech_vocabulary: tuple[str, ...] = _setting(
        "Names and terms that callers are likely to say, comma separated.", ()
    )

    twilio_account_sid: str = _setting("Starts with AC; for text messages and calls out.")
    twilio_auth_token: str = _setting(
        "Proves that calls come from Twilio; unset means one is made and kept in the database, "
        "for simulated phones.",
        secret=True,
    )
    twilio_webhook_key: str = _setting(
        "Twilio's webhook shared key, for HMAC-SHA256 signatures.", secret=True
    )
    twilio_phone_number: str = _setting("Our number, +15005550006.")
    twilio_public_url: str = _setting(
        "Where Twilio reaches the replicas of role voice, if not at PUBLIC_URL."
    )
    twilio_api_url: str = _setting("Twilio's REST API.", "https://api.twilio.com")
    transfer_number: str = _setting("Who takes over a call that a person is to have, +1555….")
    phone_notices: str = _setting(
        "How somebody not on the line hears of a finished task: sms, call or none.", "sms"
    )

    voice_locale: str = _setting("Language callers are greeted in, as BCP 47.", "en")
    voice_greeting: str = _setting("What callers hear first; unset means our own words.")
    voice_replies: str = _setting(
        "When a voice note is answered aloud: asked, always (those who send voice) or never.",
        "asked",
    )
    voice_preempt: str = _setting(
        "Let the agent start before the caller has surely finished: auto (agents that say they "
        "know drafts), always or never.",
        "auto",
    )
    end_of_turn_seconds: float = _setting("Quiet after which a caller is done.", 0.6)
    speculate_seconds: float = _setting("Quiet after which recognition starts.", 0.1)
    rolling_seconds: float = _setting(
        "Recognise so often while the caller speaks; 0 for only when they pause. Each time costs "
        "a request.",
        0.0,
    )
    max_calls: int = _setting("Calls at the same time; more hear that all lines are busy.", 60)
    max_call_seconds: float = _setting("Longest call.", 3600.0)
    record_calls: str = _setting("on records calls, and says so to the caller; off.", "off")

    telegram_bot_token: str = _setting("From @BotFather; turns Telegram on.", secret=True)
    telegram_webhook_secret: str = _setting(
        "1 to 256 of A-Z a-z 0-9 _ -; unset means derived from the bot token.", secret=True
    )
    telegram_api_url: str = _setting("Bot API server.", "https://api.telegram.org")

    web_origins: tuple[str, ...] = _setting(
        "Origins that may embed the widget, comma separated; localhost and PUBLIC_URL always may.",
        (),
    )
    web_identity_secret: str = _setting(
        "Key with which your site signs identity tokens (HS256 secret or a PEM public key).",
        secret=True,
    )
    web_identity_audience: str = _setting("The `aud` identity tokens must carry; unset takes any.")
    web_identity_issuer: str = _setting("The `iss` identity tokens must carry; unset takes any.")
    max_upload_bytes: int = _setting("Largest file taken.", 20_000_000)

    s3_bucket: str = _setting("Bucket for files and recordings; unset means DATA_DIR.")
    s3_links: str = _setting(
        "Let browsers fetch files from the bucket by links of a minute: auto (where it is reached "
        "by https), on or off.",
        "auto",
    )
    aws_endpoint_url: str = _setting("S3-compatible storage; unset means AWS.")
    aws_region: str = _setting("Region of the bucket.")
    aws_access_key_id: str = _setting(
        "Key of the bucket; unset means the role of this machine or container.", secret=True
    )
    aws_secret_access_key: str = _setting("Secret of that key.", secret=True)
    aws_session_token: str = _setting("Token of a temporary key.", secret=True)
    retention_days: float = _setting("Days that files and what was said are kept; 0 for ever.", 0.0)
    recording_days: float = _setting(
        "Days recordings of calls are kept; 0 means as RETENTION_DAYS.", 0.0
    )

    debounce_seconds: float = _setting("Quiet time before collected messages are read.", 0.5)
    detach_seconds: float = _setting("Wait for reply text before a task goes on alone.", 20.0)
    lease_seconds: float = _setting("How long a dead worker keeps its conversations.", 5.0)
    messages_per_minute: int = _setting("Messages one address may send a minute.", 60)

    drain_seconds: float = _setting(
        "How long turns and calls under way may take to end when we are told to stop.", 25.0
    )
    ready_grace_seconds: float = _setting(
        "How long /readyz is red before we turn anybody away, for balancers to notice.", 0.0
    )
    max_requests: int = _setting("HTTP requests answered at the same time.", 2000)
    max_sockets: int = _setting("Sockets held at the same time.", 10_000)
    max_sockets_per_address: int = _setting("Of these, for one address.", 5000)
    max_turns: int = _setting("Turns played at the same time.", 500)

    log_level: str = _setting("debug, info, warning or error.", "info")
    log_format: str = _setting("json or text; unset means text on a terminal.")
    log_pii: str = _setting("Keep fields of the log that tell of a person: on or off.", "off")
    metrics_port: int = _setting("A port of its own for /metrics, without token; 0 for none.", 0)
    otel_exporter_otlp_endpoint: str = _setting(
        "An OpenTelemetry collector for traces, over OTLP/HTTP: http://collector:4318."
    )
    otel_exporter_otlp_metrics_endpoint: str = _setting(
        "Where to send figures each minute, a whole URL: http://collector:4318/v1/metrics."
    )
    otel_exporter_otlp_headers: str = _setting(
        "Headers for both: key=value, comma separated.", secret=True
    )
    otel_service_name: str = _setting("What traces and figures call us.", "frontdoor")

    secrets_from: str = _setting(
        "scaleway fetches what is not set from its Secret Manager, at the start."
    )
    secrets_path: tuple[str, ...] = _setting(
        "Folders there, comma separated, in the order they are looked into; unset means /.", ()
    )
    secrets_names: tuple[str, ...] = _setting(
        "Which settings to fetch, comma separated; each must be there. Unset means every secret "
        "that is there.",
        (),
    )
    secrets_api_key: str = _setting(
        "The secret half of an IAM key that may read them.", secret=True
    )
    secrets_project: str = _setting("Id of the project they are in.")
    secrets_region: str = _setting("The region they are in.", "fr-par")
    secrets_url: str = _setting("Scaleway's API.", "https://api.scaleway.com")

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        object.__setattr__(self, "twilio_public_url", self.twilio_public_url.rstrip("/"))

    @property
    def roles(self) -> frozenset[str]:
        """The doors this replica opens."""
        return frozenset(ROLES if not self.role or "all" in self.role else self.role)

    @property
    def base_url(self) -> str:
        """Where this server is reached, by the world if it knows of it."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def local_url(self) -> str:
        """Where this server reaches itself."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def public(self) -> bool:
        """Whether others than this machine can reach us."""
        return bool(self.public_url) or self.host not in LOOPBACK

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the conversations."""
        return self._database("frontdoor.db")

    @property
    def agent_database(self) -> str:
        """SQLAlchemy URL of the shipped agent's records."""
        return self._database("agent.db")

    def _database(self, embedded: str) -> str:
        url = self.database_url or f"sqlite:///{self.data_dir / embedded}"
        # SQLAlchemy means an older driver unless it is told.
        return re.sub("^postgresql:", "postgresql+psycopg:", url)

    @property
    def links(self) -> bool:
        """Whether browsers may be sent to the bucket itself."""
        reached = not self.aws_endpoint_url or self.aws_endpoint_url.startswith("https:")
        return self.s3_links == "on" or (self.s3_links == "auto" and reached)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that is set, so that logs can leave them out."""
        values = (getattr(self, f.name) for f in fields(self) if f.metadata["secret"])
        return tuple(value for value in values if value)


def read(
    environ: Mapping[str, str] | None = None,
    dotenv: Path = Path(".env"),
    options: Mapping[str, str] | None = None,
) -> Settings:
    """Read and check all settings; the environment wins over the `.env` file, `options` over both.

    What is in none of them and kept in a secret manager is fetched.

    Raises SettingsError naming the variable and the remedy.
    """
    from dotenv import dotenv_values  # noqa: PLC0415 - only who reads settings pays for it

    environ = os.environ if environ is None else environ
    given = {**dotenv_values(dotenv), **environ, **(options or {})}
    settings = _settings_of(given)
    if settings.secrets_from:
        given |= {
            name: given.get(theirs) for name, theirs in _THEIRS.items() if not given.get(name)
        }
        settings = _settings_of(given)
        check_vault(settings, [f.name.upper() for f in fields(Settings)])
        settings = _settings_of(given | _fetched(settings, given))
    check(settings)
    return settings


_THEIRS = {
    "SECRETS_API_KEY": "SCW_SECRET_KEY",
    "SECRETS_PROJECT": "SCW_DEFAULT_PROJECT_ID",
    "SECRETS_REGION": "SCW_DEFAULT_REGION",
    "SECRETS_URL": "SCW_API_URL",
}
"""What Scaleway's own tools call them; its containers may be given no variable of such a name."""


def _fetched(settings: Settings, given: Mapping[str, str | None]) -> dict[str, str]:
    """What is kept elsewhere and not set here."""
    names = settings.secrets_names or [
        f.name.upper()
        for f in fields(Settings)
        if f.metadata["secret"] and f.name != "secrets_api_key"
    ]
    kept = vault.Vault(
        url=settings.secrets_url,
        region=settings.secrets_region,
        project=settings.secrets_project,
        key=settings.secrets_api_key,
        paths=[path or "/" for path in settings.secrets_path] or ["/"],
    )
    missing = [name for name in names if not (given.get(name) or "").strip()]
    return vault.fetched(kept, missing, needed=bool(settings.secrets_names))


def _settings_of(given: Mapping[str, str | None]) -> Settings:
    types = get_type_hints(Settings)
    return Settings(
        **{
            f.name: _convert(f.name.upper(), raw.strip(), types[f.name])
            for f in fields(Settings)
            if (raw := given.get(f.name.upper())) and raw.strip()
        }
    )


def _convert(name: str, raw: str, kind: Any) -> Any:
    try:
        if kind in (int, float):
            number = kind(raw)
            # Neither endless nor "nan", which is greater and less than nothing.
            if not 0 <= number < math.inf:
                raise ValueError
            return number
        if kind is Path:
            return Path(raw).expanduser()
        if kind is str:
            return raw
        return tuple(item.strip().rstrip("/") for item in raw.split(",") if item.strip())
    except ValueError:
        raise SettingsError(f"{name} must be a positive number, not {raw!r}.") from None
