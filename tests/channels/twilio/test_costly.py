from __future__ import annotations

import pytest

from channels.twilio.costly import is_costly


@pytest.mark.parametrize(
    ("number", "costly"),
    [
        ("+19005550100", True),
        ("+33899123456", True),
        # International premium rate, which is no country's.
        ("+979123456789", True),
        ("+33612345678", False),
        ("+15005550006", False),
        ("+18005551212", False),
        ("client:ann", False),
    ],
)
def test_a_number_that_earns_by_being_called_is_known(number: str, costly: bool) -> None:  # noqa: FBT001 - a table
    assert is_costly(number) is costly
