"""Microphone and speaker of this machine, for `frontdoor call --mic`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from channels.twilio.simulator.playout import RATE
from channels.twilio.simulator.sound import FRAME, from_mulaw, to_mulaw

_BUFFERED = 250
"""Frames the speaker may be behind."""


class NoHeadset(Exception):
    """There is no sound card, or nothing to use it with; the message says what to do."""


class SoundCard:
    """The default input and output of PortAudio, through the sounddevice package."""

    def __init__(self) -> None:
        try:
            self._device: Any = import_module("sounddevice")
        except (ImportError, OSError) as error:
            raise NoHeadset(
                "--mic needs the sounddevice package and the PortAudio library: "
                f"pip install sounddevice ({error})."
            ) from error
        self._waiting: deque[int] = deque(maxlen=_BUFFERED * FRAME)

    @contextmanager
    def open(self, send: Callable[[bytes], None]) -> Iterator[None]:
        """Hand on frames of 20 ms. Raises NoHeadset."""
        loop = asyncio.get_running_loop()

        def exchange(heard: Any, spoken: Any, frames: int, *_: object) -> None:
            # On PortAudio's thread.
            audio = to_mulaw(heard[:, 0].copy())
            loop.call_soon_threadsafe(send, audio)
            count = min(frames, len(self._waiting))
            spoken[:] = 0
            spoken[:count, 0] = [self._waiting.popleft() for _ in range(count)]

        try:
            stream = self._device.Stream(
                samplerate=RATE, blocksize=FRAME, channels=1, dtype=np.int16, callback=exchange
            )
        except self._device.PortAudioError as error:
            raise NoHeadset(f"No microphone can be opened: {error}.") from error
        with stream:
            yield

    def play(self, audio: bytes) -> None:
        self._waiting.extend(from_mulaw(audio).tolist())
