"""Says which test hangs and where its tasks wait, just before pytest ends the run.

pytest's own watch (`faulthandler_timeout`) names no test, and shows threads only: of an event
loop that waits it shows a selector.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_BEFORE_SECONDS = 5.0
_END_SECONDS = 60.0


class Watch:
    """Over tests that may take `seconds` each, 0 for ever; made where nothing captures output."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._out = os.dup(sys.__stderr__.fileno()) if sys.__stderr__ else 2

    @contextmanager
    def over(self, test: str) -> Iterator[None]:
        timer = threading.Timer(self._seconds - _BEFORE_SECONDS, self._tell, [test])
        timer.daemon = True
        if self._seconds > 0:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def over_the_end(self) -> None:
        """Also end a run that hangs after its last test, in a thread that nobody ended."""
        faulthandler.dump_traceback_later(_END_SECONDS, exit=True, file=self._out)

    def _tell(self, test: str) -> None:
        lines = [f"\n{test} hangs; its tasks wait in:"]
        for task in _tasks():
            lines.append(f"  {task.get_name()}")
            lines += [
                f"    {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
                for frame in _frames(task.get_coro())
            ]
        os.write(self._out, "\n".join([*lines, ""]).encode())


def _tasks() -> Iterator[asyncio.Task[Any]]:
    # asyncio lists the tasks of a loop one has; here it is some other thread's.
    for found in gc.get_objects():
        if issubclass(type(found), asyncio.Task) and not found.done():
            yield found


def _frames(waiting: Any) -> Iterator[FrameType]:
    """From the outermost coroutine to what it waits for in the end."""
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "ag_frame", None)
        if frame is not None:
            yield frame
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
