"""The agent double itself: the methods of A2A, answered by scripts."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import anyio
import anyio.abc
import httpx
from a2a.server.context import ServerCallContext
from a2a.server.events import Event
from a2a.server.request_handlers.request_handler import RequestHandler
from a2a.server.routes import create_jsonrpc_routes, create_rest_routes
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse,
    ListTasksRequest,
    ListTasksResponse,
    Message,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import (
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.keyboard import lines_of
from channels.loopback import serving
from gateway.agent.asking import DRAFT_EXTENSION
from gateway.agent.link import certificates
from gateway.agent.scripted import scripts
from gateway.agent.scripted.performance import TERMINAL, Cut, Performance, World
from gateway.agent.scripted.plays import Play, Received, as_written, by_keyword, received_from
from gateway.agent.scripted.scripts import NEVER, Script, Step
from gateway.agent.scripted.stage import Lines, Traits, Wire, card

_TYPED = "\n"
"""The gate behind which the lines are that somebody typed."""


class ScriptedAgent(RequestHandler):
    """Plays scripts to whoever sends messages, and keeps a record of what came.

    Serve `app` with any ASGI server that runs its lifespan, or use `serving`.
    """

    def __init__(
        self, play: Play | Script | str = as_written, traits: Traits | None = None
    ) -> None:
        if isinstance(play, str):
            play = scripts.parse(play)
        self._play: Play = play if callable(play) else lambda _, script=play: script  # type: ignore[misc]
        self.traits = traits or Traits()
        self.received: list[Received] = []
        self.calls: list[str] = []
        """Names of the requests that came, in A2A's words."""
        self.app = Wire(self._starlette(), self.traits.token)
        self._shows: dict[str, Performance] = {}
        self._by_message: dict[str, Performance] = {}
        self._gates: defaultdict[str, anyio.Event] = defaultdict(anyio.Event)
        self._typed: deque[str] = deque()
        self._world = World(
            self._pass_gate,
            self._next_line,
            self._notify,
            self.traits.first_delay,
            self.traits.token_delay,
        )
        self._tasks: anyio.abc.TaskGroup | None = None
        self._http: httpx.AsyncClient | None = None

    def open(self, gate: str) -> None:
        """Let every script past the gate, now and later."""
        self._gates[gate].set()

    def type(self, line: str) -> None:
        """A line for the longest waiting `Improvise` step."""
        self._typed.append(line)
        self._gates[_TYPED].set()

    @property
    def lines(self) -> int:
        """How many requests are being answered now."""
        return len(self.app.lines)

    @property
    def messages(self) -> list[Received]:
        """What was received, without repetitions."""
        return [received for received in self.received if not received.again]

    @asynccontextmanager
    async def serving(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve on a port, a free one by default; gives the base URL. Leaving drops everybody."""
        async with serving(self.app, port, host) as url:
            try:
                yield url
            finally:
                self.app.hang_up()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own the scripts being played; the app's lifespan enters it."""
        if not self.traits.keep:
            self._shows.clear()
            self._by_message.clear()
        async with (
            httpx.AsyncClient(trust_env=False, verify=certificates()) as self._http,
            anyio.create_task_group() as self._tasks,
        ):
            for show in self._shows.values():
                self._tasks.start_soon(show.play)
            yield
            self._tasks.cancel_scope.cancel()

    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        self.calls.append("SendStreamingMessage")
        if not self.traits.streaming:
            raise UnsupportedOperationError
        if self._is_draft(params) and params.message.task_id:
            # It answers a question, and is taken when it is final.
            self.received.append(received_from(params, again=False))
            yield self._find(params.message.task_id).snapshot()
            return
        show, since = self._take(params)
        async for event in self._listen(show, since, context):
            yield event

    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Task | Message:
        self.calls.append("SendMessage")
        show, since = self._take(params)
        async for event in self._listen(show, since, context):
            if isinstance(event, Message):
                return event
            if params.configuration.return_immediately:
                break
        return show.snapshot()

    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        self.calls.append("SubscribeToTask")
        show = self._find(params.id)
        if not self.traits.subscribable or show.task.status.state in TERMINAL:
            raise UnsupportedOperationError
        async for event in self._listen(show, None, context):
            yield event

    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task:
        self.calls.append("GetTask")
        return self._find(params.id).snapshot()

    async def on_list_tasks(
        self, params: ListTasksRequest, context: ServerCallContext
    ) -> ListTasksResponse:
        self.calls.append("ListTasks")
        if not self.traits.listing:
            raise UnsupportedOperationError
        tasks = [show.task for show in self._shows.values() if show.taken]
        found = [t for t in reversed(tasks) if params.context_id in ("", t.context_id)]
        return ListTasksResponse(tasks=found, page_size=len(found), total_size=len(found))

    async def on_cancel_task(self, params: CancelTaskRequest, context: ServerCallContext) -> Task:
        self.calls.append("CancelTask")
        show = self._find(params.id)
        if show.task.status.state in TERMINAL:
            raise TaskNotCancelableError
        show.scope.cancel()
        await show.rest(TaskState.TASK_STATE_CANCELED)
        if not show.final.is_set():
            self._forget(show)
        return show.snapshot()

    async def on_create_task_push_notification_config(
        self, params: TaskPushNotificationConfig, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        self._find(params.task_id).notify = params
        return params

    async def on_get_task_push_notification_config(
        self, params: GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        raise UnsupportedOperationError

    async def on_list_task_push_notification_configs(
        self, params: ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        raise UnsupportedOperationError

    async def on_delete_task_push_notification_config(
        self, params: DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        raise UnsupportedOperationError

    async def on_get_extended_agent_card(
        self, params: GetExtendedAgentCardRequest, context: ServerCallContext
    ) -> AgentCard:
        raise UnsupportedOperationError

    def _take(self, params: SendMessageRequest) -> tuple[Performance, int | None]:
        """The performance that answers a message, and from where it is to be heard."""
        message = params.message
        known = self._by_message.get(message.message_id) if self.traits.idempotent else None
        if known is not None and known.vanished:
            known = None
        if known is not None and not (self._is_draft(params) or known.final.is_set()):
            if list(known.task.history[-1].parts) == list(message.parts):
                known.final.set()
            else:
                known.scope.cancel()
                self._forget(known)
                known = None
        received = received_from(params, again=known is not None)
        self.received.append(received)
        if known is not None:
            return known, None
        if message.task_id:
            show = self._find(message.task_id)
            if show.task.status.state in TERMINAL:
                raise UnsupportedOperationError
        else:
            context, draft = message.context_id or str(uuid4()), self._is_draft(params)
            show = Performance(context, self._world, draft=draft)
            self._shows[show.task.id] = show
        if params.configuration.HasField("task_push_notification_config"):
            show.notify = params.configuration.task_push_notification_config
        self._by_message[message.message_id] = show
        since = len(show.told)
        message.task_id = show.task.id
        show.answer(message, self._play(received))
        if self._tasks is None:
            raise RuntimeError("a scripted agent needs its app's lifespan, or running()")
        self._tasks.start_soon(show.play)
        return show, since

    def _is_draft(self, params: SendMessageRequest) -> bool:
        return self.traits.drafts and DRAFT_EXTENSION in params.message.metadata

    def _forget(self, show: Performance) -> None:
        """Let a draft never have been."""
        del self._shows[show.task.id]
        self._by_message = {id: s for id, s in self._by_message.items() if s is not show}

    def _find(self, task: str) -> Performance:
        show = self._shows.get(task)
        if show is None or not show.taken:
            raise TaskNotFoundError
        return show

    async def _listen(
        self, show: Performance, since: int | None, context: ServerCallContext
    ) -> AsyncGenerator[Event]:
        async for item in show.listen(since):
            if isinstance(item, Cut):
                context.state["line"].cancel()
                await anyio.sleep_forever()
            yield item  # type: ignore[misc]  # nonsense is what some scripts are about

    async def _pass_gate(self, name: str) -> None:
        if name == NEVER:
            await anyio.sleep_forever()
        await self._gates[name].wait()

    async def _next_line(self) -> str:
        while not self._typed:
            await self._gates[_TYPED].wait()
        if len(self._typed) == 1:
            del self._gates[_TYPED]
        return self._typed.popleft()

    async def _notify(
        self, config: TaskPushNotificationConfig, update: TaskStatusUpdateEvent
    ) -> None:
        assert self._http is not None  # noqa: S101 - only a running agent plays
        body = MessageToDict(StreamResponse(status_update=update))
        headers = {"X-A2A-Notification-Token": config.token}
        try:
            await self._http.post(config.url, json=body, headers=headers)
        except httpx.HTTPError:
            return  # as unreliable as notifications are

    def _starlette(self) -> Starlette:
        lines = Lines()
        return Starlette(
            routes=[
                Route("/.well-known/agent-card.json", self._card),
                *create_jsonrpc_routes(
                    self,
                    "/a2a",
                    context_builder=lines,
                    enable_v0_3_compat=self.traits.protocol == "0.3",
                ),
                *create_rest_routes(self, path_prefix="/rest", context_builder=lines),
            ],
            lifespan=lambda _: self.running(),
        )

    async def _card(self, request: Request) -> Response:
        return JSONResponse(card(self.traits, str(request.base_url)))


async def run(
    port: int,
    plays: Mapping[str, Script] | None = None,
    *,
    keyboard: bool = False,
    traits: Traits | None = None,
) -> None:
    """Serve a scripted agent until cancelled: `frontdoor sim agent`.

    Scripts are chosen by a keyword in the message, else the message is itself the script. With
    `keyboard` a person answers instead: each line is a script or plain words.
    """
    play: Play = (lambda _: (scripts.Improvise(),)) if keyboard else by_keyword(plays or {})

    def tell(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - for the person who runs it

    def show(received: Received) -> Iterable[Step]:
        tell(f"← {received.text}")
        return play(received)

    agent = ScriptedAgent(show, traits)
    async with agent.serving(port) as url:
        tell(f"A scripted agent answers at {url}. Start Front Door with")
        tell(f"  AGENT_URL={url} frontdoor serve")
        if keyboard:
            tell("Lines you type are its answers: plain words, or a script such as say:Hm;wait:2")
            async for line in lines_of(sys.stdin.fileno()):
                agent.type(line)
        await anyio.sleep_forever()
