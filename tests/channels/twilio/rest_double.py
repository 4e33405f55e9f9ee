"""Twilio's REST API as far as we use it, on loopback."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.loopback import serving

ACCOUNT = "/2010-04-01/Accounts/{account}"


@dataclass
class Fault:
    """An answer other than the usual."""

    status: int
    code: int = 0
    message: str = "something"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""


@dataclass
class TwilioRest:
    """Takes what is asked, and remembers it."""

    account: str = "AC1"
    token: str = "an auth token"
    numbers: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        routes = [
            Route(f"{ACCOUNT}/Messages.json", self._make("SM"), methods=["POST"]),
            Route(f"{ACCOUNT}/Calls.json", self._make("CA"), methods=["POST"]),
            Route(f"{ACCOUNT}/Calls/{{sid}}.json", self._change, methods=["POST"]),
            Route(f"{ACCOUNT}/IncomingPhoneNumbers.json", self._numbers, methods=["GET"]),
            Route(f"{ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", self._point, methods=["POST"]),
        ]
        async with serving(Starlette(routes=routes)) as url:
            yield url

    def asked(self, path: str) -> list[dict[str, list[str]]]:
        return [fields for _, asked, fields in self.requests if asked.endswith(path)]

    async def _look(self, request: Request) -> tuple[dict[str, list[str]], Response | None]:
        fields: dict[str, list[str]] = {}
        for name, value in parse_qsl((await request.body()).decode(), keep_blank_values=True):
            fields.setdefault(name, []).append(value)
        self.requests.append((request.method, request.url.path, fields))
        if self.faults:
            fault = self.faults.pop(0)
            if fault.raw:
                return fields, Response(fault.raw, fault.status)
            return fields, _error(fault)
        wanted = b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return fields, _error(Fault(401, 20003, "Authenticate"))
        return fields, None

    def _make(self, kind: str) -> Any:
        async def endpoint(request: Request) -> Response:
            fields, refusal = await self._look(request)
            if refusal:
                return refusal
            for needed in ("To", "From"):
                if needed not in fields:
                    return _error(Fault(400, 21201, f"No '{needed}' number is specified"))
            sid = f"{kind}{len(self.requests):032}"
            told = {"sid": sid, "status": "queued", "to": fields["To"][0]}
            return JSONResponse(told, 201)

        return endpoint

    async def _change(self, request: Request) -> Response:
        _, refusal = await self._look(request)
        return refusal or JSONResponse({"sid": request.path_params["sid"], "status": "completed"})

    async def _numbers(self, request: Request) -> Response:
        _, refusal = await self._look(request)
        page = {"incoming_phone_numbers": self.numbers, "page_size": 100, "next_page_uri": None}
        return refusal or JSONResponse(page)

    async def _point(self, request: Request) -> Response:
        fields, refusal = await self._look(request)
        if refusal:
            return refusal
        for number in self.numbers:
            if number["sid"] == request.path_params["sid"]:
                names = {
                    "VoiceUrl": "voice_url",
                    "VoiceMethod": "voice_method",
                    "StatusCallback": "status_callback",
                    "VoiceApplicationSid": "voice_application_sid",
                }
                number.update({names[k]: v[0] for k, v in fields.items() if k in names})
                return JSONResponse(number)
        return _error(Fault(404, 20404, "The requested resource was not found"))


def number(sid: str, digits: str, **more: Any) -> dict[str, Any]:
    """One of the account's numbers, as the API shows it."""
    return {
        "sid": sid,
        "phone_number": digits,
        "voice_url": "https://demo.twilio.com/welcome/voice/",
        "voice_method": "POST",
        "status_callback": "",
        "voice_application_sid": "",
        "trunk_sid": None,
        **more,
    }


def _error(fault: Fault) -> Response:
    told = {
        "code": fault.code,
        "message": fault.message,
        "more_info": f"https://www.twilio.com/docs/errors/{fault.code}",
        "status": fault.status,
    }
    return JSONResponse(told, fault.status, fault.headers)
