"""Signatures, by Twilio's published vector and by its own library."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no stubs

from channels.twilio import forms
from channels.twilio.config import PhoneConfig
from channels.twilio.signature import Signatures

# https://www.twilio.com/docs/usage/webhooks/webhooks-security
VECTOR = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
CONFIG = PhoneConfig(auth_token="12345", public_url="https://mycompany.com")
FORM = forms.read(urlencode(VECTOR).encode())
SHARED = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


def signed(url: str, key: str = "12345", algorithm: str = "HMAC_SHA1") -> dict[str, str]:
    signature = RequestValidator(key).compute_signature(url, FORM, algorithm)
    return {"X-Twilio-Signature": signature}


def accepted(headers: dict[str, str], config: PhoneConfig = CONFIG, path: str = "/v") -> str:
    return Signatures(config).form(path, "", FORM, Headers(headers))


def test_twilios_own_example_is_accepted() -> None:
    headers = Headers({"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="})
    check = Signatures(CONFIG).form
    assert check("/myapp.php", "foo=1&bar=2", FORM, headers) == "https://mycompany.com"
    # Each part of it counts.
    assert not check("/myapp.php", "foo=1&bar=3", FORM, headers)
    assert not check("/myapp.php/", "foo=1&bar=2", FORM, headers)
    other = forms.read(urlencode({**VECTOR, "Digits": "1235"}).encode())
    assert not check("/myapp.php", "foo=1&bar=2", other, headers)
    more = forms.read(urlencode({**VECTOR, "New": ""}).encode())
    assert not check("/myapp.php", "foo=1&bar=2", more, headers)


def test_fields_given_twice_are_signed_as_twilio_does() -> None:
    form = forms.read(b"a=2&a=1&a=2&b=")
    signature = RequestValidator("12345").compute_signature("https://mycompany.com/v", form)
    headers = Headers({"X-Twilio-Signature": signature})
    assert Signatures(CONFIG).form("/v", "", form, headers)


@pytest.mark.parametrize("public_url", ["https://a.example", "https://a.example:443"])
@pytest.mark.parametrize("said", ["https://a.example/v", "https://a.example:443/v"])
def test_a_port_may_be_said_or_not(public_url: str, said: str) -> None:
    assert accepted(signed(said), replace(CONFIG, public_url=public_url))


def test_an_odd_port_is_part_of_the_name() -> None:
    config = replace(CONFIG, public_url="https://a.example:8443")
    assert accepted(signed("https://a.example:8443/v"), config)
    assert not accepted(signed("https://a.example:9443/v"), config)


@pytest.mark.parametrize("said", ["http://mycompany.com/v", "https://evil.example/v"])
def test_another_scheme_or_host_is_refused(said: str) -> None:
    assert not accepted(signed(said))


def test_a_missing_or_wrong_signature_is_refused() -> None:
    assert not accepted({})
    assert not accepted({"X-Twilio-Signature": ""})
    assert not accepted(signed("https://mycompany.com/v", "54321"))
    assert not accepted({"X-Twilio-Signature": "é"})


def test_a_shared_key_signs_with_sha256_and_no_other_key_does() -> None:
    url = "https://mycompany.com/v"
    keyed = replace(CONFIG, webhook_key="the shared secret")
    good = signed(url, "the shared secret", "HMAC_SHA256")
    header = {"X-Twilio-Webhooks-Signature-Settings": SHARED}
    assert accepted({**good, **header}, keyed)
    assert not accepted(good, keyed)
    assert not accepted({**good, **header})
    assert not accepted({**signed(url, "12345", "HMAC_SHA256"), **header}, keyed)
    # Requests that are signed the old way are as good as ever.
    assert accepted(signed(url), keyed)
    unknown = {"X-Twilio-Webhooks-Signature-Settings": "key=x,algorithm=HMAC_MD5"}
    assert not accepted({**signed(url), **unknown}, keyed)


def test_no_key_never_opens_the_door_with_an_empty_one() -> None:
    url = "https://mycompany.com/v"
    empty = {
        **signed(url, "", "HMAC_SHA256"),
        "X-Twilio-Webhooks-Signature-Settings": SHARED,
    }
    assert not accepted(empty)
    with pytest.raises(ValueError, match="auth token"):
        PhoneConfig(auth_token="")


@pytest.mark.parametrize("scheme", ["wss", "https"])
@pytest.mark.parametrize("ending", ["", "/"])
@pytest.mark.parametrize("port", ["", ":443"])
def test_a_socket_may_be_signed_in_each_known_way(scheme: str, ending: str, port: str) -> None:
    url = f"{scheme}://mycompany.com{port}/twilio/media{ending}"
    signature = RequestValidator("12345").compute_signature(url, {})
    headers = Headers({"x-twilio-signature": signature})
    assert Signatures(CONFIG).socket("/twilio/media", headers)
    assert not Signatures(CONFIG).socket("/twilio/other", headers)
    assert not Signatures(replace(CONFIG, auth_token="1")).socket("/twilio/media", headers)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("scheme", ["ws", "http", "wss", "https"])
def test_without_a_public_url_a_socket_is_one_of_this_machine(host: str, scheme: str) -> None:
    local = PhoneConfig(auth_token="12345", port=8080)
    signature = RequestValidator("12345").compute_signature(
        f"{scheme}://{host}:8080/twilio/media", {}
    )
    headers = Headers({"x-twilio-signature": signature})
    assert Signatures(local).socket("/twilio/media", headers)
    assert not Signatures(CONFIG).socket("/twilio/media", headers)
