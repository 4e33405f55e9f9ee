"""Numbers whose owner earns when they are called or written to; pure."""

from __future__ import annotations


def is_costly(number: str) -> bool:
    """Whether an E.164 number charges whoever reaches it, as far as it tells.

    Caller id can be forged: who rings up as such a number and asks to be called back would have
    us pay them. Slow the first time, for it loads the numbering plans of the world.
    """
    # No other part of the house needs these eight megabytes.
    from phonenumbers import (  # noqa: PLC0415
        NumberParseException,
        PhoneNumberType,
        number_type,
        parse,
    )

    try:
        kind = number_type(parse(number))
    except NumberParseException:
        return False
    return kind in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
