"""A worker's hold on a conversation: how it ends early, and why."""

from __future__ import annotations

import anyio


class Hold:
    """Shared by who renews the lease and who plays the turn."""

    def __init__(self) -> None:
        self.lease = anyio.CancelScope()
        self.canceled = False
        """Whether the person wants the turn to stop."""
        self._turn: anyio.CancelScope | None = None

    def lose(self) -> None:
        """The lease is gone: drop everything."""
        self.lease.cancel()

    def cancel(self) -> None:
        """The person wants the turn to stop."""
        self.canceled = True
        if self._turn:
            self._turn.cancel()

    def begin(self, scope: anyio.CancelScope) -> None:
        self._turn = scope
        if self.canceled:
            scope.cancel()

    def end(self) -> None:
        self._turn = None
