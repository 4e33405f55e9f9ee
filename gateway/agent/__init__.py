"""The agent behind the door, as the conductors see it."""
