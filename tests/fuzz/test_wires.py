"""Whatever comes over a wire, it is read or refused, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.wires import WIRES

EXAMPLES = 100


@pytest.mark.parametrize("name", WIRES)
def test_a_wire_holds_whatever_comes(name: str) -> None:
    wire = WIRES[name]
    settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )(given(wire.drawn)(wire.holds))()
