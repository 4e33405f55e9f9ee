"""Serves the agent alone: `python -m agents [agent.toml]`."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from agents.app import AgentConfig, create_app
from agents.brain.config import BrainConfig


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m agents", description=__doc__)
    parser.add_argument("config", nargs="?", type=Path, help="TOML file; see docs/agents.md")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    arguments = parser.parse_args()
    given: dict[str, Any] = {
        "base_url": f"http://localhost:{arguments.port}",
        "database_url": "sqlite:///agent.db",
    }
    if arguments.config:
        given |= tomllib.loads(arguments.config.read_text("utf-8"))
    try:
        brain = BrainConfig(**given.pop("brain", {}))
        origins = tuple(given.pop("push_allowed_origins", ()))
        config = AgentConfig(brain=brain, push_allowed_origins=origins, **given)
    except TypeError as error:
        parser.error(f"{arguments.config}: {error}")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Not the console's tracebacks: they print variables, and so what people wrote.
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )
    uvicorn.run(
        create_app(config),
        host=arguments.host,
        port=arguments.port,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
