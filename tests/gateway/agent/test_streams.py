"""Reading server-sent events and the JSON in them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import anyio
import pytest
from a2a.types import StreamResponse
from google.protobuf.json_format import (  # type: ignore[import-untyped]
    MessageToDict,
    ParseDict,
    ParseError,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.agent.streams import events, read


async def _data(wire: bytes, cuts: list[int]) -> list[bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        edges = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
        for start, end in pairwise(edges):
            yield wire[start:end]

    return [data async for data in events(chunks())]


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))),
    newline=st.sampled_from([b"\n", b"\r\n"]),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
)
def test_events_are_the_same_wherever_the_network_cuts_them(
    texts: list[str], newline: bytes, cuts: list[int]
) -> None:
    sent = [text.encode() for text in texts]
    wire = b"".join(
        b": ping" + newline * 2 + b"event: message" + newline + b"data: " + text + newline * 2
        for text in sent
    )
    assert anyio.run(_data, wire, cuts) == sent


def test_lines_of_one_event_are_joined() -> None:
    assert anyio.run(_data, b"data:a\ndata: b\n\ndata: unfinished", []) == [b"a\nb"]


def test_an_event_of_many_megabytes_is_read_in_one_pass() -> None:
    wire = b"data: " + b"x" * 12_000_000 + b"\n\n"
    began = time.process_time()
    [data] = anyio.run(_data, wire, list(range(0, len(wire), 65536)))
    assert len(data) == 12_000_000
    assert time.process_time() - began < 2


def piece(**more: Any) -> dict[str, Any]:
    artifact = {"artifactId": "r", "parts": [{"text": "Hi"}]} | more.pop("artifact", {})
    return {"artifactUpdate": {"taskId": "t", "contextId": "c", "artifact": artifact, **more}}


@pytest.mark.parametrize(
    "result",
    [
        piece(),
        piece(append=True),
        piece(lastChunk=True, artifact={"name": "reply"}),
        piece(artifact={"metadata": {"a": 1}}),
        piece(artifact={"parts": [{"text": "a"}, {"text": "b"}]}),
        piece(artifact={"parts": [{"text": "a", "filename": "a.txt"}]}),
        piece(artifact={"parts": []}),
        {"statusUpdate": {"taskId": "t", "contextId": "c", "status": {"state": "x"}}},
        {"task": {"id": "t", "unknown": 1}},
        {},
    ],
)
def test_an_event_reads_as_the_sdk_reads_it(result: dict[str, Any]) -> None:
    expected = ParseDict(result, StreamResponse(), ignore_unknown_fields=True)
    assert MessageToDict(read(result)) == MessageToDict(expected)


@pytest.mark.parametrize("result", [piece(artifact={"parts": [{"text": 1}]}), {"task": 1}, 3])
def test_what_is_no_event_is_refused(result: Any) -> None:
    with pytest.raises((ParseError, TypeError, AttributeError)):
        read(result)
