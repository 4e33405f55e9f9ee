"""Reading untrusted JSON objects: a value of the right kind, or TypeError."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]


def text(of: Json, key: str) -> str:
    """The string under `key`, storable anywhere; empty when absent."""
    value = of.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is not a string")
    if value.isascii() and "\x00" not in value:
        return value
    # A lone surrogate cannot be encoded and NUL cannot be stored by PostgreSQL.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")


def whole(of: Json, key: str, default: int | None = None) -> int:
    """The integer under `key`; `default` when absent, unless that is None."""
    value = of.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{key} is not an integer")
    return value


def number(of: Json, key: str) -> float:
    """The finite number under `key`."""
    value = of.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"{key} is not a number")
    return float(value)


def table(of: Json, key: str) -> Json:
    """The object under `key`; empty when absent."""
    value = of.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{key} is not an object")
    return value


def tables(of: Json, key: str) -> list[Json]:
    """The list of objects under `key`; empty when absent."""
    value = of.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError(f"{key} is not a list of objects")
    return value
