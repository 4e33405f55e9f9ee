"""The phone channel: Twilio's webhooks, and what goes out by text message or call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import ClassVar, TypeVar
from urllib.parse import urlencode

import anyio
import structlog
from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.routing import Route as HttpRoute

from channels.base import (
    Budget,
    Calls,
    CallState,
    Channel,
    NotSent,
    Outgoing,
    Refused,
    Unreachable,
)
from channels.events import Address, Reply, Route
from channels.http import body_of
from channels.twilio import forms, messages, twiml
from channels.twilio.config import (
    AFTER_PATH,
    CHANNEL,
    MEDIA_PATH,
    STATUS_PATH,
    VOICE_PATH,
    WHISPER_PATH,
    PhoneConfig,
)
from channels.twilio.costly import is_costly
from channels.twilio.endings import Ending, Full, Handed, Put
from channels.twilio.forms import Form, Ring
from channels.twilio.media import TICKET, MediaDoor, pieces
from channels.twilio.rest import Rest
from channels.twilio.signature import Signatures
from channels.twilio.tickets import Ticket, Tickets
from channels.twilio.zones import zone_of
from prompts import sentence

log = structlog.get_logger()

BODY_BYTES = 64 * 1024

CALLS_INTERVAL = 2.0
CALLS_BURST = 30
"""Calls from one number: one in so many seconds, and so many at once."""

AGAIN = 3
"""How often a call whose socket broke is taken up again."""

REMEMBERED = 10_000
"""Calls whose end we remember, until Twilio has asked and told about it."""

SENT_ON = 5
"""How often a caller is sent to another replica; where there is none, all lines are busy."""

ON_LINE = "line"
"""In place of a message's id: they hear it on the call they are on."""

T = TypeVar("T")

Answer = Callable[[Request, Form, str], Awaitable[Response]]


