"""What people say to the concierge, by language."""

from __future__ import annotations

from agents.brain.phrases.base import Phrases
from agents.brain.phrases.de import DE
from agents.brain.phrases.en import EN
from agents.brain.phrases.es import ES
from agents.brain.phrases.fr import FR

__all__ = ["PHRASES", "Phrases"]

PHRASES = {"en": EN, "de": DE, "fr": FR, "es": ES}
