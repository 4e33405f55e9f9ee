"""The model providers, as configured: Groq first, then OpenAI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from openai import AsyncOpenAI
from strands.models.openai import OpenAIModel
from strands.types.streaming import StreamEvent

from agents.brain.config import BrainConfig

GROQ_MODEL = "openai/gpt-oss-20b"
OPENAI_MODEL = "gpt-5-mini"

LONGEST_ANSWER = 4096
"""Tokens, reasoning included."""

TIMEOUT = httpx.Timeout(60, connect=5, write=10, pool=5)
"""Seconds; the first is the longest silence within an answer."""


class CutShort(Exception):
    """The stream ended before the answer did."""


class WholeAnswers(OpenAIModel):
    """Tells an answer that was cut off from one that ended, which its base does not."""

    def format_chunk(self, event: dict[str, Any], **kwargs: Any) -> StreamEvent:
        # The base says "end_turn" itself when the server gave no reason to finish.
        if event["chunk_type"] == "message_stop" and event["data"] == "end_turn":
            raise CutShort("the stream ended without a finish reason")
        return super().format_chunk(event, **kwargs)


@dataclass(slots=True)
class Provider:
    """Somebody to ask, and how they are doing."""

    name: str
    model: OpenAIModel
    client: AsyncOpenAI
    rests_until: float = 0.0
    """On the monotonic clock; before that, others are asked first."""


def providers(config: BrainConfig) -> tuple[Provider, ...]:
    """Whom to ask, in order. The model's name, if set, goes to the first."""
    both = bool(config.groq_key and config.openai_key)
    found: list[Provider] = []
    if config.groq_key:
        url = f"{config.groq_url.rstrip('/')}/openai/v1"
        name = config.model or GROQ_MODEL
        found.append(_provider("groq", url, config.groq_key, name, alone=not both))
    if config.openai_key:
        name = (not both and config.model) or OPENAI_MODEL
        found.append(
            _provider("openai", config.openai_url, config.openai_key, name, alone=not both)
        )
    return tuple(found)


def _provider(name: str, url: str, key: str, model: str, *, alone: bool) -> Provider:
    local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    client = AsyncOpenAI(
        api_key=key,
        base_url=url,
        # With somebody else to ask, asking the same again only costs time.
        max_retries=1 if alone else 0,
        http_client=httpx.AsyncClient(timeout=TIMEOUT, trust_env=not local),
    )
    asked = WholeAnswers(client=client, model_id=model, params=_params(name, model))
    return Provider(name, asked, client)


def _params(provider: str, model: str) -> dict[str, Any]:
    params: dict[str, Any] = {"max_completion_tokens": LONGEST_ANSWER}
    if "gpt-oss" in model or model.startswith("gpt-5"):
        params["reasoning_effort"] = "low"
    if provider == "groq" and "gpt-oss" in model:
        params["extra_body"] = {"include_reasoning": False}
    return params
