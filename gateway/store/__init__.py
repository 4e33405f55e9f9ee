"""Records: the inbox, conversations and their leases, turns, deliveries, files."""
