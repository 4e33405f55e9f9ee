"""The demo page and the widget's script, from files beside this one."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from channels.web.door import locale_of
from prompts import language_of, sentence

_HERE = Path(__file__).parent
_WIDGET = _HERE / "static" / "widget.js"
_WORKLET = _HERE / "static" / "worklet.js"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ASSETS = {name: _HERE / "pages" / name for name in ("page.css", "page.js", "phone.js", "door.svg")}

_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
        "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
    "X-Content-Type-Options": "nosniff",
}
_SCRIPT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """Serves `/` and what it needs. `doors` says which channels are on, as links by name.

    `phone` is whether the page has a telephone of its own; `images` another origin that it may
    show pictures from.
    """

    def __init__(
        self,
        public_url: str,
        doors: Callable[[], Mapping[str, str]],
        *,
        phone: bool = False,
        images: str = "",
    ) -> None:
        policy = _PAGE_HEADERS["Content-Security-Policy"].replace(
            "blob:", f"blob: {images}".strip()
        )
        self._headers = {**_PAGE_HEADERS, "Content-Security-Policy": policy}
        self._public_url = public_url
        self._doors = doors
        self._phone = phone

    def routes(self) -> Sequence[BaseRoute]:
        return (
            Route("/", self._page, methods=["GET"]),
            Route("/web/page/{name}", self._asset, methods=["GET"]),
            Route("/web/widget.js", self._widget, methods=["GET"]),
            Route("/web/worklet.js", self._worklet, methods=["GET"]),
        )

    async def _page(self, request: Request) -> Response:
        base = self._public_url or str(request.base_url).rstrip("/")
        html = page(base, locale_of(request), self._doors(), phone=self._phone)
        return HTMLResponse(html, headers=self._headers)

    async def _asset(self, request: Request) -> Response:
        path = _ASSETS.get(request.path_params["name"])
        if path is None:
            return PlainTextResponse("Not Found", 404)
        return _served(request, path, "no-cache")

    async def _widget(self, request: Request) -> Response:
        return _built(request, _WIDGET)

    async def _worklet(self, request: Request) -> Response:
        return _built(request, _WORKLET)


def page(base: str, locale: str, doors: Mapping[str, str], *, phone: bool = False) -> str:
    """The demo page in the reader's language. Pure but for reading its template."""
    template = Template((_HERE / "pages" / "index.html").read_text("utf-8"))
    words = {
        name: sentence("web", name, locale)
        for name in template.get_identifiers()
        if name.startswith("page_")
    }
    link, number = doors.get("telegram", ""), doors.get("phone", "")
    facts = {
        "lang": language_of(locale),
        "base": base,
        "telegram_link": link,
        "phone_number": number,
    }
    shown = {
        "telegram_on": "telegram" in doors,
        "telegram_off": "telegram" not in doors,
        "telegram_linked": bool(link),
        "phone_on": bool(number),
        "phone_off": not number,
        "phone_here": phone,
    }
    return template.substitute(
        {name: escape(value) for name, value in (words | facts).items()},
        **{name: "" if value else "hidden" for name, value in shown.items()},
    )


def _built(request: Request, path: Path) -> Response:
    """What the widget's build made; until then, how to make it."""
    if not path.is_file():
        words = sentence("web", "widget_not_built", locale_of(request))
        return PlainTextResponse(words, 503, {**_SCRIPT_HEADERS, "Cache-Control": "no-store"})
    return _served(request, path, "public, max-age=300")


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file as it goes out."""

    plain: bytes
    zipped: bytes
    etag: str


@lru_cache(maxsize=8)
def _load(path: Path, changed_ns: int) -> _Asset:
    del changed_ns  # a rebuilt file is another entry
    plain = path.read_bytes()
    return _Asset(plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:32])


def _served(request: Request, path: Path, caching: str) -> Response:
    asset = _load(path, path.stat().st_mtime_ns)
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    # Two encodings are two representations, so their tags differ.
    etag = f'"{asset.etag}{"-gz" if zipped else ""}"'
    headers = {**_SCRIPT_HEADERS, "ETag": etag, "Cache-Control": caching}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    body = asset.zipped if zipped else asset.plain
    return Response(body, headers=headers, media_type=_TYPES[path.suffix])
