"""The Grafana dashboards, as data: `python -m terraform.cockpit.dashboards` writes them as JSON.

Figures named `frontdoor_…` are ours and in the metrics source that Terraform makes; the others are
the cloud's own, in the source that it calls "Scaleway Metrics". Cockpit names sources by project,
so each dashboard lets its reader choose them, and finds the usual ones by itself.
"""

from __future__ import annotations

import json
from pathlib import Path

from terraform.cockpit.drawing import Dashboard, Panel, grafana

FOLDER = Path(__file__).parent / "grafana"


def _slowest(metric: str, of: float, by: str = "", only: str = "") -> str:
    """The time within which a share of all was done."""
    labels = f"le, {by}" if by else "le"
    chosen = f"{{{only}}}" if only else ""
    return f"histogram_quantile({of}, sum by ({labels}) (rate({metric}_bucket{chosen}[5m])))"


def _share(part: str, whole: str) -> str:
    return f"sum({part}) / clamp_min(sum({whole}), 1e-9)"


_ERRORS = _share(
    'rate(frontdoor_http_requests_total{status=~"5.."}[5m])',
    "rate(frontdoor_http_requests_total[5m])",
)
_FULL = "1 - min by (resource_name) ({0}_avail_bytes / {0}_size_bytes)"
_CPU = "rdb_instance_postgresql_node_cpu_seconds_total"
_ACTIVITY = "rdb_instance_postgresql_pg_stat_activity_count"
_REMOTE = "frontdoor_remote_request_duration_seconds"
_MEMORY = "serverless_container_memory"

HEALTH = Dashboard(
    "frontdoor-health",
    "Front Door: system health",
    (
        Panel(
            "Parts",
            {
                "database": "max(frontdoor_database_up)",
                "Redis": "max(frontdoor_redis_up)",
                "agent": "1 - min(frontdoor_agent_circuit_open)",
            },
            tells="1 while at least one replica reaches it.",
        ),
        Panel(
            "Requests that fail", {"share": _ERRORS}, "percentunit", limit=0.05, tells="Ours: 5xx."
        ),
        Panel(
            "Requests",
            {"{{status}}": "sum by (status) (rate(frontdoor_http_requests_total[5m]))"},
            "reqps",
        ),
        Panel(
            "Time to answer a request",
            {
                "half": _slowest("frontdoor_http_request_duration_seconds", 0.5),
                "19 in 20": _slowest("frontdoor_http_request_duration_seconds", 0.95),
            },
            "s",
            limit=5,
        ),
        Panel(
            "What waits",
            {"{{queue}}": "max by (queue) (frontdoor_queue_depth)"},
            limit=100,
            tells="All replicas count the same rows.",
        ),
        Panel(
            "How long the first has waited",
            {"{{queue}}": "max by (queue) (frontdoor_queue_oldest_age_seconds)"},
            "s",
            limit=60,
        ),
        Panel(
            "Turned away",
            {"{{limit}}": "sum by (limit) (rate(frontdoor_refused_total[5m]))"},
            "reqps",
        ),
        Panel(
            "Deliveries",
            {
                "{{channel}} {{state}}": "sum by (channel, state) "
                "(rate(frontdoor_deliveries_total[5m]))"
            },
            "ops",
        ),
        Panel(
            "Event loop late by",
            {"{{job}}": "max by (job) (frontdoor_event_loop_lag_seconds)"},
            "s",
            limit=0.1,
        ),
        Panel(
            "Replicas", {"{{job}} {{version}}": "count by (job, version) (frontdoor_build_info)"}
        ),
        Panel(
            "Services that we depend on: failures",
            {
                "{{provider}} {{result}}": "sum by (provider, result) "
                '(rate(frontdoor_remote_requests_total{result!="ok"}[5m]))'
            },
            "ops",
        ),
        Panel(
            "Warnings and errors in the log",
            {"": '{resource_type=~"serverless_container.*"} | json | level =~ "warning|error"'},
            source="logs",
        ),
    ),
)

