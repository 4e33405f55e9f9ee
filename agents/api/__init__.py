"""The records over HTTP, for consoles and scripts: `/v1/…`."""
