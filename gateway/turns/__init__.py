"""One turn from the stored message to the stored reply, and tasks that go on alone."""
