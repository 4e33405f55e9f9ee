"""The A2A methods, for both bindings, over the desk and the ledger."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from a2a.server.context import ServerCallContext
from a2a.server.events.event_queue import Event
from a2a.server.request_handlers import RequestHandler, validate_request_params
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
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
    TaskStatusUpdateEvent,
)
from a2a.utils.errors import (
    A2AError,
    InternalError,
    InvalidParamsError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from a2a.utils.task import apply_history_length, validate_history_length, validate_page_size

from agents.desk import Desk
from agents.folds import RESTING, ended
from agents.guard import Guard, Nowhere, Refusal
from agents.ledger import Ledger
from agents.records.leases import ENDED
from agents.records.protocol import SqlPushConfigs, SqlTaskStore

log = structlog.get_logger()

P = ParamSpec("P")
R = TypeVar("R")


def _plainly(
    method: Callable[Concatenate[Any, P], Awaitable[R]],
) -> Callable[Concatenate[Any, P], Awaitable[R]]:
    """What went wrong on our side is for the log; the SDK would tell the caller its text."""

    @functools.wraps(method)
    async def wrapper(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(self, *args, **kwargs)
        except A2AError:
            raise
        except Exception as error:
            log.exception("request_failed", method=method.__name__)
            raise InternalError(_SORRY) from error

    return wrapper


def _plainly_streamed(
    method: Callable[Concatenate[Any, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[Any, P], AsyncGenerator[R, None]]:
    @functools.wraps(method)
    async def wrapper(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        stream = method(self, *args, **kwargs)
        try:
            async for item in stream:
                yield item
        except A2AError:
            raise
        except Exception as error:
            log.exception("request_failed", method=method.__name__)
            raise InternalError(_SORRY) from error
        finally:
            await stream.aclose()

    return wrapper


_SORRY = "The agent could not do this; the reason is in its log."


class Handler(RequestHandler):
    """Answers A2A requests; raises A2AError, and nothing else."""

    def __init__(
        self,
        desk: Desk,
        ledger: Ledger,
        store: SqlTaskStore,
        targets: SqlPushConfigs,
        guard: Guard,
    ) -> None:
        self._desk = desk
        self._ledger = ledger
        self._store = store
        self._targets = targets
        self._guard = guard

    @validate_request_params
    @_plainly
    async def on_message_send(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> Task | Message:
        """Wait until the reply is whole; what was promised for later is not waited for."""
        del context
        task = await self._take(params)
        if not params.configuration.return_immediately:
            await self._desk.answered(task)
        return apply_history_length(await self._look(task), params.configuration)

    @validate_request_params
    @_plainly_streamed
    async def on_message_send_stream(
        self, params: SendMessageRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        del context
        id = await self._take(params)
        if held := self._desk.held(params.message):
            yield apply_history_length(await self._look(id), params.configuration)
            await held.over.wait()
            if not held.real:
                return
        else:
            await self._desk.known(id, params.message.message_id)
        async for event in self._follow(id, until=RESTING):
            if isinstance(event, Task):
                yield apply_history_length(event, params.configuration)
            else:
                yield event

    @validate_request_params
    @_plainly_streamed
    async def on_subscribe_to_task(
        self, params: SubscribeToTaskRequest, context: ServerCallContext
    ) -> AsyncGenerator[Event, None]:
        del context
        if ended(await self._look(params.id)):
            raise UnsupportedOperationError("the task has ended; get it instead")
        async for event in self._follow(params.id, until=ENDED):
            yield event

    @validate_request_params
    @_plainly
    async def on_get_task(self, params: GetTaskRequest, context: ServerCallContext) -> Task:
        del context
        validate_history_length(params)
        return apply_history_length(await self._look(params.id), params)

    @validate_request_params
    @_plainly
    async def on_list_tasks(
        self, params: ListTasksRequest, context: ServerCallContext
    ) -> ListTasksResponse:
        del context
        validate_history_length(params)
        if params.HasField("page_size"):
            validate_page_size(params.page_size)
        page = await self._store.list(params)
        tasks = [apply_history_length(task, params) for task in page.tasks]
        del page.tasks[:]
        page.tasks.extend(tasks)
        if not params.include_artifacts:
            for task in page.tasks:
                task.ClearField("artifacts")
        return page

    @validate_request_params
    @_plainly
    async def on_cancel_task(self, params: CancelTaskRequest, context: ServerCallContext) -> Task:
        del context
        return await self._desk.cancel(params.id)

    @validate_request_params
    @_plainly
    async def on_create_task_push_notification_config(
        self, params: TaskPushNotificationConfig, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        del context
        await self._look(params.task_id)
        await self._check_target(params)
        return await self._targets.add(params.task_id, params)

    @validate_request_params
    @_plainly
    async def on_get_task_push_notification_config(
        self, params: GetTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> TaskPushNotificationConfig:
        del context
        await self._look(params.task_id)
        for config in await self._targets.of(params.task_id):
            if config.id == params.id:
                return config
        raise TaskNotFoundError("the task has no push notification config of that id")

    @validate_request_params
    @_plainly
    async def on_list_task_push_notification_configs(
        self, params: ListTaskPushNotificationConfigsRequest, context: ServerCallContext
    ) -> ListTaskPushNotificationConfigsResponse:
        del context
        await self._look(params.task_id)
        configs = await self._targets.of(params.task_id)
        return ListTaskPushNotificationConfigsResponse(configs=configs)

    @validate_request_params
    @_plainly
    async def on_delete_task_push_notification_config(
        self, params: DeleteTaskPushNotificationConfigRequest, context: ServerCallContext
    ) -> None:
        del context
        await self._look(params.task_id)
        await self._targets.remove(params.task_id, params.id)

    async def on_get_extended_agent_card(
        self, params: GetExtendedAgentCardRequest, context: ServerCallContext
    ) -> AgentCard:
        del params, context
        raise UnsupportedOperationError("this agent has no extended card")

    async def _take(self, params: SendMessageRequest) -> str:
        validate_history_length(params.configuration)
        target = None
        if params.configuration.HasField("task_push_notification_config"):
            target = params.configuration.task_push_notification_config
            await self._check_target(target)
        return await self._desk.take(params.message, target)

    async def _look(self, id: str) -> Task:
        task = await self._ledger.look(id)
        if task is None:
            raise TaskNotFoundError
        return task

    async def _follow(
        self, id: str, *, until: Collection[TaskState]
    ) -> AsyncGenerator[Event, None]:
        """A task as it stands, then what happens to it until it comes to one of the states."""
        async with self._ledger.follow(id) as (snapshot, events):
            yield snapshot
            if snapshot.status.state in until:
                return
            async for event in events:
                yield event
                if isinstance(event, TaskStatusUpdateEvent) and event.status.state in until:
                    return

    async def _check_target(self, config: TaskPushNotificationConfig) -> None:
        shown = f"{config.token}{config.authentication.scheme}{config.authentication.credentials}"
        if not (shown.isascii() and shown.isprintable()):
            raise InvalidParamsError("token, scheme and credentials must be printable ASCII")
        try:
            await self._guard.admit(config.url)
        except Nowhere:
            # Name servers fail, and names move: what is called is checked again at each call.
            log.info("push_target_unresolved", task=config.task_id, config=config.id)
        except Refusal as refusal:
            raise InvalidParamsError(f"this push notification URL is refused: {refusal}") from None
