"""A double for the cloud's HTTP APIs: answers what it is told to, and remembers what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit

Answer = Callable[[str, str, Any], Any]
"""From method, path and body to what is answered: bytes, JSON, or a status."""


class Api:
    """Serves while the block runs, on a free port of the loopback."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[tuple[str, str, Any, str]] = []
        """Method, path with query, body, and the key that was shown."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                wanted = "json" in self.headers.get("Content-Type", "")
                body = json.loads(raw) if wanted and raw else raw.decode()
                key = self.headers.get("X-Auth-Token", "")
                outer.asked.append((self.command, self.path, body, key))
                said = answer(self.command, urlsplit(self.path).path, body)
                status = said if isinstance(said, int) else 200
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
