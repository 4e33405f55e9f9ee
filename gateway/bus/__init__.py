"""Live events and budgets: what may be lost without losing a message."""
