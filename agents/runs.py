"""The tasks whose messages are being answered, each one message after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import structlog
from a2a.types import Message, Task
from anyio import CancelScope
from anyio.abc import TaskGroup

from agents.executor import Executor, Final
from agents.ledger import Ledger

log = structlog.get_logger()


@dataclass(eq=False)
class Run:
    """A task that is being answered."""

    waiting: deque[Message]
    final: Final | None = None
    """Set when the first of them is a draft."""
    scope: CancelScope = field(default_factory=CancelScope)
    finished: anyio.Event = field(default_factory=anyio.Event)

    async def stop(self) -> None:
        """Cancel it, and wait until nothing more comes of it."""
        self.scope.cancel()
        await self.finished.wait()


class Runs:
    """What is being answered now; `group` owns it."""

    def __init__(
        self,
        ledger: Ledger,
        executor: Executor,
        *,
        promised: Callable[[str], None],
        left: Callable[[], None],
    ) -> None:
        """Tell `promised` of tasks that now wait for what was promised, `left` of orphans.

        Those are messages
        that came by another replica to a task while it was ours.
        """
        self._ledger = ledger
        self._executor = executor
        self._promised = promised
        self._left = left
        self._runs: dict[str, Run] = {}
        self.group: TaskGroup | None = None

    def __contains__(self, task: str) -> bool:
        return task in self._runs

    def of(self, task: str) -> Run | None:
        return self._runs.get(task)

    def start(self, task: Task, *messages: Message, final: Final | None = None) -> None:
        """Answer messages of a task that is ours, after those that are being answered."""
        run = self._runs.get(task.id)
        if run:
            run.waiting.extend(messages)
            return
        if self.group is None:
            raise RuntimeError("the desk is not running")
        run = self._runs[task.id] = Run(deque(messages), final)
        self._ledger.keep(task, draft=final is not None)
        self.group.start_soon(self._run, task.id, run)

    async def _run(self, task: str, run: Run) -> None:
        waits = lost = False
        try:
            with run.scope:
                while run.waiting:
                    message = run.waiting.popleft()
                    waits = await self._executor.run(
                        task, message, more=lambda: bool(run.waiting), final=run.final
                    )
        except Exception:
            # Nothing could be saved, not even the failure; a restart or a sweep takes it up.
            log.exception("turn_lost", task=task)
            lost = True
        finally:
            del self._runs[task]
            left = await self._ledger.release(task)
            run.finished.set()
            if waits:
                self._promised(task)
            if left and not lost:
                self._left()
