"""Our tools in the hands of a Strands agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolSpec, ToolUse

from agents.tools.job import Job
from agents.tools.registry import Tool, use


class Wielded(AgentTool):
    """One of our tools, at one job."""

    def __init__(self, tool: Tool, job: Job) -> None:
        super().__init__()
        self._tool = tool
        self._job = job

    @property
    def tool_name(self) -> str:
        return self._tool.name

    @property
    def tool_spec(self) -> ToolSpec:
        return {
            "name": self._tool.name,
            "description": self._tool.description,
            "inputSchema": {"json": self._tool.parameters},
        }

    @property
    def tool_type(self) -> str:
        return "frontdoor"

    async def stream(
        self,
        tool_use: ToolUse,
        invocation_state: dict[str, Any],
        **_: Any,
    ) -> ToolGenerator:
        given = tool_use["input"]
        told, done = await use(self._tool, self._job, given if isinstance(given, dict) else {})
        if self._job.question:
            invocation_state["agent"].cancel(after_current_tools=True)
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "success" if done else "error",
                "content": [{"text": told}],
            }
        )


class Borrowed(AgentTool):
    """Somebody else's tool, under its own name, used in another way."""

    def __init__(self, tool: AgentTool) -> None:
        super().__init__()
        self._tool = tool

    @property
    def tool_name(self) -> str:
        return self._tool.tool_name

    @property
    def tool_spec(self) -> ToolSpec:
        return self._tool.tool_spec

    @property
    def tool_type(self) -> str:
        return self._tool.tool_type


class Patient(Borrowed):
    """Somebody else's tool, which is used only once the person's words are final."""

    def __init__(self, tool: AgentTool, final: Callable[[], Awaitable[None]]) -> None:
        super().__init__(tool)
        self._final = final

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **more: Any
    ) -> ToolGenerator:
        await self._final()
        async for event in self._tool.stream(tool_use, invocation_state, **more):
            yield event
