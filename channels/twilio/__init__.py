"""The phone, by Twilio: calls in and out over Media Streams, notices by text message."""
