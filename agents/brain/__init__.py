"""The brains of the shipped agent: one that a model drives, and one that needs none."""

from __future__ import annotations

from importlib.util import find_spec

import structlog

from agents.base import Brain
from agents.brain.concierge import Concierge
from agents.brain.config import BrainConfig
from agents.records.base import Clock, Records

__all__ = ["BrainConfig", "make_brain"]

log = structlog.get_logger()


def make_brain(config: BrainConfig, records: Records, clock: Clock) -> Brain:
    """The best brain that the keys and the installation allow."""
    concierge = Concierge(records, clock)
    if not (config.groq_key or config.openai_key):
        return concierge
    if find_spec("strands") is None or find_spec("openai") is None:
        log.warning("model_unavailable", remedy="pip install 'frontdoor[agent]'", brain="concierge")
        return concierge
    from agents.brain.strands import StrandsBrain  # noqa: PLC0415 - heavy, and not always installed

    return StrandsBrain(config, records, clock, concierge)
