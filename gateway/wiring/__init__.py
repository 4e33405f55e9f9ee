"""Parts put together as the settings ask."""
