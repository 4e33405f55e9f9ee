"""What the house tells of itself: log lines, traces."""
