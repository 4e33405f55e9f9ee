"""An MCP server over stdio, for tests: knows the weather, and dies when told to."""

from __future__ import annotations

import os

from mcp.server import MCPServer

server = MCPServer("weather")


@server.tool()
def forecast(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


@server.tool()
def die() -> str:
    """End the server at once."""
    os._exit(1)


if __name__ == "__main__":
    server.run()
