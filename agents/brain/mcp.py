"""Tools of MCP servers, beside our own.

Servers are connected when a turn first needs tools, all at once. One that is down is left
out and tried again later; nobody waits for it longer than `PATIENCE`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread
from strands.tools.mcp import MCPClient
from strands.types._events import ToolResultEvent
from strands.types.tools import AgentTool, ToolGenerator, ToolUse

from agents.brain.wielded import Borrowed

log = structlog.get_logger()

PATIENCE = 5
"""Seconds to connect, unless the server's own `startup_timeout` says otherwise."""

RETRY = 60.0
"""Seconds before a server that was down is tried again."""


class Server:
    """One MCP server and its tools, while it is up."""

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        self.name = name
        self.tools: tuple[AgentTool, ...] = ()
        self.up = False
        self.next_try = 0.0
        self._config = {"startup_timeout": PATIENCE, "prefix": _prefix(name), **config}
        self._client: MCPClient | None = None

    def connect(self) -> None:
        """Connect and list the tools; blocks, and leaves the server down if that fails."""
        self.close()
        try:
            [client] = MCPClient.load_servers({self.name: self._config})
            self._client = client.start()
            self.tools = tuple(Watched(tool, self) for tool in _all_tools(client))
        except Exception as error:  # noqa: BLE001 - whatever a server does, the rest goes on
            self.close()
            log.warning("mcp_server_down", server=self.name, error=type(error).__name__)
            return
        self.up = True
        log.info("mcp_server_up", server=self.name, tools=len(self.tools))

    def check(self) -> None:
        """After a failed call: is it still there? Blocks."""
        try:
            if self._client:
                self._client.list_tools_sync()
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("mcp_server_lost", server=self.name, error=type(error).__name__)
            self.close()

    def close(self) -> None:
        client, self._client = self._client, None
        self.up, self.tools = False, ()
        if client is None:
            return
        try:
            client.stop(None, None, None)
        except Exception as error:  # noqa: BLE001 - it tells how the connection was lost
            log.debug("mcp_server_closed", server=self.name, error=type(error).__name__)


class Watched(Borrowed):
    """A server's tool; when it fails, the server is looked after."""

    def __init__(self, tool: AgentTool, server: Server) -> None:
        super().__init__(tool)
        self._server = server

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> ToolGenerator:
        async for event in self._tool.stream(tool_use, invocation_state, **kwargs):
            if isinstance(event, ToolResultEvent) and event.tool_result["status"] == "error":
                await to_thread.run_sync(self._server.check)
            yield event


class McpTools:
    """The tools of all configured servers that are up."""

    def __init__(
        self, servers: Sequence[Server], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._servers = tuple(servers)
        self._monotonic = monotonic
        self._connecting = anyio.Lock()

    async def tools(self) -> list[AgentTool]:
        """What may be used now. Tries servers that are down, if it is time."""
        async with self._connecting:
            now = self._monotonic()
            due = [one for one in self._servers if not one.up and one.next_try <= now]
            if due:
                async with anyio.create_task_group() as group:
                    for server in due:
                        server.next_try = now + RETRY
                        group.start_soon(to_thread.run_sync, server.connect)
        return [tool for server in self._servers for tool in server.tools]

    async def aclose(self) -> None:
        """Disconnect; local servers end."""
        for server in self._servers:
            await to_thread.run_sync(server.close)


def read_servers(setting: str) -> tuple[Server, ...]:
    """The servers of a JSON object, or of the file at a path.

    Raises ValueError in words for the operator.
    """
    if not setting.strip():
        return ()
    try:
        text = setting if setting.lstrip().startswith("{") else Path(setting).read_text("utf-8")
        told = json.loads(text)
    except (OSError, ValueError) as error:
        raise ValueError(f"it is neither a JSON object nor the path of one: {error}") from error
    servers = told.get("servers", told.get("mcpServers", told)) if isinstance(told, dict) else told
    if not isinstance(servers, dict):
        raise ValueError("it must map names of servers to how each is reached")  # noqa: TRY004 - a value of the setting
    for name, config in servers.items():
        if not isinstance(config, dict) or not ("command" in config or "url" in config):
            raise ValueError(f'server {name!r} needs a "command" with "args", or a "url"')
    return tuple(Server(name, config) for name, config in servers.items())


def _prefix(name: str) -> str:
    """Tools of different servers may share names; ours must not be shadowed."""
    return "".join(char if char.isalnum() or char in "_-" else "_" for char in name)


def _all_tools(client: MCPClient) -> list[AgentTool]:
    tools: list[AgentTool] = []
    page: str | None = None
    while True:
        listed = client.list_tools_sync(page)
        tools.extend(listed)
        page = listed.pagination_token
        if page is None:
            return tools
