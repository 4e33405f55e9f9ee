"""Twilio's own requests to the house: signed forms, answered with TwiML."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from channels.twilio.simulator import signing, twiml
from channels.twilio.simulator.facts import Kind
from channels.twilio.simulator.signing import Signature
from channels.twilio.simulator.twiml import BadDocument, Verb

Note = Callable[[Kind, str], None]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where a call's requests go, and how they are signed."""

    http: httpx.AsyncClient
    url: str
    """Where the house is reached from here."""
    public_url: str
    """What it calls itself; this is what is signed."""
    token: str
    path: str
    """Of the webhook for incoming calls."""
    status_path: str
    """Of the status callback; empty for none."""
    form: Mapping[str, str]
    """What every request about the call says."""
    signature: Signature

    async def document(
        self, url: str, status: str, note: Note, fields: Mapping[str, str] | None = None
    ) -> list[Verb] | None:
        """Request a document; without one the caller hears an error and the call ends."""
        form = {**self.form, "CallStatus": status, **(fields or {})}
        try:
            answer = await self._post(url, form)
        except httpx.HTTPError as error:
            note("failed", f"{type(error).__name__}: {error}")
            return None
        note("answer", f"{urlsplit(url).path} {answer.status_code}")
        if not answer.is_success:
            note("failed", f"status {answer.status_code}")
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind not in ("text/xml", "application/xml"):
            note("failed", f"12300: content type {kind!r}")
            return None
        return read(answer.text, note)

    async def tell(self, status: str, seconds: float) -> None:
        """Post a status callback; nobody cares how it is answered."""
        if not self.status_path:
            return
        form = {**self.form, "CallStatus": status, "CallbackSource": "call-progress-events"}
        if status == "completed":
            form |= {"CallDuration": str(round(seconds)), "Duration": "1"}
        with contextlib.suppress(httpx.HTTPError):
            await self._post(self.public_url + self.status_path, form)

    def absolute(self, url: str) -> str:
        """A URL of a document, which may be relative to that of the webhook."""
        return urljoin(self.public_url + self.path, url)

    def reached(self, url: str) -> str:
        """Where a URL of the house's own is reached from here."""
        ours, theirs, parts = urlsplit(self.url), urlsplit(self.public_url), urlsplit(url)
        if parts.port != theirs.port or _host(parts.hostname) != _host(theirs.hostname):
            return url
        scheme = ours.scheme
        if parts.scheme in ("ws", "wss"):
            scheme = "wss" if ours.scheme == "https" else "ws"
        return parts._replace(scheme=scheme, netloc=ours.netloc).geturl()

    async def _post(self, url: str, form: dict[str, str]) -> httpx.Response:
        signed = signing.headers(self.token, url, form, self.signature)
        return await self.http.post(self.reached(url), data=form, headers=signed)


def _host(name: str | None) -> str | None:
    return "localhost" if name in ("127.0.0.1", "::1") else name


def read(document: str, note: Note) -> list[Verb] | None:
    """The verbs of a document; None, noted, when Twilio would not take it."""
    try:
        return twiml.read(document)
    except BadDocument as error:
        note("failed", str(error))
        return None
