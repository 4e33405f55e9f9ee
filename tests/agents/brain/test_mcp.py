"""Tools of real MCP servers in the hands of the model."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from agents.base import Ask, Caller, Progress, Words
from agents.brain import BrainConfig, make_brain
from agents.brain.mcp import RETRY, McpTools, read_servers
from agents.brain.strands import StrandsBrain
from agents.records.base import Records
from tests.agents.brain.chat_server import Call, ChatServer, Say, chat_server
from tests.agents.brain.stage import Clock, Person

pytestmark = [
    pytest.mark.anyio,
    # Strands stops a client whose connection is gone by a loop that has ended.
    pytest.mark.filterwarnings("ignore:coroutine 'MCPClient.stop:RuntimeWarning"),
]

WEATHER = {
    "command": sys.executable,
    "args": [str(Path(__file__).with_name("weather_server.py"))],
    "startup_timeout": 30,
}
NOWHERE = {"url": "http://127.0.0.1:9/mcp"}


@asynccontextmanager
async def _person(
    servers: dict[str, object], groq: ChatServer, records: Records
) -> AsyncIterator[Person]:
    setting = json.dumps({"servers": servers})
    config = BrainConfig(groq_key="gsk", groq_url=groq.url, mcp_servers=setting)
    brain = make_brain(config, records, Clock())
    assert isinstance(brain, StrandsBrain)
    try:
        yield Person(brain, records)
    finally:
        await brain.aclose()


async def test_a_server_s_tools_are_offered_and_used_and_one_that_is_down_is_left_out(
    records: Records,
) -> None:
    async with (
        chat_server() as groq,
        _person({"weather": WEATHER, "nowhere": NOWHERE}, groq, records) as bob,
    ):
        groq.plays(Call((("weather_forecast", {"city": "Vienna"}),)), Say(("Sun!",)))
        heard = await bob.says("weather in Vienna?")
        offered = [tool["function"]["name"] for tool in groq.requests[0]["tools"]]
        assert "weather_forecast" in offered
        assert "add_task" in offered
        assert not [name for name in offered if name.startswith("nowhere")]
        assert "Sunny in Vienna." in groq.told()[-1]["content"]
        assert heard.text == "Sun!"
        assert heard.progress == ["Using weather forecast…"]


async def test_what_a_tool_does_nobody_knows_so_a_draft_does_not_use_it(records: Records) -> None:
    async with chat_server() as groq:
        servers = json.dumps({"weather": WEATHER})
        config = BrainConfig(groq_key="gsk", groq_url=groq.url, mcp_servers=servers)
        brain = make_brain(config, records, Clock())
        groq.plays(Call((("weather_forecast", {"city": "Vienna"}),)), Say(("Sun!",)))
        final = anyio.Event()
        caller = Caller("ann")
        ask = Ask("weather?", "ctx", "turn", caller, draft=True, final=final.wait)
        answers = aiter(brain.answer(ask))
        assert await anext(answers) == Progress("Using weather forecast…")
        assert len(groq.requests) == 1
        final.set()
        assert [one async for one in answers] == [Words("Sun!")]
        assert "Sunny in Vienna." in groq.told()[-1]["content"]
        await brain.aclose()


async def test_a_server_that_dies_is_missed_and_comes_back_later() -> None:
    now = [0.0]
    tools = McpTools(read_servers(json.dumps({"weather": WEATHER})), lambda: now[0])
    try:
        [_, die] = await tools.tools()
        use = {"toolUseId": "1", "name": "weather_die", "input": {}}
        events = [event async for event in die.stream(use, {})]  # type: ignore[arg-type]
        assert events[-1].tool_result["status"] == "error"
        assert await tools.tools() == []
        now[0] += RETRY + 1
        assert len(await tools.tools()) == 2
    finally:
        await tools.aclose()


@pytest.mark.parametrize("key", ["servers", "mcpServers"])
def test_servers_are_read_from_an_object_or_a_file(tmp_path: Path, key: str) -> None:
    setting = json.dumps({key: {"a": WEATHER, "b": NOWHERE}})
    path = tmp_path / "mcp.json"
    path.write_text(setting, "utf-8")
    assert [server.name for server in read_servers(setting)] == ["a", "b"]
    assert [server.name for server in read_servers(str(path))] == ["a", "b"]
    assert read_servers("") == ()


@pytest.mark.parametrize(
    "setting", ["{", "missing.json", '{"a": {"args": []}}', '{"a": 1}', '{"servers": []}']
)
def test_a_setting_that_cannot_be_read_is_explained(setting: str) -> None:
    with pytest.raises(ValueError, match=r"JSON object|needs a|must map"):
        read_servers(setting)


async def test_a_wrong_setting_leaves_the_rest_working(records: Records) -> None:
    async with chat_server() as groq:
        config = BrainConfig(groq_key="gsk", groq_url=groq.url, mcp_servers="{")
        brain = make_brain(config, records, Clock())
        groq.plays(Say(("ok",)))
        assert (await Person(brain, records).says("hi")).text == "ok"
        assert isinstance(brain, StrandsBrain)
        await brain.aclose()
