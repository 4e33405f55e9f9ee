from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from channels.twilio.config import PhoneConfig
from channels.twilio.tickets import TICKET_SECONDS, BadTicket, Ticket, Tickets

CONFIG = PhoneConfig(auth_token="12345")
TICKET = Ticket("CA1", "+15005550006", "+33612345678", "Ann", outbound=True, resumed=True)
NOW = 1_800_000_000.0


def test_a_ticket_tells_what_was_put_in_it_to_every_replica() -> None:
    text = Tickets(CONFIG).sign(TICKET, NOW)
    ticket, nonce = Tickets(CONFIG).read(text, NOW + TICKET_SECONDS - 1)
    assert ticket == TICKET
    assert nonce != Tickets(CONFIG).read(Tickets(CONFIG).sign(TICKET, NOW), NOW)[1]


def test_a_late_ticket_is_refused() -> None:
    text = Tickets(CONFIG).sign(TICKET, NOW)
    with pytest.raises(BadTicket, match="too old"):
        Tickets(CONFIG).read(text, NOW + TICKET_SECONDS + 1)


def test_a_ticket_that_was_changed_or_made_by_another_is_refused() -> None:
    text = Tickets(CONFIG).sign(TICKET, NOW)
    body, _, mac = text.partition(".")
    claims = json.loads(base64.urlsafe_b64decode(f"{body}==="))
    claims[0] += 1000
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    others = Tickets(replace(CONFIG, auth_token="54321")).sign(TICKET, NOW)
    for bad in (f"{forged}.{mac}", others, "", ".", body, f"{body}.", f"{text}é"):
        with pytest.raises(BadTicket):
            Tickets(CONFIG).read(bad, NOW)


def test_sealed_words_are_read_by_us_alone() -> None:
    sealed = Tickets(CONFIG).seal("call the bank, ünter")
    assert Tickets(CONFIG).unseal(sealed) == "call the bank, ünter"
    assert "bank" not in sealed
    assert b"bank" not in base64.urlsafe_b64decode(sealed)
    for bad in (sealed[:-4], "made up", "é", "", sealed[::-1]):
        assert Tickets(CONFIG).unseal(bad) == ""
    assert Tickets(replace(CONFIG, auth_token="54321")).unseal(sealed) == ""
