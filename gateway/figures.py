"""One call's latencies and costs, turn by turn: pure."""
