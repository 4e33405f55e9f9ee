"""What the operator's commands ask of Twilio: point the number at us, and look how things stand."""

from __future__ import annotations

from channels.base import ChannelError
from channels.report import Report, Row
from channels.twilio.config import STATUS_PATH, VOICE_PATH, PhoneConfig
from channels.twilio.probe import probe
from channels.twilio.rest import Number, Rest

_RUN = "run `frontdoor connect twilio`"


async def connect(config: PhoneConfig) -> Report:
    """Point the number at our public URL, call ourselves, and report.

    Raises nothing: what failed is a row.
    """
    if not config.public_url:
        return _failed("PUBLIC_URL is not set", "set PUBLIC_URL to an https:// address of ours")
    return await _report(config, point_first=True)


async def inspect(config: PhoneConfig) -> Report:
    """Report and change nothing. Raises nothing: what failed is a row."""
    return await _report(config, point_first=False)


async def _report(config: PhoneConfig, *, point_first: bool) -> Report:
    rows = [_reach(config)]
    if config.account_sid:
        rest = Rest(config)
        try:
            rows += await _number_rows(config, rest, point_first=point_first)
        except ChannelError as error:
            remedy = "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_API_URL"
            rows.append(Row("Twilio", str(error), remedy))
        finally:
            await rest.close()
    elif config.number or point_first:
        rows.append(Row("Twilio", "no account", "set TWILIO_ACCOUNT_SID, from Twilio's console"))
    return Report((*rows, *await probe(config)))


def _reach(config: PhoneConfig) -> Row:
    base = config.bases[0]
    if not config.public_url:
        return Row("Phone", f"simulated phones on this machine, at {base}")
    if not base.startswith("https://"):
        return Row("Phone", base, "Twilio opens media streams over https only, on port 443")
    return Row("Phone", base)


async def _number_rows(config: PhoneConfig, rest: Rest, *, point_first: bool) -> list[Row]:
    numbers = await rest.numbers()
    if not config.number:
        mine = ", ".join(number.number for number in numbers) or "none; buy one in its console"
        return [Row("Number", f"the account has {mine}", "set TWILIO_PHONE_NUMBER to one of them")]
    number = next((each for each in numbers if each.number == config.number), None)
    if number is None:
        mine = ", ".join(each.number for each in numbers) or "none"
        remedy = f"set TWILIO_PHONE_NUMBER to one of the account's: {mine}"
        return [Row("Number", f"{config.number} is not the account's", remedy)]
    voice, status = (f"{config.bases[0]}{path}" for path in (VOICE_PATH, STATUS_PATH))
    if point_first:
        number = await rest.point(number.sid, voice, status)
    return _stands(number, voice if config.public_url else "", status)


def _stands(number: Number, voice: str, status: str) -> list[Row]:
    """How a number stands; without `voice` we are not to be reached anyway."""
    rows = [Row("Number", number.number)]
    if number.trunk:
        remedy = "take the number off its SIP trunk in Twilio's console"
        return [*rows, Row("Calls go to", f"the SIP trunk {number.trunk}", remedy)]
    if number.application:
        return [*rows, Row("Calls go to", f"the TwiML app {number.application}", _RUN)]
    shown = number.voice_url or "nobody"
    remedy = ""
    if not voice:
        remedy = "set PUBLIC_URL, then " + _RUN
    elif (number.voice_url, number.voice_method) != (voice, "POST"):
        remedy = _RUN
    rows.append(Row("Calls go to", shown, remedy))
    if voice:
        wrong = number.status_url != status
        rows.append(Row("Told of ends", number.status_url or "no", _RUN if wrong else ""))
    return rows


def _failed(why: str, remedy: str) -> Report:
    return Report((Row("Phone", why, remedy),))
