"""The `frontdoor` command, also as `python -m gateway`."""

from __future__ import annotations

import signal


def command() -> None:
    """Load the house and run it."""
    # Loading takes a while; who gives up meanwhile need not see where we were.
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # and not ignored, as behind a script
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gateway import main  # noqa: PLC0415 - as said

    signal.signal(signal.SIGINT, interrupted)
    main.command()


if __name__ == "__main__":
    command()
