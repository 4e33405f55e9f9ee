"""A Bot API server on loopback: for tests, and for trying Front Door without a bot.

async with TelegramSimulator().serving() as url:      # TELEGRAM_API_URL
    await simulator.say(7, "hello")
    simulator.messages(7)                             # as the person sees them
"""

from channels.telegram.simulator.console import run
from channels.telegram.simulator.faults import Fault
from channels.telegram.simulator.server import TelegramSimulator
from channels.telegram.simulator.state import Call, Shown

__all__ = ["Call", "Fault", "Shown", "TelegramSimulator", "run"]
