"""What is kept in JSON columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from channels.events import (
    Choice,
    Choices,
    Chosen,
    Contact,
    File,
    Location,
    Part,
    Quote,
    Route,
    Text,
    Transcript,
)
from gateway.store.base import Given

_PARTS: dict[str, type[Part]] = {
    "text": Text,
    "transcript": Transcript,
    "file": File,
    "location": Location,
    "contact": Contact,
    "quote": Quote,
    "choices": Choices,
    "chosen": Chosen,
}
_TYPES = {kind: name for name, kind in _PARTS.items()}


def parts_to_json(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [{"type": _TYPES[type(part)], **asdict(part)} for part in parts]


def parts_from_json(data: list[dict[str, Any]]) -> tuple[Part, ...]:
    return tuple(_part(dict(item)) for item in data)


def _part(item: dict[str, Any]) -> Part:
    kind = _PARTS[item.pop("type")]
    if kind is Choices:
        return Choices(tuple(Choice(**option) for option in item["options"]))
    return kind(**item)


def route_to_json(route: Route) -> dict[str, str]:
    return asdict(route)


def route_from_json(data: dict[str, str]) -> Route:
    return Route(**data)


def given_from_json(data: dict[str, Any]) -> Given:
    return Given(data["text"], tuple(data["files"]), tuple(data["notices"]))


def lane(route: Route) -> str:
    """What must stay in order: everything to one place in one chat."""
    return f"{route.channel}/{route.account}/{route.chat}/{route.thread}"
