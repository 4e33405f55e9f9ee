"""The front door itself; its floors are drawn in docs/architecture.md."""
