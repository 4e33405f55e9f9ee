"""How a channel stands at its platform, for the operator's commands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a report."""

    label: str
    value: str
    remedy: str = ""
    """What to do about it; empty when it is well."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    rows: tuple[Row, ...]

    @property
    def well(self) -> bool:
        return not any(row.remedy for row in self.rows)
