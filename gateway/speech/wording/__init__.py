"""Plain text as it is to be said aloud: numbers, dates, amounts, addresses and short forms."""

from gateway.speech.wording.forms import spoken, warm

__all__ = ["spoken", "warm"]
