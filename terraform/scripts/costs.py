"""What each environment costs a month: `python terraform/scripts/costs.py` prints the table.

Sizes are those of `environments/*.tfvars`, prices those of `prices.json`, whose date the table
states; docs/deploy.md has the table, and a test holds it to this.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

TERRAFORM = Path(__file__).parent.parent
ENVIRONMENTS = ("dev", "staging", "prod")

# What no file tells, and the table says.
FILES_GB, IMAGES_GB, SECRETS = 50, 2, 40
SAMPLES_A_MINUTE = 600
"""Figures that one replica sends to Cockpit."""


def sizes(environment: str) -> dict[str, Any]:
    """What an environment's variables ask for."""
    text = (TERRAFORM / "environments" / f"{environment}.tfvars").read_text("utf-8")
    text = re.sub(r"#.*", "", text)

    def block(name: str) -> dict[str, str]:
        found = re.search(rf"^{name}\s*=\s*\{{(.*?)\}}", text, re.DOTALL | re.MULTILINE)
        return dict(re.findall(r'(\w+)\s*=\s*"?([\w.-]+)"?', found[1])) if found else {}

    scaling = {
        name: {key: int(value) for key, value in re.findall(r"(\w+)\s*=\s*(\d+)", inside)}
        for name, inside in re.findall(r"([\w-]+)\s*=\s*\{\s*(min_scale[^}]*)\}", text)
    }
    runtime = re.search(r'^voice_runtime\s*=\s*"(\w+)"', text, re.MULTILINE)
    return {
        "scaling": scaling,
        "database": block("database"),
        "redis": block("redis"),
        "machines": block("voice_instance"),
        "runtime": runtime[1] if runtime else "container",
    }


def monthly(asked: dict[str, Any], prices: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Euros a month of each part: with nothing to do, and with all that may run running."""
    hours, euros = prices["hours_in_a_month"], prices["euros"]
    scaling = dict(asked["scaling"])
    parts: dict[str, tuple[float, float]] = {}
    if asked["runtime"] == "instance":
        scaling.pop("voice")
        machine = euros["instance_hour"][asked["machines"].get("type", "PLAY2-NANO")]
        count = int(asked["machines"].get("count", 1))
        balancer = euros["load_balancer_hour"] + euros["ip_hour"]
        parts["machines for calls"] = _same((count * machine + balancer) * hours)

    def containers(scale: str) -> float:
        return sum(
            size[scale]
            * hours
            * 3600
            * (
                size["memory_mb"] / 1000 * euros["container_gb_second"]
                + size["cpu"] / 1000 * euros["container_vcpu_second"]
            )
            for size in scaling.values()
        )

    parts["containers"] = containers("min_scale"), containers("max_scale")
    node = asked["database"]["node_type"]
    nodes = 2 if asked["database"]["high_availability"] == "true" else 1
    volume = int(asked["database"].get("volume_gb", 50)) * euros["database_volume_gb_hour"]
    parts["database"] = _same(
        hours
        * (
            nodes * (euros["database_node_hour"][node] + volume)
            + euros["database_management_hour"][node]
        )
    )
    redis = asked["redis"]
    each = euros["redis_node_hour"][redis["node_type"]]
    parts["Redis"] = _same(hours * each * int(redis.get("cluster_size", 1)))
    parts["files, images, secrets"] = _same(
        hours
        * (
            FILES_GB * euros["bucket_gb_hour"]
            + IMAGES_GB * euros["registry_gb_hour"]
            + SECRETS * euros["secret_version_hour"]
        )
    )

    def metrics(scale: str) -> float:
        replicas = sum(size[scale] for size in asked["scaling"].values())
        million = replicas * SAMPLES_A_MINUTE * 60 * hours / 1e6
        return float(million * euros["metrics_million_samples"])

    parts["figures"] = metrics("min_scale"), metrics("max_scale")
    return parts


def _same(euros: float) -> tuple[float, float]:
    return euros, euros


def table() -> str:
    """All environments, as Markdown."""
    prices = json.loads((TERRAFORM / "prices.json").read_text("utf-8"))
    costs = {name: monthly(sizes(name), prices) for name in ENVIRONMENTS}
    rows = list(dict.fromkeys(part for parts in costs.values() for part in parts))
    lines = [
        f"| euros a month, prices of {prices['read']} | {' | '.join(ENVIRONMENTS)} |",
        f"|---|{'---|' * len(ENVIRONMENTS)}",
    ]
    for part in rows:
        cells = [_cell(costs[name].get(part, (0.0, 0.0))) for name in ENVIRONMENTS]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    sums = [
        tuple(sum(part[i] for part in costs[name].values()) for i in (0, 1))
        for name in ENVIRONMENTS
    ]
    lines.append(f"| **together** | {' | '.join(_cell((low, high)) for low, high in sums)} |")
    return "\n".join(lines)


def _cell(costs: tuple[float, float]) -> str:
    low, high = (f"{euros:,.0f}" for euros in costs)
    return low if low == high else f"{low} to {high}"


if __name__ == "__main__":
    print(table())
