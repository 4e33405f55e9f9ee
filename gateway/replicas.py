"""What the conductors do when those of another replica ask them to."""

from __future__ import annotations

from gateway.bus.base import Bus, Cancel, Due, Signal, Tell
from gateway.chat import Chat
from gateway.line.switchboard import Switchboard


def tie(bus: Bus, chat: Chat, board: Switchboard | None) -> None:
    """Have the conductors hear what other replicas want of them."""

    def heed(signal: Signal) -> None:
        match signal:
            case Due(at):
                chat.wake(at)
            case Cancel(conversation):
                chat.stop(conversation)
            case Tell(address, text) if board:
                board.say(address, text)
            case _:
                pass

    bus.on_signal(heed)
