"""What one socket still has to be sent: bounded, and kind to slow readers."""

from __future__ import annotations

import json
from collections import deque

import anyio

from channels.web.wire import Frame


class Full(Exception):
    """The client drains slower than there is news, and merging no longer helps."""


class Outbox:
    """A queue of frames between those who have news and the one task that sends.

    While the client is slow, deltas of one turn merge into one frame and a newer status or
    unfinished caption replaces the one before it, so that only what must be kept takes room.

    Audio, and the frames that must keep their place in it, go in a lane of their own. The
    two take turns, so that neither waits for more than one frame of the other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        """Characters of JSON, roughly."""
        self._frames: deque[Frame] = deque()
        self._sizes: deque[int] = deque()
        self._size = 0
        self._lane: deque[bytes | Frame] = deque()
        self._lane_size = 0
        self._lane_next = True
        self._filled = anyio.Event()
        self._drained = anyio.Event()

    def put(self, frame: Frame) -> None:
        """Queue a frame. Raises Full, with nothing queued."""
        size = _size(frame)
        # A single frame over the limit must still get through.
        if self._frames and self._size + size > self._limit:
            raise Full
        self._size += size
        if not self._merge(frame, size):
            self._frames.append(frame)
            self._sizes.append(size)
        self._filled.set()

    def play(self, item: bytes | Frame) -> None:
        """Queue audio, or a frame among it. Raises Full when audio is not being taken."""
        if isinstance(item, bytes):
            if self._lane_size + len(item) > self._limit:
                raise Full
            self._lane_size += len(item)
        self._lane.append(item)
        self._filled.set()

    def hush(self) -> None:
        """Drop the audio that waits, but not the frames among it."""
        self._lane = deque(item for item in self._lane if not isinstance(item, bytes))
        self._lane_size = 0

    async def take(self) -> str | bytes:
        """What is next, when there is something: a frame as JSON, or audio."""
        while not (self._frames or self._lane):
            self._filled = anyio.Event()
            await self._filled.wait()
        audio = bool(self._lane) and (self._lane_next or not self._frames)
        self._lane_next = not audio
        if audio:
            item = self._lane.popleft()
            if isinstance(item, bytes):
                self._lane_size -= len(item)
                return item
            return _json(item)
        frame = self._frames.popleft()
        self._size -= self._sizes.popleft()
        self._drained.set()
        return _json(frame)

    async def room(self) -> None:
        """Wait until the queue is at most half full."""
        while self._size > self._limit // 2:
            self._drained = anyio.Event()
            await self._drained.wait()

    def _merge(self, frame: Frame, size: int) -> bool:
        last = self._frames[-1] if self._frames else {}
        if (last.get("type"), last.get("turn")) != (frame["type"], frame.get("turn")):
            return False
        if frame["type"] == "delta":
            self._frames[-1] = {**frame, "text": last["text"] + frame["text"]}
            self._sizes[-1] += size
            return True
        if frame["type"] == "status" or _supersedes(frame, last):
            self._frames[-1] = frame
            self._size -= self._sizes[-1]
            self._sizes[-1] = size
            return True
        return False


def _supersedes(frame: Frame, last: Frame) -> bool:
    """Whether a caption only says more of what the one before it began to."""
    return frame["type"] == "caption" and frame["role"] == last["role"] and not last["final"]


def _json(frame: Frame) -> str:
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


def _size(frame: Frame) -> int:
    if frame["type"] == "delta":
        return len(frame["text"]) + 1
    return len(json.dumps(frame))
