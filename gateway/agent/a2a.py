"""The agent behind the door, over the A2A 1.0 task API.

Whoever speaks A2A can stand there: over JSON-RPC or HTTP+JSON, with or without streaming, also
0.3 agents as far as the SDK translates. The SDK loads slowly, so it is imported with first use.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import structlog

from gateway.agent.base import About, Agent, AgentEvent, Ask, Standing
from gateway.agent.hearing import Hearing
from gateway.errors import AgentBroken, AgentError, AgentUnreachable, TaskUnknown

if TYPE_CHECKING:
    import httpx
    from a2a.types import StreamResponse, Task

    from gateway.agent.link import Link

log = structlog.get_logger()

_OVER = (3, 4, 5, 7)
"""Numbers of a2a.v1.TaskState that no message changes; to name them would load the SDK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class A2AConfig:
    """Where the agent is and how patient we are with it; times in seconds."""

    url: str
    """Base URL, or the URL of its card (`….json`)."""
    keep_origin: bool = False
    """Speak to the origin of `url` whatever the card says: a card names the public address, and
    an agent in our own process is nearer."""
    token: str = ""
    """Bearer token sent to it."""
    notification_url: str = ""
    """Where it may report that a task ended; empty asks for no reports."""
    notification_token: str = ""
    """Sent back with each report, so that we know it is genuine."""
    connect_timeout: float = 5.0
    request_timeout: float = 10.0
    silence_timeout: float = 120.0
    """Without a byte, keep-alives included, a stream counts as broken."""
    answer_timeout: float = 300.0
    """For the answer of an agent that neither streams nor returns at once."""
    patience: float = 20.0
    """How long an agent may be out of reach in the middle of a task."""
    shortest_poll: float = 0.25
    longest_poll: float = 5.0


