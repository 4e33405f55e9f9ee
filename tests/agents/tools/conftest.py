"""The same records as the brains are tested with."""

from __future__ import annotations

from tests.agents.brain.conftest import clock, empty_database, records

__all__ = ["clock", "empty_database", "records"]
