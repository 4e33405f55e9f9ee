"""A telephone, to call a front door with."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import httpx

from channels.twilio.simulator.call import PhoneCall, Voice
from channels.twilio.simulator.exchange import Exchange
from channels.twilio.simulator.facts import Fact
from channels.twilio.simulator.faults import Faults
from channels.twilio.simulator.mouth import Mouth

OUR_NUMBER = "+15005550006"
THEIR_NUMBER = "+15005550001"
ACCOUNT = "AC" + "5" * 32

_WEBHOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Phone:
    """Somebody's telephone."""

    number: str = THEIR_NUMBER
    noise: float | None = -60.0
    """Loudness of the line's noise, dBFS; None for a line without any."""
    voice: Voice | None = None
    """How texts are spoken; without it only sound can be said."""

    @asynccontextmanager
    async def call(
        self,
        url: str,
        *,
        token: str,
        to: str = OUR_NUMBER,
        from_: str = "",
        public_url: str = "",
        path: str = "/twilio/voice",
        status_path: str = "/twilio/status",
        fields: Mapping[str, str] | None = None,
        faults: Faults | None = None,
        on_fact: Callable[[Fact], None] = lambda _: None,
        on_sound: Callable[[bytes], None] = lambda _: None,
    ) -> AsyncIterator[PhoneCall]:
        """Call the front door at `url`; entered when its stream is up or the call is over.

        `public_url` is what the house calls itself, when it is reached by another URL; `fields`
        are further ones of the form, such as `AnsweredBy`. `on_fact` is told what is noticed and
        `on_sound` handed what the house says, when it is heard. The phone is put down at the end.
        """
        form = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": f"CA{secrets.token_hex(16)}",
            "Direction": "inbound",
            "From": from_ or self.number,
            "Caller": from_ or self.number,
            "To": to,
            "Called": to,
            "FromCountry": "US",
            "StirVerstat": "TN-Validation-Passed-A",
            **(fields or {}),
        }
        async with (
            httpx.AsyncClient(trust_env=False, timeout=_WEBHOOK_SECONDS) as http,
            anyio.create_task_group() as tasks,
        ):
            faults = faults or Faults()
            exchange = Exchange(
                http,
                url.rstrip("/"),
                (public_url or url).rstrip("/"),
                token,
                path,
                status_path,
                form,
                faults.signature,
            )
            mouth = Mouth(self.noise, faults.seed)
            call = PhoneCall(
                exchange, mouth, faults, voice=self.voice, on_fact=on_fact, on_sound=on_sound
            )
            tasks.start_soon(call.run)
            await call.up()
            try:
                yield call
            finally:
                with anyio.CancelScope(shield=True):
                    await call.hang_up()
