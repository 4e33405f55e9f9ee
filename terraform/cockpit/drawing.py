"""What a dashboard is made of, and how Grafana has it as JSON.

<https://grafana.com/docs/grafana/latest/reference/dashboard-json-model/>
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["ours", "cloud", "logs"]

WIDTH, HEIGHT = 8, 7
"""Of a panel; a row has 24 columns."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure, or a few that belong together."""

    title: str
    queries: dict[str, str]
    """What each line is called, and what it shows."""
    unit: str = "short"
    """As Grafana calls it: s, bytes, percentunit, reqps, currencyUSD."""
    source: Source = "ours"
    tells: str = ""
    """What to think of it, shown as a tooltip."""
    limit: float | None = None
    """From here on it is red."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels."""

    id: str
    title: str
    panels: tuple[Panel, ...]


_CHOICES = {
    "ours": ("prometheus", "Front Door's metrics", "/frontdoor/i"),
    "cloud": ("prometheus", "Scaleway Metrics", "/scaleway metrics/i"),
    "logs": ("loki", "Logs", "/scaleway logs/i"),
}
"""Of each source its type, what it is called, and which Grafana should offer."""


def grafana(dashboard: Dashboard) -> dict[str, Any]:
    used = {panel.source for panel in dashboard.panels}
    return {
        "uid": dashboard.id,
        "title": dashboard.title,
        "tags": ["frontdoor"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_choice(name) for name in _CHOICES if name in used]},
        "panels": [_drawn(at, panel) for at, panel in enumerate(dashboard.panels)],
    }


def _choice(name: str) -> dict[str, Any]:
    kind, label, regex = _CHOICES[name]
    return {"name": name, "label": label, "type": "datasource", "query": kind, "regex": regex}


def _drawn(at: int, panel: Panel) -> dict[str, Any]:
    logs = panel.source == "logs"
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    source = {"type": _CHOICES[panel.source][0], "uid": f"${{{panel.source}}}"}
    columns = 24 // WIDTH
    return {
        "id": at + 1,
        "type": "logs" if logs else "timeseries",
        "title": panel.title,
        "description": panel.tells,
        "datasource": source,
        "gridPos": {
            "x": at % columns * WIDTH,
            "y": at // columns * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
        },
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {
                    "fillOpacity": 10,
                    "thresholdsStyle": {"mode": "off" if panel.limit is None else "line"},
                },
            },
            "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + i),
                "expr": query,
                "legendFormat": legend,
                "datasource": source,
            }
            for i, (legend, query) in enumerate(panel.queries.items())
        ],
    }
