"""What the brain is handed to work with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainConfig:
    """Which models may be asked, and which tools beside our own."""

    groq_key: str = ""
    """Asked first when set."""
    groq_url: str = "https://api.groq.com"
    """Without `/openai/v1`."""
    openai_key: str = ""
    """Asked when Groq fails, or alone."""
    openai_url: str = "https://api.openai.com/v1"
    model: str = ""
    """Name of the model, at the provider asked first; empty takes the provider's default."""
    mcp_servers: str = ""
    """MCP servers whose tools are added: a JSON object or the path of one; see docs/brain.md."""
