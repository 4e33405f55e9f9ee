"""An agent's answer to a turn, whether it was asked before or not: nothing is asked twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import structlog

from gateway.agent.base import Agent, AgentEvent, Ask, Started
from gateway.errors import TaskUnknown
from gateway.store.base import Turn

log = structlog.get_logger()

GIVE_UP_SECONDS = 24 * 3600.0
"""After so long without an answer the person is told that there will be none."""


async def answer(
    agent: Agent, turn: Turn, ask: Callable[[], Awaitable[Ask]]
) -> AsyncGenerator[AgentEvent, None]:
    """What the agent says of a turn's task, which is begun with `ask` if there is none.

    An earlier attempt may have been killed between asking and noting the task, so the agent is
    asked for that first. Raises AgentError.
    """
    task = turn.task
    if not task and turn.attempts > 1:
        task = await agent.find(turn.context, turn.ask_id) or ""
    if task:
        try:
            async with aclosing(agent.resume(task)) as events:
                yield Started(task)
                async for event in events:
                    yield event
        except TaskUnknown:
            # It forgot: to the person that is no different from never having been asked.
            log.warning("task_forgotten", task=task)
        else:
            return
    async with aclosing(agent.start(await ask())) as events:
        async for event in events:
            yield event
