"""Files: `POST /web/files` takes one, `GET /web/files/{id}` gives it back."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from email.message import EmailMessage
from typing import Literal

import structlog
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from channels import showing
from channels.base import Budget, FilesAway, Inbox, TooLarge
from channels.events import File
from channels.http import host_of
from channels.web import wire
from channels.web.door import Door, Problem, locale_of, spend
from channels.web.sessions import Session

log = structlog.get_logger()

_CHUNK = 64 * 1024
_FORM_OVERHEAD = 16 * 1024
"""Bytes a multipart body may have around its file."""
_MAX_NAME = 120

_ONE_EACH = 2.0
_AT_ONCE = 30
"""Uploads a session may make: one in so many seconds, and so many at once."""
_HOST_AT_ONCE = 150
"""And all sessions of one host."""

_LINK_KEPT_SECONDS = 30
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    # Whoever has the id may read it, on whatever page the widget is.
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}


class Files:
    """Takes uploads for a session and serves them to whoever has their id."""

    def __init__(self, inbox: Inbox, budget: Budget, door: Door, limit: int) -> None:
        self._inbox = inbox
        self._budget = budget
        self._door = door
        self._limit = limit

    def routes(self) -> Sequence[BaseRoute]:
        upload = self._door.guarded(self._upload)
        return (
            Route("/web/files", upload, methods=["POST", "OPTIONS"]),
            Route(wire.file_url("{id}"), self._download, methods=["GET"]),
        )

    async def _upload(self, request: Request) -> Response:
        session = self._door.bearer(request)
        if session is None:
            raise Problem(401, "token_needed", {"WWW-Authenticate": "Bearer"})
        if _declared(request) > self._limit + _FORM_OVERHEAD:
            raise self._too_large()
        for key, burst in ((session.id, _AT_ONCE), (f"host:{host_of(request)}", _HOST_AT_ONCE)):
            await spend(
                self._budget, f"web:files:{key}", "too_many_files", interval=_ONE_EACH, burst=burst
            )
        try:
            file = await self._store(request, session)
        except TooLarge:
            raise self._too_large() from None
        except FilesAway as away:
            log.warning("web_file_not_stored", error=str(away))
            raise _away() from None
        log.info("web_file_stored", file=file.id, size=file.size)
        shown = wire.part(file)
        return JSONResponse({name: shown[name] for name in ("id", "name", "media_type", "size")})

    async def _store(self, request: Request, session: Session) -> File:
        owner = session.sender.address
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            header = EmailMessage()
            header["Content-Disposition"] = request.headers.get("content-disposition", "")
            name = header.get_filename() or ""
            file = described(name, request.headers.get("content-type", ""))
            body = _limited(request.stream(), self._limit)
            return await self._inbox.put_file(owner, file, body)
        form = _Measured(request, self._limit + _FORM_OVERHEAD)
        try:
            async with form.form(max_files=1, max_fields=4) as fields:
                uploads = [field for field in fields.values() if isinstance(field, UploadFile)]
                if not uploads:
                    raise Problem(400, "no_file")
                upload = uploads[0]
                file = described(upload.filename or "", upload.content_type or "")
                body = _limited(_chunks(upload), self._limit)
                return await self._inbox.put_file(owner, file, body)
        except (MultiPartException, HTTPException):
            raise self._too_large() if form.over else Problem(400, "no_file") from None

    def _too_large(self) -> Problem:
        return Problem(413, "file_too_large", megabytes=f"{self._limit / 1e6:.3g}")

    async def _download(self, request: Request) -> Response:
        id = request.path_params["id"]
        try:
            # A link is for one method only.
            if request.method == "GET" and (link := await self._inbox.link_file(id)):
                # As long as the link is good for more than a moment, nobody need ask us again.
                kept = {"Cache-Control": f"private, max-age={_LINK_KEPT_SECONDS}"}
                return RedirectResponse(link, 307, {**_HEADERS, **kept})
            found = await self._inbox.get_file(id)
        except FilesAway as away:
            log.warning("web_file_not_served", error=str(away))
            return _away().response(locale_of(request))
        if found is None:
            return Problem(404, "no_such_file").response(locale_of(request))
        file, chunks = found
        headers = {**showing.headers(file), **_HEADERS}
        if file.size:
            headers["Content-Length"] = str(file.size)
        return StreamingResponse(chunks, headers=headers)


def _away() -> Problem:
    return Problem(503, "files_away", {"Retry-After": "10"})


def described(name: str, media_type: str) -> File:
    """A file as a stranger describes it, made safe to keep and to show. Pure."""
    name = safe_name(name)
    kind = media_type.partition(";")[0].strip().lower()
    if not showing.MEDIA_TYPE.fullmatch(kind) or kind == showing.UNKNOWN:
        kind = mimetypes.guess_type(name)[0] or showing.UNKNOWN
    return File(name=name, media_type=kind, kind=_family(kind))


def safe_name(name: str) -> str:
    """The last part of a path, without what hides or misleads; never empty. Pure."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(c for c in name if not unicodedata.category(c).startswith("C")).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if dot and len(name) > _MAX_NAME:
        suffix = suffix[:16]
        name = f"{stem[: _MAX_NAME - 1 - len(suffix)]}.{suffix}"
    return name[:_MAX_NAME] or "file"


def _family(media_type: str) -> Literal["file", "image", "audio", "video"]:
    match media_type.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "file"


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


class _Measured(Request):
    """A request whose body may only be so long while its form is read."""

    def __init__(self, request: Request, limit: int) -> None:
        super().__init__(request.scope, request.receive)
        self._left = limit
        self.over = False

    async def stream(self) -> AsyncIterator[bytes]:  # type: ignore[override]  # as declared there
        async for chunk in super().stream():
            self._left -= len(chunk)
            if self._left < 0:
                self.over = True
                # What the form's parser cleans up after.
                raise MultiPartException("too large")
            yield chunk


async def _limited(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    left = limit
    async for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise TooLarge(limit)
        yield chunk


async def _chunks(upload: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await upload.read(_CHUNK):
        yield chunk