CONTAINERS = Dashboard(
    "frontdoor-containers",
    "Front Door: containers",
    (
        Panel(
            "Instances",
            {"{{resource_name}}": "max by (resource_name) (serverless_container_instances_total)"},
            source="cloud",
        ),
        Panel(
            "Processors",
            {"{{resource_name}}": "avg by (resource_name) (serverless_container_cpu_usage_ratio)"},
            "percentunit",
            "cloud",
        ),
        Panel(
            "Memory",
            {
                "{{resource_name}}": "max by (resource_name) "
                f"({_MEMORY}_usage_bytes / {_MEMORY}_limit_bytes)"
            },
            "percentunit",
            "cloud",
            limit=0.9,
            tells="An instance that goes over is ended.",
        ),
        Panel(
            "Requests",
            {
                "{{resource_name}}": "sum by (resource_name) "
                "(serverless_container_requests_per_second)"
            },
            "reqps",
            "cloud",
        ),
        Panel(
            "Processors, as the process counts",
            {"{{job}}": "sum by (job) (rate(process_cpu_seconds_total[5m]))"},
        ),
        Panel(
            "Memory, as the process counts",
            {"{{job}}": "max by (job) (process_resident_memory_bytes)"},
            "bytes",
        ),
        Panel(
            "Begun within the hour",
            {"{{job}}": "count by (job) (process_start_time_seconds > time() - 3600)"},
            tells="Many, again and again: look for a crash loop.",
        ),
        Panel(
            "Files and sockets open",
            {"{{job}}": "max by (job) (process_open_fds / process_max_fds)"},
            "percentunit",
            limit=0.8,
        ),
        Panel("Tasks of the event loop", {"{{job}}": "max by (job) (frontdoor_event_loop_tasks)"}),
    ),
)

DATABASE = Dashboard(
    "frontdoor-database",
    "Front Door: database and Redis",
    (
        Panel(
            "PostgreSQL: processors",
            {
                "{{resource_name}}": f'1 - sum by (resource_name) (rate({_CPU}{{mode="idle"}}[5m]))'
                f" / sum by (resource_name) (rate({_CPU}[5m]))"
            },
            "percentunit",
            "cloud",
            limit=0.8,
        ),
        Panel(
            "PostgreSQL: volume",
            {"{{resource_name}}": _FULL.format("rdb_instance_postgresql_node_filesystem")},
            "percentunit",
            "cloud",
            limit=0.8,
            tells="It does not grow by itself.",
        ),
        Panel(
            "PostgreSQL: connections",
            {
                "{{resource_name}}": f"sum by (resource_name) ({_ACTIVITY})",
                "most": "max(rdb_instance_postgresql_pg_settings_max_connections)",
            },
            source="cloud",
        ),
        Panel(
            "Pools of the replicas",
            {"{{state}}": "sum by (state) (frontdoor_database_connections)"},
            tells="waited_for above nothing for minutes: a larger pool, or a faster database.",
        ),
        Panel(
            "Time of a transaction, as replicas see it",
            {
                "half": _slowest(_REMOTE, 0.5, only='provider="database"'),
                "19 in 20": _slowest(_REMOTE, 0.95, only='provider="database"'),
            },
            "s",
        ),
        Panel(
            "Leases",
            {
                "held {{kind}}": "sum by (kind) (frontdoor_leases_held)",
                "lost {{kind}}": "sum by (kind) (increase(frontdoor_leases_lost_total[5m]))",
            },
        ),
        Panel(
            "Redis: memory",
            {
                "{{resource_name}}": "max by (resource_name) "
                "(rkv_cluster_redis_memory_used_bytes / rkv_cluster_redis_memory_max_bytes)"
            },
            "percentunit",
            "cloud",
            limit=0.8,
        ),
        Panel(
            "Redis: clients",
            {"{{resource_name}}": "sum by (resource_name) (rkv_cluster_redis_connected_clients)"},
            source="cloud",
        ),
        Panel(
            "Redis: forgotten for want of room",
            {
                "{{resource_name}}": "sum by (resource_name) "
                "(rate(rkv_cluster_redis_evicted_keys_total[5m]))"
            },
            "ops",
            "cloud",
        ),
    ),
)

