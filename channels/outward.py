"""How the platforms that channels ask answer, for whoever keeps figures of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from channels.base import NotSent, Refused

Watcher = Callable[[str, str, float], None]
"""Hears the platform, what came of a request, and the seconds it took."""

_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> None:
    """Have `watcher` told of every request from here on, once."""
    if watcher not in _watchers:
        _watchers.append(watcher)


@contextmanager
def asking(platform: str) -> Iterator[None]:
    """Time the request made in the block, which raises ChannelError when it fails."""
    began, result = time.perf_counter(), "cut_off"
    try:
        yield
        result = "ok"
    except Refused:
        result = "refused"
        raise
    except NotSent as error:
        result = "failed" if error.retry_after is None else "throttled"
        raise
    except Exception:
        result = "failed"
        raise
    finally:
        for watcher in _watchers:
            watcher(platform, result, time.perf_counter() - began)
