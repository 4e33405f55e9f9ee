"""What may go wrong on a call, on demand."""

from __future__ import annotations

from dataclasses import dataclass

from channels.twilio.simulator.signing import Signature


@dataclass(frozen=True, slots=True)
class Faults:
    """Seconds count from the start of a stream; each stream of a call has them anew."""

    lose_socket_at: float | None = None
    """The first stream's connection breaks."""
    late: tuple[tuple[float, float], ...] = ()
    """(at, seconds): frames are held up for so long, and then come in a burst."""
    drop: float = 0.0
    """Share of frames that never arrive."""
    reorder_marks: bool = False
    """Marks come back in pairs, the later one first."""
    unordered_statuses: bool = False
    """The call is said to be in progress after it is said to be completed."""
    signature: Signature = "right"
    """Of the form that announces the call and of the socket."""
    seed: int = 0

    def held_until(self, at: float) -> float:
        """When a frame that is spoken at `at` arrives."""
        return max((a + gap for a, gap in self.late if a <= at < a + gap), default=at)
