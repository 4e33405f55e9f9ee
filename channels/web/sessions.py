"""Who is at the other end: session tokens we sign, identity tokens the site signs.

Nothing is stored and nothing reads a clock: a token carries the session, and the time is
passed in as epoch seconds.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from channels.events import Address, Route, Sender, Trust

CHANNEL = "web"
LIFETIME = 30 * 24 * 3600
"""Seconds a session token is good for."""

_AUDIENCE = "frontdoor:web-session"
# We serve one site: the address alone tells its visitors apart.
_ACCOUNT = "site"
_LEEWAY = 30
"""Seconds the site's clock may differ from ours."""
_MAX_NAME = 200
_MIN_SECRET = 32  # bytes; RFC 7518, section 3.2
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}")


class BadToken(Exception):
    """The session token is not ours, was altered or has expired."""


class BadIdentity(Exception):
    """The identity token does not prove anything; the message says why."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser, or one signed-in visitor, for a while."""

    id: str
    """The address within the channel."""
    expires: int
    """Epoch seconds."""
    origin: str = ""
    """The page it was given to; empty for a client that is no browser."""
    name: str = ""
    locale: str = ""
    zone: str = ""
    trust: Trust = Trust.ANONYMOUS

    @property
    def sender(self) -> Sender:
        address = Address(CHANNEL, self.id)
        return Sender(address, self.name, self.locale, self.zone, self.trust)

    @property
    def route(self) -> Route:
        return Route(CHANNEL, _ACCOUNT, self.id)


def anonymous(now: float, origin: str, locale: str, zone: str) -> Session:
    """A session for somebody new."""
    id = secrets.token_urlsafe(18)
    return Session(id, int(now) + LIFETIME, origin, locale=locale, zone=zone)


def renewed(old: Session, now: float, *, locale: str, zone: str) -> Session:
    """The same address for longer.

    A verified session keeps its end: only the site can vouch for longer, by signing again.
    """
    expires = old.expires if old.trust is Trust.VERIFIED else int(now) + LIFETIME
    return replace(old, expires=expires, locale=locale or old.locale, zone=zone or old.zone)


def sign(session: Session, secret: str) -> str:
    """The session as a token."""
    import jwt  # noqa: PLC0415 - brings cryptography, which start-up does without

    claims = {
        "aud": _AUDIENCE,
        "sub": session.id,
        "exp": session.expires,
        "org": session.origin,
        "name": session.name,
        "loc": session.locale,
        "zone": session.zone,
        "trust": str(session.trust),
    }
    return jwt.encode({k: v for k, v in claims.items() if v}, secret, algorithm="HS256")


def read(token: str, secret: str, now: float) -> Session:
    """The session in a token. Raises BadToken."""
    import jwt  # noqa: PLC0415 - as above

    required = ["aud", "sub", "exp", "trust"]
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=_AUDIENCE,
            options={"require": required, "verify_exp": False},
        )
    except jwt.InvalidTokenError as problem:
        raise BadToken(str(problem)) from None
    if claims["exp"] <= now:
        raise BadToken("expired")
    return Session(
        id=claims["sub"],
        expires=claims["exp"],
        origin=claims.get("org", ""),
        name=claims.get("name", ""),
        locale=claims.get("loc", ""),
        zone=claims.get("zone", ""),
        trust=Trust(claims["trust"]),
    )


class Identity:
    """Reads the tokens with which a site tells us who its visitor is.

    `key` is an HS256 secret or an RSA or P-256 public key in PEM. The key alone decides
    the algorithm, so a token cannot pick another. `audience` and `issuer` are required of
    every token when given. Raises ValueError for a key that will not do.
    """

    def __init__(self, key: str, *, audience: str = "", issuer: str = "") -> None:
        self._key, self._algorithm = _load(key)
        self._audience = audience or None
        self._issuer = issuer or None

    def session(self, token: str, now: float, origin: str, locale: str, zone: str) -> Session:
        """The visitor's session; what the token tells wins. Raises BadIdentity."""
        claims = self._claims(token, now)
        subject = claims["sub"]
        if not subject:
            raise BadIdentity("sub is empty")
        # The site's own ids may be mail addresses; we need only tell them apart.
        digest = hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
        return Session(
            id=f"site:{digest[:40]}",
            expires=int(now) + LIFETIME,
            origin=origin,
            name=_text(claims, "name")[:_MAX_NAME],
            locale=language_tag(_text(claims, "locale")) or locale,
            zone=time_zone(_text(claims, "zone")) or zone,
            trust=Trust.VERIFIED,
        )

    def _claims(self, token: str, now: float) -> dict[str, Any]:
        import jwt  # noqa: PLC0415 - as above

        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["sub", "exp"],
                    "verify_aud": self._audience is not None,
                    # Against the time passed in, below.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as problem:
            raise BadIdentity(str(problem)) from None
        if _number(claims, "exp") <= now - _LEEWAY:
            raise BadIdentity("it has expired")
        if _number(claims, "nbf", -math.inf) > now + _LEEWAY:
            raise BadIdentity("it is not valid yet")
        return claims


def language_tag(text: str) -> str:
    """A BCP 47 tag as sent by a stranger; empty when it is none."""
    return text.replace("_", "-") if _TAG.fullmatch(text) else ""


def time_zone(text: str) -> str:
    """An IANA time zone as sent by a stranger; empty when we do not know it."""
    try:
        return ZoneInfo(text).key if text and len(text) < 64 else ""  # noqa: PLR2004 - the longest has 32
    except (ValueError, OSError, LookupError):
        return ""


def preferred_language(accept: str) -> str:
    """The tag a browser's Accept-Language likes best; empty for none."""
    best, liking = "", 0.0
    for item in accept[:1000].split(","):
        tag, _, weight = item.strip().partition(";q=")
        try:
            liked = float(weight or 1)
        except ValueError:
            continue
        if liked > liking and (known := language_tag(tag.strip())):
            best, liking = known, liked
    return best


def _load(key: str) -> tuple[Any, str]:
    if "-----BEGIN" not in key:
        if len(key.encode()) < _MIN_SECRET:
            raise ValueError(f"an identity secret needs at least {_MIN_SECRET} bytes")
        return key, "HS256"
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        load_pem_public_key,
    )

    # A PEM that stands in an .env file has its line ends written out.
    public = load_pem_public_key(key.replace("\\n", "\n").encode())
    if isinstance(public, rsa.RSAPublicKey):
        return public, "RS256"
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return public, "ES256"
    raise ValueError("an identity key must be RSA or P-256")


def _number(claims: Mapping[str, Any], name: str, default: float = math.nan) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise BadIdentity(f"{name} must be a number")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str):
        return ""
    # What databases store: no half surrogate pair and no NUL.
    return value.encode("utf-8", "replace").decode().replace("\0", "")