class A2AAgent(Agent):
    """A client of one agent; serves any number of conversations at once."""

    def __init__(self, config: A2AConfig) -> None:
        self._config = config
        self._http: httpx.AsyncClient | None = None
        self._link: Link | None = None

    async def warm(self) -> None:
        """Load what the first conversation needs, without holding up the event loop."""
        if self._http is None:
            await anyio.to_thread.run_sync(importlib.import_module, "gateway.agent.link")
            made = await anyio.to_thread.run_sync(self._make_client)
            # Whoever else waited for the same may have been faster.
            self._http = self._http or made

    async def start(self, ask: Ask) -> AsyncGenerator[AgentEvent]:
        async with self._linked() as link:
            past = await self._asked(link, ask.task)
            taken = past is not None and _holds(past, ask.id)
            if not taken and (past is None or past.status.state in _OVER):
                # Nobody waits for this answer any more; it can still be a message.
                ask, past = replace(ask, task=""), None
            hearing = Hearing(None if taken else past)
            failure: AgentError | None = None
            if not taken:
                try:
                    async with aclosing(_hear(link.send(ask), hearing)) as events:
                        async for event in events:
                            yield event
                except AgentError as error:
                    failure = error
            if hearing.ended:
                return
            if ask.draft:
                # What is lacking comes with the message that makes it real.
                if failure is not None:
                    raise failure
                return
            known = hearing.task or (ask.task if taken else "")
            task = known or await self._salvage(link, ask, failure)
            declared = None if isinstance(failure, AgentUnreachable) else failure
            async with aclosing(self._follow(link, task, hearing, declared)) as events:
                async for event in events:
                    yield event

    async def resume(self, task: str) -> AsyncGenerator[AgentEvent]:
        async with (
            self._linked() as link,
            aclosing(self._follow(link, task, Hearing(), None)) as events,
        ):
            async for event in events:
                yield event

    async def find(self, context: str, id: str) -> str | None:
        async with self._linked() as link:
            return await link.find(context, id)

    async def look(self, task: str) -> Standing:
        async with self._linked() as link:
            return Standing(tuple(Hearing().hear_task(await link.task(task))))

    async def cancel(self, task: str) -> None:
        async with self._linked() as link:
            await link.cancel(task)

    async def about(self) -> About:
        self._link = None
        async with self._linked() as link:
            return link.about

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
        self._http = self._link = None

    @asynccontextmanager
    async def _linked(self) -> AsyncIterator[Link]:
        """The link, made of the agent's card; after a failure the card is read again."""
        await self.warm()
        link = self._link or await self._connect()
        try:
            yield link
        except (AgentUnreachable, AgentBroken):
            if self._link is link:
                self._link = None
            raise

    async def _connect(self) -> Link:
        from gateway.agent.link import connect  # noqa: PLC0415 - loads the SDK

        assert self._http is not None  # noqa: S101 - warm() made it
        self._link = await connect(self._http, self._config)
        return self._link

    def _make_client(self) -> httpx.AsyncClient:
        from gateway.agent.link import http_client  # noqa: PLC0415 - loads the SDK

        return http_client(self._config)

    async def _asked(self, link: Link, task: str) -> Task | None:
        """The task whose question is answered, if the agent remembers it."""
        if not task:
            return None
        try:
            return await link.task(task)
        except TaskUnknown:
            log.warning("question_forgotten", task=task)
            return None

    async def _salvage(self, link: Link, ask: Ask, failure: AgentError | None) -> str:
        """The task of a message whose stream broke before it was named; else raises why."""
        from gateway.agent.link import NeverArrived  # noqa: PLC0415 - loads the SDK

        if failure is None:
            failure = AgentUnreachable("The agent closed the stream without a word.")
        if isinstance(failure, NeverArrived) or not isinstance(failure, AgentUnreachable):
            raise failure
        try:
            task = await link.find(ask.context, ask.id)
        except AgentError:
            raise failure from None
        if task is None:
            raise failure
        log.info("agent_task_found", task=task, conversation=ask.context)
        return task

    async def _follow(  # noqa: C901 - one loop, read in one piece
        self, link: Link, task: str, hearing: Hearing, failure: AgentError | None
    ) -> AsyncGenerator[AgentEvent]:
        """Hear a known task to its rest: by its stream while there is one, else by asking.

        `failure` is what the agent declared to have ended the stream before. If the task does
        not rest then, nobody works on it any more, and the failure is raised.
        """
        live = link.streaming and failure is None
        pause = self._config.shortest_poll
        in_reach = anyio.current_time()
        while not hearing.ended:
            contacts, news = hearing.contacts, False
            try:
                told = _hear(link.subscribe(task), hearing) if live else _look(link, task, hearing)
                async with aclosing(told) as events:
                    async for event in events:
                        news = True
                        yield event
            except AgentUnreachable:
                if hearing.contacts > contacts:
                    in_reach = anyio.current_time()
                elif anyio.current_time() - in_reach > self._config.patience:
                    raise
                log.info("agent_stream_broken", task=task)
            except AgentError as error:
                if not live:
                    raise
                log.info("agent_stream_refused", task=task, error=type(error).__name__)
                failure = error if isinstance(error, AgentBroken) else None
                live = False
                continue
            else:
                in_reach = anyio.current_time()
                if failure is not None and not (live or hearing.ended):
                    raise failure
                live = live and news
            pause = self._config.shortest_poll if news else pause * 1.6
            if not hearing.ended:
                await anyio.sleep(min(pause, self._config.longest_poll))


def _holds(task: Task, id: str) -> bool:
    """Whether the task got message `id` already."""
    return any(message.message_id == id for message in task.history)


async def _hear(
    stream: AsyncGenerator[StreamResponse], hearing: Hearing
) -> AsyncGenerator[AgentEvent]:
    """What a stream tells, up to the task's rest or its own end."""
    async with aclosing(stream):
        async for response in stream:
            for event in hearing.hear(response):
                yield event
            if hearing.ended:
                return


async def _look(link: Link, task: str, hearing: Hearing) -> AsyncGenerator[AgentEvent]:
    """What the task tells when asked."""
    for event in hearing.hear_task(await link.task(task)):
        yield event
