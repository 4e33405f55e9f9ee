"""The floor: a line that answers 200 ms after the last loud frame, and does nothing else.

Bare uvicorn and a loudness, no recognition, no agent, no voice: what the wire itself costs. Its
rule would talk over people; it is only there to try the phones on.
"""

from __future__ import annotations

import base64
import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from channels.twilio.simulator.sound import is_silent
from gateway.speech.simulator.sounds import tone

QUIET_FRAMES = 10
CHUNK = 800


async def media(socket: WebSocket) -> None:
    from channels.events import PHONE  # noqa: PLC0415 - the last thing a bench needs

    reply = tone(4.0 if "long" in sys.argv else 2.0, PHONE)
    await socket.accept()
    stream, heard, quiet, left = "", 0, 0, b""
    try:
        while True:
            message = json.loads(await socket.receive_text())
            if message["event"] == "start":
                stream = message["streamSid"]
            if message["event"] != "media":
                continue
            silent = is_silent(base64.b64decode(message["media"]["payload"]))
            heard, quiet = heard + (not silent), quiet + 1 if silent else 0
            if not silent and left and heard > 4:
                left = b""
                await socket.send_json({"event": "clear", "streamSid": stream})
            if heard > 4 and quiet == QUIET_FRAMES:
                heard, left = 0, reply
            heard = heard if quiet < QUIET_FRAMES else 0
            if left:
                payload = base64.b64encode(left[:CHUNK]).decode()
                left = left[CHUNK:]
                await socket.send_json(
                    {"event": "media", "streamSid": stream, "media": {"payload": payload}}
                )
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[WebSocketRoute("/ws", media)]),
        port=int(sys.argv[1]),
        log_level="warning",
        ws="websockets-sansio",
    )
