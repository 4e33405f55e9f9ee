"""Sound that was made before it is needed, or is needed again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio

from channels.events import AudioFormat

LARGEST = 8_000_000
"""Bytes: some quarter of an hour on a phone."""
LARGEST_LASTING = 4_000_000
"""Bytes beside those, of what never goes: our own sentences take a few hundred thousand."""
REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, and for which line."""

    text: str
    format: AudioFormat
    locale: str


class Kept:
    """Sounds by voice; the one not used for longest goes first."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._sounds: OrderedDict[tuple[str, Words], bytes] = OrderedDict()
        self._lasting: dict[tuple[str, Words], bytes] = {}
        self._size = self._lasting_size = 0
        self._heard: OrderedDict[int, None] = OrderedDict()

    def get(self, voice: str, words: Words) -> bytes | None:
        if (lasting := self._lasting.get((voice, words))) is not None:
            return lasting
        sound = self._sounds.get((voice, words))
        if sound is not None:
            self._sounds.move_to_end((voice, words))
        return sound

    def put(self, voice: str, words: Words, sound: bytes, *, lasting: bool = False) -> None:
        if lasting and self._lasting_size + len(sound) <= LARGEST_LASTING:
            self._lasting_size += len(sound) - len(self._lasting.get((voice, words), b""))
            self._lasting[voice, words] = sound
            return
        if len(sound) > self._largest:
            return
        self._size += len(sound) - len(self._sounds.pop((voice, words), b""))
        self._sounds[voice, words] = sound
        while self._size > self._largest:
            self._size -= len(self._sounds.popitem(last=False)[1])

    def repeated(self, words: Words) -> bool:
        """Whether this was asked before.

        Only what is said again is worth keeping; what one person was told, nobody else is.
        """
        known = hash(words) in self._heard
        self._heard[hash(words)] = None
        self._heard.move_to_end(hash(words))
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        return known


class Take:
    """Sound in the making, which others may listen to meanwhile."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.over = False
        self.broken = False
        self._changed = anyio.Event()

    def add(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self._change()

    def end(self, *, broken: bool) -> None:
        self.over, self.broken = True, broken
        self._change()

    async def play(self) -> AsyncIterator[bytes]:
        """All of it from the beginning, as it comes; ends early when it is broken."""
        at = 0
        while True:
            while at < len(self.pieces):
                at += 1
                yield self.pieces[at - 1]
            if self.over:
                return
            await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
