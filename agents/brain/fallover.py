"""Asks the second provider when the first fails before its first word.

Strands has a router for that, but it asks again after words have been said, and the person
would read the beginning of the answer twice.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import structlog
from openai import APIStatusError, AuthenticationError, BadRequestError, PermissionDeniedError
from strands.models.model import Model
from strands.types.exceptions import ContextWindowOverflowException
from strands.types.streaming import StreamEvent

from agents.brain.providers import Provider

log = structlog.get_logger()

REST = 30.0
"""Seconds for which a provider that failed is asked last."""

LONG_REST = 300.0
"""Seconds after a refused key, which mends itself no sooner."""


class NobodyAnswered(Exception):
    """Every provider failed before its first word."""


class BrokeOff(Exception):
    """The answer ended in its midst, after words had been said."""


class Fallover(Model):
    """Several providers as one model."""

    def __init__(
        self, providers: Sequence[Provider], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._providers = tuple(providers)
        self._monotonic = monotonic

    def update_config(self, **model_config: Any) -> None:
        self._providers[0].model.update_config(**model_config)

    def get_config(self) -> Any:
        return self._providers[0].model.get_config()

    def structured_output(self, *args: Any, **kwargs: Any) -> AsyncGenerator[dict[str, Any], None]:
        return self._providers[0].model.structured_output(*args, **kwargs)

    async def stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[StreamEvent, None]:
        """One answer, from the first provider that gives one.

        Raises NobodyAnswered and BrokeOff.
        """
        for provider in self._order():
            said = False
            try:
                async with aclosing(_held(provider.model.stream(*args, **kwargs))) as events:
                    async for event in events:
                        said = True
                        yield event
            except Exception as error:
                self._failed(provider, error, said=said)
                if said:
                    raise BrokeOff from error
            else:
                if said:
                    return
                self._failed(provider, EmptyAnswer(), said=False)
        raise NobodyAnswered

    def _order(self) -> list[Provider]:
        now = self._monotonic()
        return sorted(self._providers, key=lambda provider: provider.rests_until > now)

    def _failed(self, provider: Provider, error: Exception, *, said: bool) -> None:
        refused = isinstance(error, (AuthenticationError, PermissionDeniedError))
        # A request that only this one dislikes says nothing of the next request.
        if not isinstance(error, (BadRequestError, ContextWindowOverflowException)):
            rest = LONG_REST if refused else REST
            provider.rests_until = self._monotonic() + rest
        log.warning(
            "model_failed",
            provider=provider.name,
            error=type(error).__name__,
            status=_status(error),
            said=said,
            remedy=f"check the {provider.name} key" if refused else None,
        )


class EmptyAnswer(Exception):
    """The model said nothing and called for nothing."""


def _status(error: BaseException | None) -> int | None:
    while error is not None:
        if isinstance(error, APIStatusError):
            return error.status_code
        error = error.__cause__
    return None


async def _held(events: AsyncGenerator[StreamEvent, None]) -> AsyncGenerator[StreamEvent, None]:
    """The events, held back until there is a word in them or the answer is whole.

    An answer with neither words nor tools, thoughts only perhaps, comes out empty.
    """
    held: list[StreamEvent] = []
    speaking = useful = False
    async with aclosing(events):
        async for event in events:
            delta = event.get("contentBlockDelta", {}).get("delta", {})
            speaking = speaking or bool(delta.get("text", "").strip())
            useful = useful or speaking or "toolUse" in delta
            held.append(event)
            if speaking:
                for one in held:
                    yield one
                held.clear()
    if useful:
        for one in held:
            yield one