COST = Dashboard(
    "frontdoor-cost",
    "Front Door: cost",
    (
        Panel(
            "Speech in calls, dollars an hour by list price",
            {
                "now": "sum(increase(frontdoor_call_cost_dollars_total[1h]))",
                "a week ago": "sum(increase(frontdoor_call_cost_dollars_total[1h] offset 1w))",
            },
            "currencyUSD",
        ),
        Panel(
            "Recognition, dollars an hour",
            {"{{provider}}": "sum by (provider) (increase(frontdoor_stt_cost_dollars_total[1h]))"},
            "currencyUSD",
        ),
        Panel(
            "A call, dollars",
            {
                "on average": "sum(increase(frontdoor_call_cost_dollars_total[1h])) "
                "/ clamp_min(sum(increase(frontdoor_calls_total[1h])), 1)"
            },
            "currencyUSD",
        ),
        Panel(
            "Containers that run",
            {
                "now": "sum(avg_over_time(serverless_container_instances_total[1h]))",
                "a week ago": "sum(avg_over_time("
                "serverless_container_instances_total[1h] offset 1w))",
            },
            source="cloud",
            tells="The part of the bill that grows by itself. The bill is in the console.",
        ),
        Panel(
            "Memory that is paid for",
            {"{{resource_name}}": f"sum by (resource_name) ({_MEMORY}_limit_bytes)"},
            "bytes",
            "cloud",
        ),
        Panel(
            "Clauses spoken anew, and kept ones",
            {
                "{{provider}} {{result}}": "sum by (provider, result) "
                "(rate(frontdoor_tts_total[5m]))"
            },
            "ops",
            tells="Kept ones cost nothing.",
        ),
    ),
)

AGENT = Dashboard(
    "frontdoor-agent",
    "Front Door: what the agent does",
    (
        Panel(
            "Messages",
            {"{{channel}}": "sum by (channel) (rate(frontdoor_messages_accepted_total[5m]))"},
            "ops",
        ),
        Panel("Turns under way", {"{{job}}": "sum by (job) (frontdoor_turns_open)"}),
        Panel(
            "Turns, by how they ended",
            {"{{stage}}": "sum by (stage) (rate(frontdoor_turns_total[5m]))"},
            "ops",
        ),
        Panel(
            "First words of the agent",
            {
                "half": _slowest("frontdoor_agent_first_text_seconds", 0.5),
                "19 in 20": _slowest("frontdoor_agent_first_text_seconds", 0.95),
            },
            "s",
            limit=5,
        ),
        Panel(
            "A whole turn",
            {
                "half of {{channel}}": _slowest("frontdoor_turn_duration_seconds", 0.5, "channel"),
                "19 in 20 of {{channel}}": _slowest(
                    "frontdoor_turn_duration_seconds", 0.95, "channel"
                ),
            },
            "s",
        ),
        Panel(
            "Failed exchanges",
            {"{{kind}}": "sum by (kind) (rate(frontdoor_agent_errors_total[5m]))"},
            "ops",
        ),
        Panel("Tasks that go on alone", {"checks": 'max(frontdoor_queue_depth{queue="checks"})'}),
        Panel("Calls under way", {"{{job}}": "sum by (job) (frontdoor_calls_open)"}),
        Panel(
            "Calls, by who ended them",
            {"{{ended_by}}": "sum by (ended_by) (increase(frontdoor_calls_total[1h]))"},
            tells="lost, more than a few in a hundred: the network, or the platform.",
        ),
        Panel(
            "From a caller's last word to",
            {"{{step}}": _slowest("frontdoor_call_turn_seconds", 0.5, "step")},
            "s",
            tells="Half of the turns are quicker.",
        ),
        Panel(
            "Speech recognised within",
            {"{{provider}}": _slowest("frontdoor_stt_seconds", 0.95, "provider")},
            "s",
        ),
        Panel(
            "First sound of a voice within",
            {"{{provider}}": _slowest("frontdoor_tts_first_audio_seconds", 0.95, "provider")},
            "s",
        ),
    ),
)

DASHBOARDS = (HEALTH, CONTAINERS, DATABASE, COST, AGENT)


def written() -> dict[str, str]:
    """Each file's name, and what is in it."""
    return {
        f"{dashboard.id}.json": json.dumps(grafana(dashboard), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in written().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
