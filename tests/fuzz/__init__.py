"""Every wire and every door, fed with what nobody who means well would send.

`python -m tests.fuzz --minutes 10` goes on for longer, and elsewhere each time.
"""
