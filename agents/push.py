"""Pushes what happens to a task to the URLs that were registered for it.

Pushed are the whole reply, whole files, and every status that says something or ends the
task; in the order they happened. A task's end is remembered until it was taken or given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import structlog
from a2a.types import (
    Task,
    TaskPushNotificationConfig,
    TaskStatusUpdateEvent,
)
from anyio.abc import TaskGroup

from agents.folds import Update, stream_response
from agents.guard import Guard, Nowhere, Refusal, Target
from agents.records.leases import ENDED
from agents.records.protocol import SqlPushConfigs, SqlTaskStore

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger()

TOKEN_HEADER = "X-A2A-Notification-Token"  # noqa: S105 - a header's name
TIMEOUT = 10.0
"""Seconds for one attempt."""
DELAYS = (0.5, 1, 2, 4, 8, 15, 30, 60)
"""Seconds before each further attempt."""
AT_ONCE = 32
"""Requests under way, over all tasks."""

Sleep = Callable[[float], Awaitable[None]]


class Pusher:
    """Sends in the background; enter `running` before use."""

    def __init__(
        self,
        store: SqlTaskStore,
        targets: SqlPushConfigs,
        guard: Guard,
        sleep: Sleep = anyio.sleep,
        *,
        alone: bool = True,
    ) -> None:
        """Not `alone`, others may be sending what is owed: then somebody says what is ours."""
        self._store = store
        self._targets = targets
        self._guard = guard
        self._sleep = sleep
        self._alone = alone
        self._waiting: dict[str, deque[tuple[bytes, bool]]] = {}
        self._limit = anyio.CapacityLimiter(AT_ONCE)
        self._group: TaskGroup | None = None
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own the requests under way; alone, first send the ends that are still owed."""
        import httpx  # noqa: PLC0415 - heavy, and not needed to import this module

        async with (
            httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client,
            anyio.create_task_group() as group,
        ):
            self._client, self._group = client, group
            if self._alone:
                for task in await self._store.owed():
                    self.tell_end(task)
            try:
                yield
            finally:
                self._group = None
                group.cancel_scope.cancel()

    def tell_end(self, task: Task) -> None:
        """Have the end of a task sent that an earlier process, or another, still owes."""
        ids = {"task_id": task.id, "context_id": task.context_id}
        self.tell(task, TaskStatusUpdateEvent(**ids, status=task.status))

    def tell(self, task: Task, event: Task | Update) -> None:
        """Have an event of a task sent; never waits."""
        if self._group is None:
            return
        waiting = self._waiting.get(task.id)
        if waiting is None:
            waiting = self._waiting[task.id] = deque()
            self._group.start_soon(self._drain, task.id, waiting)
        last = isinstance(event, TaskStatusUpdateEvent) and event.status.state in ENDED
        waiting.append((stream_response(event), last))

    async def _drain(self, task: str, waiting: deque[tuple[bytes, bool]]) -> None:
        try:
            while waiting:
                body, last = waiting.popleft()
                configs = await self._targets.of(task)
                for config in configs:
                    await self._deliver(config, body)
                if last and configs:
                    await self._store.settle_push(task)
        except Exception:
            log.exception("push_broken", task=task)
        finally:
            del self._waiting[task]

    async def _deliver(self, config: TaskPushNotificationConfig, body: bytes) -> None:
        for delay in (*DELAYS, None):
            if await self._attempt(config, body):
                return
            if delay is not None:
                await self._sleep(delay)
        log.warning("push_given_up", task=config.task_id, config=config.id)

    async def _attempt(self, config: TaskPushNotificationConfig, body: bytes) -> bool:
        """Send once; True when there is no point in trying again."""
        import httpx  # noqa: PLC0415 - as above

        try:
            async with self._limit:
                # Checked again at each attempt: names move, and so does the trap.
                status = await self._post(await self._guard.admit(config.url), config, body)
        except Nowhere as error:
            log.info("push_failed", task=config.task_id, config=config.id, error=str(error))
            return False
        except Refusal as refusal:
            log.warning("push_refused", task=config.task_id, config=config.id, reason=str(refusal))
            return True
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.info(
                "push_failed", task=config.task_id, config=config.id, error=type(error).__name__
            )
            return False
        again = status >= 500 or status == 429  # noqa: PLR2004 - HTTP's own numbers
        if status >= 300:  # noqa: PLR2004 - as above
            log.info("push_answered", task=config.task_id, config=config.id, status=status)
        return not again

    async def _post(self, target: Target, config: TaskPushNotificationConfig, body: bytes) -> int:
        import httpx  # noqa: PLC0415 - as above

        if self._client is None:
            raise RuntimeError("the pusher is not running")
        url = httpx.URL(target.url)
        headers = {"Content-Type": "application/a2a+json", "Host": url.netloc.decode()}
        if config.token:
            headers[TOKEN_HEADER] = config.token
        if config.authentication.credentials:
            scheme = config.authentication.scheme or "Bearer"
            headers["Authorization"] = f"{scheme} {config.authentication.credentials}"
        if target.address:
            # Connect to the address that was checked, whatever the name resolves to by now.
            url = url.copy_with(host=target.address)
        request = self._client.build_request(
            "POST", url, content=body, headers=headers, extensions={"sni_hostname": target.host}
        )
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response.status_code
