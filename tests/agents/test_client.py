"""The official client against our server, over both bindings."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from a2a.client import Client, ClientConfig, create_client
from a2a.helpers import new_text_message
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    Task,
    TaskState,
)

from agents.base import CALL_EXTENSION, DRAFT_EXTENSION
from tests.agents.doubles import Served

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["JSONRPC", "HTTP+JSON"])
async def client(agent: Served, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    # The card names the public address; the client is to find it where the test serves it.
    async def here(outgoing: httpx.Request) -> None:
        outgoing.url = outgoing.url.copy_with(port=httpx.URL(agent.url).port)

    async with httpx.AsyncClient(trust_env=False, event_hooks={"request": [here]}) as http:
        config = ClientConfig(httpx_client=http, supported_protocol_bindings=[request.param])
        yield await create_client(agent.url, client_config=config)


def ask(text: str) -> SendMessageRequest:
    message = new_text_message(text, role=Role.ROLE_USER, context_id="c")
    return SendMessageRequest(message=message)


async def test_it_streams(client: Client) -> None:
    heard = [event async for event in client.send_message(ask("say:Hel;say:lo"))]
    assert heard[0].WhichOneof("payload") == "task"
    text = "".join(
        part.text for e in heard if e.HasField("artifact_update")
        for part in e.artifact_update.artifact.parts
    )  # fmt: skip
    assert text == "Hello"
    assert heard[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED


async def test_it_gets_lists_subscribes_and_cancels(client: Client) -> None:
    stream = client.send_message(ask("say:x;gate:never"))
    id = (await anext(stream)).task.id
    task: Task = await client.get_task(GetTaskRequest(id=id))
    assert task.context_id == "c"
    listed = await client.list_tasks(ListTasksRequest(context_id="c"))
    assert [t.id for t in listed.tasks] == [id]
    subscription = client.subscribe(SubscribeToTaskRequest(id=id))
    assert (await anext(subscription)).task.id == id
    canceled = await client.cancel_task(CancelTaskRequest(id=id))
    assert canceled.status.state == TaskState.TASK_STATE_CANCELED
    last = [event async for event in subscription][-1]
    assert last.status_update.status.state == TaskState.TASK_STATE_CANCELED
    assert [event async for event in stream]


async def test_a_draft_is_made_real_by_the_same_message(client: Client) -> None:
    request = ask("say:Sure.;act:buy")
    draft = SendMessageRequest()
    draft.CopyFrom(request)
    draft.message.metadata.update({DRAFT_EXTENSION: True})
    stream = client.send_message(draft)
    id = (await anext(stream)).task.id
    while not (await anext(stream)).HasField("artifact_update"):
        pass
    rest = [event async for event in client.send_message(request)]
    assert rest[0].task.id == id
    assert rest[-1].status_update.status.state == TaskState.TASK_STATE_COMPLETED
    last = [event async for event in stream][-1]
    assert last.status_update.status.state == TaskState.TASK_STATE_COMPLETED


async def test_a_draft_is_taken_back_by_cancelling_it(client: Client) -> None:
    draft = ask("say:Sure.;act:buy")
    draft.message.metadata.update({DRAFT_EXTENSION: True})
    stream = client.send_message(draft)
    id = (await anext(stream)).task.id
    canceled = await client.cancel_task(CancelTaskRequest(id=id))
    assert canceled.status.state == TaskState.TASK_STATE_CANCELED
    assert [event async for event in stream]
    assert not (await client.list_tasks(ListTasksRequest(context_id="c"))).tasks


async def test_a_wish_for_the_call_comes_as_a_status(client: Client) -> None:
    heard = [event async for event in client.send_message(ask("say:Bye.;wish:hang_up"))]
    told = [e.status_update.status.message for e in heard if e.HasField("status_update")]
    [wish] = [m.metadata[CALL_EXTENSION] for m in told if CALL_EXTENSION in m.metadata]
    assert wish["action"] == "hang_up"
