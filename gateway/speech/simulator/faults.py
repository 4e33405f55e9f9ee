"""What goes wrong on purpose at the stand-ins for speech services."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One request that does not go well."""

    status: int = 0
    """HTTP status, or that of an error event on a socket; 0 answers as usual."""
    retry_after: float | None = None
    """Seconds, as the header of a 429."""
    message: str = "scripted"
    delay: float = 0.0
    """Seconds of waiting beforehand, on top of the usual."""
    close: int = 0
    """Sockets: closed with this code."""
    after: float = 0.0
    """Voices: so many seconds of audio come first."""


class Faults:
    """Faults that wait for their endpoint to be asked; each happens once."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, endpoint: str, *faults: Fault) -> None:
        """`endpoint` is the end of a path: "transcriptions", "speech", "tts/websocket"."""
        self._waiting[endpoint].extend(faults)

    def next(self, path: str) -> Fault:
        for endpoint, faults in self._waiting.items():
            if path.endswith(endpoint) and faults:
                return faults.popleft()
        return Fault()
