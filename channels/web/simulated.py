"""The demo page's telephone on the shipped phone simulator: a signed call to our own number."""

from __future__ import annotations

import math

import anyio

from channels.web.phone import Handset, PlacePhoneCall


def simulated_phone(
    url: str, *, token: str, number: str = "", public_url: str = ""
) -> PlacePhoneCall:
    """Calls the front door at `url`, signing with `token` as Twilio would.

    `public_url` is what it calls itself, when that is another URL.
    """

    async def place(handset: Handset) -> None:
        # Brings numpy, which start-up does without.
        from channels.twilio.simulator import (  # noqa: PLC0415
            OUR_NUMBER,
            Fact,
            NotOnTheLine,
            Phone,
            PhoneCall,
        )

        async def speak(call: PhoneCall) -> None:
            async for item in handset.said():
                if isinstance(item, bytes):
                    call.speak_live(item)
                    continue
                try:
                    await call.press(item)
                except NotOnTheLine:
                    break
            await call.hang_up()

        def noted(fact: Fact) -> None:
            if fact.kind == "say":
                handset.told(fact.detail)

        async with (
            Phone().call(
                url,
                token=token,
                to=number or OUR_NUMBER,
                public_url=public_url,
                on_sound=handset.play,
                on_fact=noted,
            ) as call,
            anyio.create_task_group() as tasks,
        ):
            if call.over:
                return
            handset.answered()
            tasks.start_soon(speak, call)
            await call.ended(seconds=math.inf)
            tasks.cancel_scope.cancel()

    return place
