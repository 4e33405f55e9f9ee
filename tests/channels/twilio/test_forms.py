from __future__ import annotations

from urllib.parse import urlencode

import pytest

from channels.twilio import forms


def form(**fields: str) -> forms.Form:
    return forms.read(urlencode({"CallSid": "CA1", **fields}).encode())


def test_every_field_is_kept_for_the_signature() -> None:
    read = forms.read(b"a=&b=1&b=2&c=%C3%BC+x&%ff=y")
    assert read.getlist("b") == ["1", "2"]
    assert (read["a"], read["c"], len(read)) == ("", "ü x", 4)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a=1" for _ in range(501))])
def test_a_body_that_is_no_form_is_malformed(body: bytes) -> None:
    with pytest.raises(forms.Malformed):
        forms.read(body)


def test_who_calls_is_who_dialled_and_who_is_rung_when_we_call() -> None:
    ring = forms.ring(form(From="+33612345678", To="+15005550006"))
    assert (ring.caller, ring.account, ring.outbound) == ("+33612345678", "+15005550006", False)
    ring = forms.ring(form(From="+15005550006", To="+33612345678", Direction="outbound-api"))
    assert (ring.caller, ring.account, ring.outbound) == ("+33612345678", "+15005550006", True)


@pytest.mark.parametrize(
    "number",
    ["", "anonymous", "Restricted", "+266696687", "+1266696687", "+1", "sip:", "x:y", "sip:a\nb"],
)
def test_a_number_that_was_not_shown_belongs_to_this_call_alone(number: str) -> None:
    ring = forms.ring(form(From=number))
    assert (ring.caller, ring.withheld) == ("withheld-CA1", True)


def test_callers_without_a_number_have_a_name() -> None:
    ring = forms.ring(form(From="client:ann", CallerName="ANN\x00 EXAMPLE" + "E" * 90))
    assert (ring.caller, ring.withheld) == ("client:ann", False)
    assert ring.name == ("ANN EXAMPLE" + "E" * 90)[:40]


@pytest.mark.parametrize(
    ("answered", "machine", "fax"),
    [
        ("human", False, False),
        ("unknown", False, False),
        ("machine_start", True, False),
        ("machine_end_beep", True, False),
        ("machine_end_silence", True, False),
        ("fax", False, True),
    ],
)
def test_machines_are_told_from_people(answered: str, *, machine: bool, fax: bool) -> None:
    ring = forms.ring(form(AnsweredBy=answered))
    assert (ring.machine, ring.fax) == (machine, fax)


def test_progress_is_a_known_state_or_nothing() -> None:
    assert forms.progress(form(CallStatus="no-answer")).state == "no-answer"
    assert forms.progress(form(CallStatus="queued")).state is None
    assert forms.progress(form(CallStatus="completed", CallDuration="42")).seconds == 42
    assert forms.progress(form(CallStatus="completed", CallDuration="٤٢")).seconds == 0
