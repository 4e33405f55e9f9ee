"""What every HTTP route of the web shares: who may come in, and how no is said."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from channels.base import Budget
from channels.web import sessions
from channels.web.origins import Origins
from prompts import sentence

Handler = Callable[[Request], Awaitable[Response]]


class Problem(Exception):
    """A request we turn down; `code` names a sentence of the `web` book."""

    def __init__(
        self, status: int, code: str, headers: Mapping[str, str] | None = None, **values: object
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.values = values

    def response(self, locale: str) -> Response:
        body = {"code": self.code, "message": sentence("web", self.code, locale, **self.values)}
        return JSONResponse(body, self.status, self.headers)


class Door:
    """Admits pages by their Origin and visitors by their token."""

    def __init__(self, secret: str, origins: Origins) -> None:
        self._secret = secret
        self._origins = origins

    def origin(self, connection: HTTPConnection) -> str:
        """The page that asks; empty for no browser. Raises Problem."""
        origin = connection.headers.get("origin")
        if not self._origins.admit(origin):
            raise Problem(403, "foreign_origin")
        return origin or ""

    def session(self, token: str, origin: str) -> sessions.Session:
        """The session in a token. Raises BadToken, also when another page was given it."""
        session = sessions.read(token, self._secret, time.time())
        if origin and session.origin and origin != session.origin:
            raise sessions.BadToken("given to another origin")
        return session

    def bearer(self, request: Request) -> sessions.Session | None:
        """The session in the Authorization header; None without one. Raises Problem."""
        given = request.headers.get("authorization")
        if given is None:
            return None
        scheme, _, token = given.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise sessions.BadToken("not a bearer token")
            return self.session(token.strip(), self.origin(request))
        except sessions.BadToken:
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Problem(401, "bad_token", headers) from None

    def guarded(self, handler: Handler) -> Handler:
        """The handler behind the origin check, with CORS and plain answers to what is wrong."""

        async def answer(request: Request) -> Response:
            try:
                origin = self.origin(request)
            except Problem as problem:
                return problem.response(locale_of(request))
            try:
                if request.method == "OPTIONS":
                    response = Response(status_code=204, headers=_PREFLIGHT)
                else:
                    response = await handler(request)
            except Problem as problem:
                response = problem.response(locale_of(request))
            except ClientDisconnect:
                return Response(status_code=400)
            if origin:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Access-Control-Expose-Headers"] = "Retry-After"
            response.headers["Vary"] = "Origin"
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return answer


async def spend(budget: Budget, key: str, code: str, *, interval: float, burst: int) -> None:
    """Take one of an allowance. Raises Problem, with `code`, when it is used up."""
    wait = await budget.take(key, interval=interval, burst=burst)
    if wait:
        raise Problem(429, code, {"Retry-After": str(int(wait) + 1)})


_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Disposition",
    "Access-Control-Max-Age": "86400",
}


def locale_of(connection: HTTPConnection) -> str:
    """The language the browser asks for; empty when it does not."""
    return sessions.preferred_language(connection.headers.get("accept-language", ""))
