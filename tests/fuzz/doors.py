"""Raw bytes at the doors of a running house: what is hardly HTTP, and frames that are none.

Every peer ends with the house closing the connection or answering; `Lingers` is raised when it
does neither in time.
"""

from __future__ import annotations

import json
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_ENDED = KEY + b"\r\n\r\n"
PATIENCE = 20.0
"""Seconds; the house itself waits for ten for the rest of a head."""


class Lingers(Exception):
    """The house neither answered nor closed."""


@dataclass(frozen=True)
class End:
    """What came back."""

    bytes: bytes
    code: int | None
    """Of the close frame."""

    @property
    def status(self) -> int:
        head = self.bytes[:12].split(b" ")
        return int(head[1]) if len(head) > 1 and head[1].isdigit() else 0


def frame(
    opcode: int, data: bytes, *, final: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """A frame as a client masks it."""
    mask = 0x80 if masked else 0
    if len(data) < 126:
        size = bytes([mask | len(data)])
    elif len(data) < 1 << 16:
        size = bytes([mask | 126]) + struct.pack(">H", len(data))
    else:
        size = bytes([mask | 127]) + struct.pack(">Q", len(data))
    return bytes([final << 7 | rsv << 4 | opcode]) + size + (bytes(4) if masked else b"") + data


def upgrade(path: str = "/web/socket", headers: str = "") -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"{headers}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY.decode()}\r\n\r\n"
    ).encode("latin-1")


def hello(token: str) -> bytes:
    return frame(1, json.dumps({"type": "hello", "token": token, "after": 0}).encode())


def exchange(port: int, *pieces: bytes, leave: bool = False) -> End:
    """Send all and read to the end; `leave` says that nothing more will be sent."""
    got = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        try:
            for piece in pieces:
                peer.sendall(piece)
                # RFC 6455, 4.1: frames come after the handshake.
                while piece.endswith(_ENDED) and b"\r\n\r\n" not in got:
                    if not (data := peer.recv(65536)):
                        break
                    got += data
            if leave:
                peer.shutdown(socket.SHUT_WR)
            while _code(bytes(got)) is None and (data := peer.recv(65536)):
                got += data
        except TimeoutError:
            raise Lingers(bytes(got[-200:])) from None
        except OSError:
            # Reset: it closed while we were still sending.
            pass
    return End(bytes(got), _code(bytes(got)))


def _code(got: bytes) -> int | None:
    """The code of the close frame, when it came last."""
    _, upgraded, rest = got.partition(b"\r\n\r\n")
    if not upgraded or not got.startswith(b"HTTP/1.1 101"):
        return None
    while len(rest) >= 2:
        opcode, length, start = rest[0] & 15, rest[1], 2
        if length == 126:
            length, start = struct.unpack(">H", rest[2:4])[0], 4
        elif length == 127:
            length, start = struct.unpack(">Q", rest[2:10])[0], 10
        if opcode == 8:
            return int(struct.unpack(">H", rest[start : start + 2])[0]) if length else 1005
        rest = rest[start + length :]
    return None


BAD_FRAMES: dict[str, tuple[bytes, int]] = {
    "an opcode that is none": (frame(3, b""), 1002),
    "a control opcode that is none": (frame(11, b""), 1002),
    "a reserved bit": (frame(1, b"{}", rsv=4), 1002),
    "no mask": (frame(1, b"{}", masked=False), 1002),
    "a ping in pieces": (frame(9, b"", final=False), 1002),
    "a long ping": (frame(9, b"x" * 126), 1002),
    "a continuation of nothing": (frame(0, b"x"), 1002),
    "a message within a message": (frame(1, b"{", final=False) + frame(1, b"}"), 1002),
    "half a character": (frame(1, b"\xc3"), 1007),
    "a character over two frames, the second wrong": (
        frame(1, b"\xf0\x9f", final=False) + frame(0, b"\x28\x8c"), 1007,
    ),
    "a surrogate": (frame(1, b"\xed\xa0\x80"), 1007),
    "an endless length": (b"\x81\xff" + b"\xff" * 8 + bytes(4), 1009),
    "a length past all bounds": (b"\x81\xff" + struct.pack(">Q", 1 << 40) + bytes(4), 1009),
    "a message too large": (frame(1, b"x" * 300_000), 1009),
    "a message too large in pieces": (
        frame(1, b"x" * 60_000, final=False) + frame(0, b"x" * 60_000, final=False) * 8, 1009,
    ),
    "a message in pieces without end": (
        frame(1, b"", final=False) + frame(0, b"", final=False) * 3000, 1009,
    ),
    "a close with half a code": (frame(8, b"\x03"), 1002),
    "a close with a code that is none": (frame(8, struct.pack(">H", 1005)), 1002),
    "a close with a reason that is no text": (frame(8, struct.pack(">H", 1000) + b"\xff"), 1007),
}  # fmt: skip
"""Frames, and the code that RFC 6455 wants them closed with."""

BAD_HTTP = {
    "a URI without end": b"GET /" + b"x" * 300_000,
    "a header without end": b"GET / HTTP/1.1\r\nX: " + b"y" * 300_000,
    "headers without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 60_000,
    "no method": b" / HTTP/1.1\r\n\r\n",
    "a line that is none": b"\r\r\r\r\n\n\nfoo\r\n\r\n",
    "a version that is none": b"GET / HTTP/3.7\r\nHost: x\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a chunk that is none": b"POST /web/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
    b"\r\n\r\nzz\r\n",
    "a chunk of negative length": b"POST /web/sessions HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n",
    "a chunk past all bounds": b"POST /web/sessions HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a length and chunks": b"POST /web/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "an endless length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "
    + b"9" * 40
    + b"\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n b\r\nHost\x00: x\r\n\r\n",
    "an upgrade to nothing": b"GET /web/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
}
"""Requests that deserve a refusal."""


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The same with a few bytes changed, cut, doubled or swapped."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(4):
            case 0:
                changed[at:at] = dice.randbytes(dice.randint(1, 9))
            case 1:
                del changed[at : at + dice.randint(1, 9)]
            case 2:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case _:
                changed[at:at] = changed[at : at + 40] * dice.randint(1, 5)
    return bytes(changed)


def seeds(token: str) -> list[Callable[[], bytes]]:
    """What is to be mutated: things that would be fine."""
    message = {"type": "message", "id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "text": "x"}
    said = frame(1, json.dumps({**message, "type": "massage"}).encode())
    after = [frame(9, b"p"), said, frame(2, bytes(640)), frame(8, struct.pack(">H", 1000))]
    post = b"POST /web/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return [
        lambda: upgrade() + hello(token) + b"".join(after),
        lambda: upgrade("/twilio/media") + said,
        lambda: post + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",
        lambda: (
            post + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        ),
        lambda: b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ]
