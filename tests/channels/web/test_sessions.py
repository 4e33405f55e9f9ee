"""Tokens we sign and tokens the site signs, at any time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from channels.events import Trust
from channels.web import sessions
from channels.web.sessions import LIFETIME, BadIdentity, BadToken, Identity, Session

SECRET = "our own secret, which has enough bytes"
SITE = "the secret of the site, with enough bytes"
NOW = 1_800_000_000
WHO = {"sub": "ann@example.com", "exp": NOW + 60}


def identify(claims: dict[str, Any], key: Any = SITE, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def visitor(identity: Identity, token: str, now: float = NOW) -> Session:
    return identity.session(token, now, "https://site", "en", "UTC")


def pem(key: Any) -> str:
    public: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_a_token_carries_the_whole_session() -> None:
    session = Session("a", NOW + 5, "https://x", "Ann", "de-AT", "Europe/Vienna", Trust.VERIFIED)
    assert sessions.read(sessions.sign(session, SECRET), SECRET, NOW) == session


def test_a_token_ends_when_it_says() -> None:
    token = sessions.sign(Session("a", NOW), SECRET)
    assert sessions.read(token, SECRET, NOW - 1)
    with pytest.raises(BadToken):
        sessions.read(token, SECRET, NOW)


def test_a_token_that_is_not_ours_is_refused() -> None:
    session = {"aud": "frontdoor:web-session", "sub": "a", "exp": NOW + 9, "trust": "anonymous"}
    tokens = [
        jwt.encode(session, SITE, algorithm="HS256"),
        jwt.encode(session, None, algorithm="none"),  # type: ignore[arg-type]
        jwt.encode({**session, "aud": "another"}, SECRET, algorithm="HS256"),
        jwt.encode({"sub": "a", "exp": NOW + 9}, SECRET, algorithm="HS256"),
        sessions.sign(Session("a", NOW + 9), SECRET)[:-3],
        "",
        "a.b.c",
        "é",
    ]
    for token in tokens:
        with pytest.raises(BadToken):
            sessions.read(token, SECRET, NOW)


def test_newcomers_are_told_apart_and_anonymous() -> None:
    one, two = (sessions.anonymous(NOW, "", "", "") for _ in range(2))
    assert one.id != two.id
    assert one.trust is Trust.ANONYMOUS
    assert one.expires == NOW + LIFETIME


def test_renewal_keeps_the_address_and_prolongs_only_the_anonymous() -> None:
    old = Session("a", NOW + 5, locale="de", zone="UTC")
    new = sessions.renewed(old, NOW, locale="", zone="Europe/Vienna")
    assert (new.id, new.expires) == ("a", NOW + LIFETIME)
    assert (new.locale, new.zone) == ("de", "Europe/Vienna")
    verified = Session("site:a", NOW + 5, trust=Trust.VERIFIED)
    assert sessions.renewed(verified, NOW, locale="", zone="").expires == NOW + 5


def test_an_identity_gives_the_same_verified_address_each_time() -> None:
    identity = Identity(SITE)
    token = identify({**WHO, "name": "Ann", "locale": "fr_CA", "zone": "Europe/Paris"})
    session = visitor(identity, token)
    assert session.trust is Trust.VERIFIED
    assert session.id.startswith("site:")
    assert "ann" not in session.id
    assert (session.name, session.locale, session.zone) == ("Ann", "fr-CA", "Europe/Paris")
    assert visitor(identity, identify(WHO)).id == session.id
    assert visitor(identity, identify({**WHO, "sub": "bob"})).id != session.id


def test_a_name_that_no_database_stores_is_mended() -> None:
    assert visitor(Identity(SITE), identify({**WHO, "name": "A\0n\ud800n"})).name == "An?n"


def test_what_an_identity_does_not_tell_is_taken_from_the_browser() -> None:
    session = visitor(Identity(SITE), identify({**WHO, "name": 7, "zone": "Mars/Base"}))
    assert (session.name, session.locale, session.zone) == ("", "en", "UTC")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a"},
        {"exp": NOW + 60},
        {"sub": "", "exp": NOW + 60},
        {"sub": 7, "exp": NOW + 60},
        {"sub": "a", "exp": NOW - 31},
        {"sub": "a", "exp": "soon"},
        {"sub": "a", "exp": True},
        {"sub": "a", "exp": NOW + 60, "nbf": NOW + 31},
    ],
)
def test_an_identity_that_proves_nothing_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(BadIdentity):
        visitor(Identity(SITE), identify(claims))


def test_public_keys_of_both_kinds_are_taken(rsa_key: rsa.RSAPrivateKey) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    for key, algorithm in ((rsa_key, "RS256"), (curve, "ES256")):
        written = pem(key)
        for text in (written, written.replace("\n", "\\n")):
            token = identify(WHO, key, algorithm)
            assert visitor(Identity(text), token).trust is Trust.VERIFIED


def test_the_key_decides_the_algorithm_and_no_token_can(rsa_key: rsa.RSAPrivateKey) -> None:
    public = pem(rsa_key)

    # The classic confusion: the public key, which anybody has, used as an HMAC secret.
    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = part(b'{"alg":"HS256"}') + b"." + part(b'{"sub":"ann","exp":%d}' % (NOW + 60))
    forged = signed + b"." + part(hmac.digest(public.encode(), signed, hashlib.sha256))
    unsigned = jwt.encode(WHO, None, algorithm="none")  # type: ignore[arg-type]
    for token in (forged.decode(), unsigned, identify(WHO, rsa_key, "RS512")):
        with pytest.raises(BadIdentity):
            visitor(Identity(public), token)
    with pytest.raises(BadIdentity):
        visitor(Identity(SITE), identify(WHO, rsa_key, "RS256"))


def test_audience_and_issuer_are_required_when_set() -> None:
    strict = Identity(SITE, audience="door", issuer="site")
    assert visitor(strict, identify({**WHO, "aud": "door", "iss": "site"}))
    for claims in ({}, {"aud": "door"}, {"aud": "x", "iss": "site"}, {"aud": "door", "iss": "x"}):
        with pytest.raises(BadIdentity):
            visitor(strict, identify({**WHO, **claims}))
    assert visitor(Identity(SITE), identify({**WHO, "aud": "whoever"}))


def test_keys_that_will_not_do_are_refused_at_once() -> None:
    small = pem(ec.generate_private_key(ec.SECP384R1()))
    for key in ("short", small, "-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----"):
        with pytest.raises(ValueError, match=r".+"):
            Identity(key)


@pytest.mark.parametrize(
    ("accept", "tag"),
    [
        ("", ""),
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("en;q=0.5, fr;q=0.7", "fr"),
        ("*", ""),
        ("en;q=x,es", "es"),
        ("<script>", ""),
    ],
)
def test_the_language_a_browser_likes_best(accept: str, tag: str) -> None:
    assert sessions.preferred_language(accept) == tag


@pytest.mark.parametrize(
    ("zone", "known"),
    [("Europe/Vienna", "Europe/Vienna"), ("../../etc/passwd", ""), ("", ""), ("x" * 99, "")],
)
def test_only_known_time_zones_are_kept(zone: str, known: str) -> None:
    assert sessions.time_zone(zone) == known
