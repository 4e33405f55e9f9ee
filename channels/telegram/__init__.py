"""The Telegram channel: a bot over the Bot API, by webhook or long polling."""
