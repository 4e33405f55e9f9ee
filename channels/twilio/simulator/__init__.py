"""A telephone, and the Twilio behind it: for tests, for benchmarks, and for calls without either.

async with Phone().call("http://localhost:8080", token=auth_token) as call:
    await call.answer()                         # the greeting
    await call.say(Path("question.wav"))
    spoke = await call.answer()
call.recording.save(Path("call.wav"))           # left the caller, right the house
"""

from channels.twilio.simulator.call import NotOnTheLine, PhoneCall
from channels.twilio.simulator.facts import Fact
from channels.twilio.simulator.faults import Faults
from channels.twilio.simulator.phone import OUR_NUMBER, THEIR_NUMBER, Phone
from channels.twilio.simulator.recording import Recording

__all__ = [
    "OUR_NUMBER",
    "THEIR_NUMBER",
    "Fact",
    "Faults",
    "NotOnTheLine",
    "Phone",
    "PhoneCall",
    "Recording",
]
