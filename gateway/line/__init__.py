"""What a call is made of, around the machine that decides."""
