"""What a frame of sound costs in the phone channel: from its JSON to an event, and back out.

Without the web server, and with the writer woken for every single frame, as on a real call.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode

from starlette.types import Message

from channels.events import PHONE, Address, AudioIn, AudioOut, Call, Route, Sender
from channels.twilio.config import PhoneConfig
from channels.twilio.line import PhoneLine
from tests.bench.measure import LOAD_CORE, pin

FRAMES = 50_000
ROUNDS = 5
CALL = Call("CA1", Sender(Address("phone", "+1")), Route("phone", "+2", "+1"), PHONE)
MEDIA = {"track": "inbound", "chunk": "1", "timestamp": "5", "payload": b64encode(bytes(160))}
FRAME = json.dumps(
    {"event": "media", "sequenceNumber": "3", "media": MEDIA, "streamSid": "MZ" + "1" * 32},
    default=bytes.decode,
)


async def run() -> None:
    pin(0, LOAD_CORE)
    for echo, what in ((False, "in"), (True, "in and out")):
        best = min([await one(echo=echo) for _ in range(ROUNDS)])
        print(f"{what}: {best * 1e6:.1f} us a frame, {best * 50 * 100:.1%} of a core for 100 calls")


async def one(*, echo: bool) -> float:
    """Seconds of CPU a frame."""
    frames = iter(range(FRAMES))
    sent = 0

    async def receive() -> Message:
        await asyncio.sleep(0)
        if next(frames, None) is None:
            return {"type": "websocket.disconnect"}
        return {"type": "websocket.receive", "text": FRAME}

    async def send(_: Message) -> None:
        nonlocal sent
        sent += 1

    line = PhoneLine(CALL, "MZ1", receive, send, PhoneConfig(auth_token="x"))
    writer = asyncio.create_task(line.write())
    started = time.process_time()
    async for event in line.receive():
        if echo and isinstance(event, AudioIn):
            line.send(AudioOut(event.audio))
    taken = time.process_time() - started
    await asyncio.sleep(0)
    writer.cancel()
    assert sent == (FRAMES if echo else 0)
    return taken / FRAMES
