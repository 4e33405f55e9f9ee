"""Which time it is where a caller is, as far as their number tells; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_YEAR = 2026
"""Of the winter and the summer by which zones are compared."""


@lru_cache(4096)
def zone_of(number: str) -> str:
    """The IANA zone of an E.164 number; empty when it may be one of several with other clocks.

    Slow the first time, for it loads the numbering plans of the world.
    """
    # No other part of the house needs these eight megabytes.
    from phonenumbers import NumberParseException, parse  # noqa: PLC0415
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415

    try:
        zones = time_zones_for_number(parse(number))
    except NumberParseException:
        return ""
    if not zones or "Etc/Unknown" in zones or len({_clock(zone) for zone in zones}) > 1:
        return ""
    return str(zones[0])


def _clock(zone: str) -> tuple[object, ...]:
    """What makes two zones the same to people who live there."""
    here = ZoneInfo(zone)
    return tuple(
        datetime(_YEAR, month, 1, tzinfo=UTC).astimezone(here).utcoffset() for month in (1, 7)
    )
