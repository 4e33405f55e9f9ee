"""Speech: recognition, synthesis and voice activity."""
