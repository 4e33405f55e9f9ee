"""What a channel is, and the channels we have. Nothing here imports the gateway."""