class PhoneChannel(Channel):
    """One number."""

    name: ClassVar[str] = CHANNEL
    heard: ClassVar[bool] = True

    def __init__(self, config: PhoneConfig, calls: Calls, budget: Budget) -> None:
        self._config = config
        self._calls = calls
        self._budget = budget
        self._signatures = Signatures(config)
        self._tickets = Tickets(config)
        self._rest = Rest(config)
        # In this process alone, with all there is to tell; another replica is asked for the rest.
        self._endings: OrderedDict[str, Ending] = OrderedDict()
        """How the house left a call, until Twilio asks what comes next."""
        self._over: OrderedDict[str, CallState] = OrderedDict()
        """Calls that Twilio said are over, for its callbacks come in any order."""
        self._media = MediaDoor(
            config, self._signatures, self._tickets, calls, budget, ended=self._note_ending
        )
        self._leaving = False

    def routes(self) -> Sequence[BaseRoute]:
        asked = {
            VOICE_PATH: self._voice,
            AFTER_PATH: self._after,
            WHISPER_PATH: self._whisper,
            STATUS_PATH: self._status,
        }
        return [
            *(
                HttpRoute(path, self._signed(answer), methods=["GET", "POST"])
                for path, answer in asked.items()
            ),
            WebSocketRoute(MEDIA_PATH, self._media),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._warm)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._rest.close()

    def leave(self) -> None:
        self._leaving = True

    # -- what goes out -----------------------------------------------------------------------

    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        outgoing = messages.render(route, reply)
        if self._calls.on_line(Address(CHANNEL, route.chat)):
            # They hear it; only what nobody can say aloud is to be sent.
            return [each for each in outgoing if messages.beside(each)]
        return outgoing

    def repeated(self, outgoing: Outgoing) -> Outgoing:
        return messages.repeated(outgoing)

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        """Have somebody told, unless they hear it on the line anyway.

        A text message cannot be edited: with `ref` it is out, and stays as it is.
        """
        if ref:
            return ref
        to = outgoing["to"]
        if self._calls.on_line(Address(CHANNEL, to)):
            return await self._write_beside(outgoing)
        if forms.is_withheld(to):
            raise Unreachable("they withheld their number")
        if await to_thread.run_sync(is_costly, to):
            raise Unreachable("the number charges whoever calls it")
        match self._config.notices:
            case "sms":
                self._able()
                return await self._rest.message(to, messages.written(outgoing))
            case "call":
                if not self._calls.room():
                    raise NotSent("all lines are busy", retry_after=30)
                return await self.dial(to, messages.spoken(outgoing))
            case _:
                raise Refused("they left the line, and PHONE_NOTICES says not to reach out")

    async def _write_beside(self, outgoing: Outgoing) -> str:
        """Write what cannot be said to somebody who hears the rest; tell them if it went out."""
        to, text = outgoing["to"], messages.beside(outgoing)
        able = self._config.notices == "sms" and not self._config.missing
        if text is None or not able or forms.is_withheld(to):
            return ON_LINE
        try:
            ref = await self._rest.message(to, messages.written(text))
        except Refused as error:
            # A landline, say. They heard that there is more.
            log.info("not_written_beside", error=str(error))
            return ON_LINE
        self._calls.tell(
            Address(CHANNEL, to), sentence("phone", "texted", outgoing.get("locale", ""))
        )
        return ref

    async def dial(self, to: str, opening: str = "") -> str:
        """Ring somebody and talk to them, beginning with `opening` instead of the greeting.

        Returns the call's id once it rings, or will. Raises ChannelError.
        """
        self._able()
        return await dial(self._config, self._rest, self._tickets, to, opening)

    def _able(self) -> None:
        if missing := self._config.missing:
            raise Refused(f"set {missing} for text messages and calls out")

    # -- Twilio asks ---------------------------------------------------------------------------

    async def _voice(self, request: Request, form: Form, base: str) -> Response:
        """Somebody calls, or took the call that we made."""
        ring = forms.ring(form)
        locale = self._config.locale
        if ring.fax:
            return _xml(twiml.hang_up())
        if not ring.outbound and await self._floods(ring):
            log.warning("call_rejected", call=ring.call)
            return _xml(twiml.reject())
        times = _count(request.query_params.get("sent_on", ""))
        if self._leaving and times < SENT_ON:
            # Asked again, the balancer finds another replica: readiness here is red.
            log.info("call_sent_on", call=ring.call, times=times + 1)
            told = {"sent_on": times + 1, "say": request.query_params.get("say", "")}
            return _xml(twiml.ask_again(f"{base}{VOICE_PATH}?{urlencode(told)}", wait=times > 0))
        if not self._calls.room():
            log.warning("call_refused_busy", call=ring.call)
            return _xml(twiml.busy(locale))
        log.info("call_comes_in", call=ring.call, outbound=ring.outbound)
        opening = self._tickets.unseal(request.query_params.get("say", ""))
        notice = self._config.announce_recording
        return await self._connect(ring, base, opening=opening, notice=notice)

    async def _after(self, request: Request, form: Form, base: str) -> Response:
        """Say what comes next: the socket is gone, or the call to a person over."""
        ring = forms.ring(form)
        locale = self._config.locale
        ending = self._endings.pop(ring.call, None)
        if ring.over:
            return _xml(twiml.nothing())
        if ring.dialled in ("completed", "answered"):
            return _xml(twiml.hang_up())
        times = _count(request.query_params.get("again", ""))
        if not (ending or ring.dialled):
            ending = await self._left_elsewhere(ring.call)
        if ring.dialled:
            log.info("call_not_taken_over", call=ring.call, state=ring.dialled[:20])
            return await self._connect(ring, base, times, sentence("phone", "nobody", locale))
        match ending:
            case Put():
                return _xml(twiml.hang_up())
            case Full():
                return _xml(twiml.busy(locale))
            case Handed(to, summary):
                whisper = f"{base}{WHISPER_PATH}?{urlencode({'say': self._tickets.seal(summary)})}"
                after = f"{base}{AFTER_PATH}?again={times}"
                log.info("call_handed_over", call=ring.call)
                return _xml(twiml.dial(to, after, whisper, locale, caller_id=self._config.number))
        if times >= AGAIN:
            log.error("call_given_up", call=ring.call)
            return _xml(twiml.goodbye(locale))
        log.warning("call_taken_up_again", call=ring.call, times=times + 1)
        return await self._connect(ring, base, times + 1)

    async def _left_elsewhere(self, call: str) -> Ending | None:
        """How another replica left the call: what was said of it to a person is lost then."""
        match await self._calls.parting(call):
            case "house":
                return Put()
            case "transfer" if self._config.transfer_number:
                return Handed(self._config.transfer_number, "")
        return None

    async def _whisper(self, request: Request, form: Form, base: str) -> Response:
        """Somebody picked up to take a call over."""
        summary = self._tickets.unseal(request.query_params.get("say", ""))
        return _xml(twiml.whisper(summary, self._config.locale))

    async def _status(self, request: Request, form: Form, base: str) -> Response:
        """How a call is getting on; the last word comes once, but not always last."""
        progress = forms.progress(form)
        if progress.state and progress.call not in self._over:
            if progress.state in forms.ENDED:
                _remember(self._over, progress.call, progress.state)
            await self._calls.called(progress.call, progress.state, progress.seconds)
        return Response(status_code=204)

    async def _floods(self, ring: Ring) -> bool:
        who = "withheld" if ring.withheld else ring.caller
        key = f"phone:calls:{who}"
        return await self._budget.take(key, interval=CALLS_INTERVAL, burst=CALLS_BURST) > 0

    async def _connect(
        self,
        ring: Ring,
        base: str,
        again: int | None = None,
        opening: str = "",
        *,
        notice: bool = False,
    ) -> Response:
        """Bring a call to our socket; `again` counts how often it was brought back."""
        ticket = Ticket(
            ring.call,
            ring.account,
            ring.caller,
            ring.name,
            # Off the event loop: the first one loads the numbering plans.
            await to_thread.run_sync(zone_of, ring.caller),
            outbound=ring.outbound,
            voicemail=ring.machine and again is None,
            resumed=again is not None,
        )
        parameters = {TICKET: self._tickets.sign(ticket, time.time())}
        if opening:
            parameters |= pieces(self._tickets.seal(opening), twiml.PARAMETER_LENGTH)
        socket = f"{base.replace('http', 'ws', 1)}{MEDIA_PATH}"
        after = f"{base}{AFTER_PATH}?again={again or 0}"
        return _xml(twiml.connect(socket, after, parameters, self._config.locale, notice=notice))

    def _note_ending(self, call: str, ending: Ending | None) -> None:
        if ending is not None:
            _remember(self._endings, call, ending)

    def _signed(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """A webhook that only Twilio can call."""

        async def endpoint(request: Request) -> Response:
            try:
                path, query = request.url.path, request.url.query
                # A number may be set to ask by GET; then all is in the URL, which is signed.
                asks = request.method == "GET"
                body = query.encode() if asks else await body_of(request, most=BODY_BYTES)
                form = forms.read(body)
                base = self._signatures.form(path, query, {} if asks else form, request.headers)
                if not base:
                    log.warning("twilio_webhook_refused", path=path)
                    return _say(403, self._wrong(path))
                return await answer(request, form, base)
            except OverflowError:
                return _say(413, f"A webhook has at most {BODY_BYTES} bytes.")
            except ClientDisconnect:
                return _say(400, "The request did not arrive whole.")
            except forms.Malformed as error:
                return _say(400, f"This is no webhook of Twilio's: {error}.")

        return endpoint

    def _wrong(self, path: str) -> str:
        return (
            "The signature is missing or wrong. It has to be made with TWILIO_AUTH_TOKEN over "
            f"{self._config.bases[0]}{path}; PUBLIC_URL says how else we are reached."
        )

    async def _warm(self) -> None:
        """Load, beside everything else, what the first call would have to wait for."""
        await to_thread.run_sync(self._load)

    def _load(self) -> None:
        for module in ("channels.telegram.markdown", "channels.twilio.line"):
            import_module(module)
        self._signatures.warm()
        self._tickets.warm()


async def dial(
    config: PhoneConfig, rest: Rest, tickets: Tickets, to: str, opening: str = ""
) -> str:
    """Ring somebody, who is then connected as if they had called; returns the call's id.

    The opening travels sealed in the URL that Twilio is to ask, so any replica can say it, after
    a restart too, and nobody reads it in a log. Raises ChannelError.
    """
    base = config.bases[0]
    query = f"?{urlencode({'say': tickets.seal(opening)})}" if opening else ""
    call = await rest.dial(to, f"{base}{VOICE_PATH}{query}", f"{base}{STATUS_PATH}")
    log.info("call_placed", call=call)
    return call


def _remember(calls: OrderedDict[str, T], call: str, what: T) -> None:
    calls[call] = what
    while len(calls) > REMEMBERED:
        calls.popitem(last=False)


def _count(text: str) -> int:
    """A number that we wrote into a URL ourselves, which its signature covers."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else 0  # noqa: PLR2004 - digits


def _xml(document: str) -> Response:
    return Response(document, headers={"Cache-Control": "no-store"}, media_type="application/xml")


def _say(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status)
