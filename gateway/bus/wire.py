"""What replicas tell each other, as bytes: MessagePack, named by kind.

    on a conversation's channel   [worker, kind, run, offset, fields]
    on everybody's channel        [worker, kind, fields]

Replicas of two versions talk to each other while a new one is rolled out: kinds and parts that
are not known are left out, as are fields; those that are missing have their defaults.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from channels.events import Amended, Delta, Entry, Live, Part, Status, Wish
from gateway.bus.base import Signal
from gateway.bus.growing import Numbered
from gateway.bus.topics import News, SoFar

_EVENTS: dict[str, Any] = {"delta": Delta, "status": Status, "wish": Wish}
_KINDS = {kind: name for name, kind in _EVENTS.items()}
_SIGNALS: dict[str, Any] = {kind.__name__.lower(): kind for kind in get_args(Signal)}
_PARTS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Part)}

_encode = msgspec.msgpack.Encoder().encode
_decode_news = msgspec.msgpack.Decoder(tuple[str, str, float, int, Any]).decode
_decode_word = msgspec.msgpack.Decoder(tuple[str, str, Any]).decode


def news_to_bytes(worker: str, news: News) -> bytes:
    if isinstance(news, SoFar):
        fields: Any = [msgspec.to_builtins(news.status), news.text]
        return _encode((worker, "so_far", news.run, 0, fields))
    kind, fields = _event_to_fields(news.event)
    return _encode((worker, kind, news.run, news.offset, fields))


def news_from_bytes(data: bytes) -> tuple[str, News | None]:
    """Which worker tells what; None for what we do not know.

    Raises ValueError, TypeError or LookupError for what is said in another way.
    """
    worker, kind, run, offset, fields = _decode_news(data)
    if kind == "so_far":
        status, text = fields
        return worker, SoFar(run, msgspec.convert(status, Status), str(text))
    event = _event_from_fields(kind, fields)
    return worker, Numbered(event, run, offset) if event else None


def word_to_bytes(worker: str, kind: str, fields: Any = None) -> bytes:
    return _encode((worker, kind, fields))


def word_from_bytes(data: bytes) -> tuple[str, str, Any]:
    """Which worker says what to everybody. Raises ValueError."""
    return _decode_word(data)


def signal_to_fields(signal: Signal) -> list[Any]:
    return [type(signal).__name__.lower(), msgspec.to_builtins(signal)]


def signal_from_fields(fields: Any) -> Signal | None:
    """None for a signal we do not know. Raises ValueError or TypeError."""
    name, values = msgspec.convert(fields, tuple[str, Any])
    if name not in _SIGNALS:
        return None
    signal: Signal = msgspec.convert(values, _SIGNALS[name])
    return signal


def _event_to_fields(event: Live) -> tuple[str, Any]:
    match event:
        case Entry():
            fields = [event.seq, event.id, event.role, event.at, event.client_id]
            return "entry", [*fields, _parts_to_fields(event.parts)]
        case Amended(id, parts):
            return "amended", [id, _parts_to_fields(parts)]
        case _:
            return _KINDS[type(event)], msgspec.to_builtins(event)


def _event_from_fields(kind: str, fields: Any) -> Live | None:
    if kind == "entry":
        seq, id, role, at, client_id, parts, *_ = fields
        return Entry(seq, id, role, _parts_from_fields(parts), at, client_id)
    if kind == "amended":
        id, parts, *_ = fields
        return Amended(id, _parts_from_fields(parts))
    if kind not in _EVENTS:
        return None
    event: Live = msgspec.convert(fields, _EVENTS[kind])
    return event


def _parts_to_fields(parts: tuple[Part, ...]) -> list[Any]:
    return [[type(part).__name__, msgspec.to_builtins(part)] for part in parts]


def _parts_from_fields(parts: Any) -> tuple[Part, ...]:
    return tuple(msgspec.convert(fields, _PARTS[kind]) for kind, fields in parts if kind in _PARTS)
