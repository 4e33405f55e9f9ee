from __future__ import annotations

import pytest

from channels.twilio.zones import zone_of


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+33612345678", "Europe/Paris"),
        ("+4366012345678", "Europe/Vienna"),
        ("+12125550100", "America/New_York"),
        # Four islands and one clock.
        ("+447911123456", "Europe/Guernsey"),
        # One country, and many clocks.
        ("+79161234567", ""),
        ("+34612345678", ""),
        # No country at all.
        ("+18005551212", ""),
        ("+99912345678", ""),
        ("withheld-CA1", ""),
        ("client:ann", ""),
    ],
)
def test_a_number_tells_the_time_where_there_is_one(number: str, zone: str) -> None:
    assert zone_of(number) == zone
