"""Whether a person wants their answer read to them: pure.

Only a plain request counts, made to us at the start of a clause: "reply by voice", and not
"remind me to reply to Bob by voice".
"""

from __future__ import annotations

import re
from typing import Literal

from channels.events import File, Text, Transcript
from gateway.store.base import Turn
from gateway.turns import question

Policy = Literal["asked", "always", "never"]
"""See VOICE_REPLIES in `gateway.settings`."""

# Bounded, here and below: or a message of spaces would be searched from each of them to its end.
_CLAUSE = (
    r"(?:^|[.!?:;,\n]|\b(?:and|please|then|you|und|bitte|dann|du|et|puis|tu|y|e|luego|por favor)\b)"
    r"\s{0,20}"
)
"""Where a request may begin."""

_VERBS = (
    # en
    "answer", "reply", "respond", "tell me", "say it", "say that", "talk to me", "speak", "read",
    # de
    "antworte?", "antworten sie", "sag(?:e|en sie)?(?: es)? mir", "sag(?:e|en sie)?(?: es)?",
    "erzähl(?:e|en sie)?(?: es)? mir", "sprich", "sprechen sie", "lies", "lesen sie",
    # fr
    "réponds", "répondez", "répondre", "dis(?:-le)?[- ]moi", "dites(?:-le)?[- ]moi", "parle",
    "parlez", "lis", "lisez",
    # es
    "responde(?:me)?", "respónde(?:me|nos)", "contesta(?:me)?", "contésta(?:me|nos)", "dime",
    "dímelo", "háblame", "habla", "léeme", "léelo", "lee",
)  # fmt: skip

_MEANS = (
    # en
    (
        r"(?:by|with|in|as|via|using)\s+(?:a\s+|your\s+|the\s+)?"
        r"(?:voice|spoken)(?:\s+(?:note|message|memo|reply|answer))?"
    ),
    "out loud", "aloud",
    # de
    (
        r"(?:per|mit|als|in)\s+(?:einer\s+|deiner\s+|der\s+)?"
        r"(?:sprachnachricht|sprachmemo|sprachnotiz|stimme|audio)"
    ),
    "laut vor", "laut",
    # fr
    (
        r"(?:par|en|avec)\s+(?:un\s+|une\s+|la\s+|ta\s+|votre\s+)?"
        r"(?:message\s+vocal|note\s+vocale|vocale?|voix|audio)"
    ),
    "à voix haute", "à haute voix",
    # es
    (
        r"(?:por|con|en|como)\s+(?:un\s+|una\s+|tu\s+|la\s+)?"
        r"(?:mensaje\s+de\s+voz|nota\s+de\s+voz|voz\s+alta|voz|audio)"
    ),
    "de viva voz",
)  # fmt: skip

_SENDING = (
    r"send(?:\s+me)?\s+(?:it\s+as\s+)?(?:a\s+)?voice\s+(?:note|message|memo|reply)",
    r"schick(?:e)?(?:\s+(?:es\s+)?mir)?\s+(?:eine\s+)?sprach(?:nachricht|memo|notiz)",
    r"envoie[- ]moi\s+(?:un\s+message\s+vocal|un\s+vocal|une\s+note\s+vocale)",
    r"(?:env[ií]a|m[aá]nda)me\s+(?:un\s+mensaje|una\s+nota|un\s+audio)(?:\s+de\s+(?:voz|audio))?",
    r"lies(?:\s+es)?\s+(?:mir\s+)?vor",
    r"lis[- ](?:le[- ])?moi",
)

_MANNERS = r"(?:[\s,]*(?:please|bitte|s'il te pla[iî]t|s'il vous pla[iî]t|por favor))?"
_OBJECTS = r"(?:\s+(?:me|us|it|this|that|to\s+(?:me|this|that)|es|das|mir|le|ça|esto|eso))*"

_verbs, _means, _sending = "|".join(_VERBS), "|".join(_MEANS), "|".join(_SENDING)
_ASKED = re.compile(
    rf"{_CLAUSE}(?:(?:{_verbs})\b[^.!?\n]{{0,60}}?\b(?:{_means})\b|(?:{_sending})\b)",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:don't|do not|not|never|no|without|nicht|kein\w*|nie|ne|pas|sans|sin|nunca)\b"
    rf"[^.!?\n]{{0,30}}\b(?:{_means}|voice|sprachnachricht\w*|vocal\w*|voz)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    rf"(?:\b(?:and|please|und|bitte|et|y)\s{{1,20}}){{0,3}}(?:\b(?:{_verbs}){_OBJECTS})?"
    rf"\s{{0,20}}\b(?:{_means})\b{_MANNERS}",
    re.IGNORECASE,
)
"""The request by itself, without what is to be told: "tell me the time" stays."""


def wanted(turn: Turn, policy: Policy) -> bool:
    """Whether the answer to a turn is to be spoken as well as written."""
    # On a line it is spoken anyway.
    if policy == "never" or question.modality(turn) == "voice":
        return False
    if asked(_said(turn)):
        return True
    return policy == "always" and any(_recording(m.parts) for m in turn.messages)


def asked(text: str) -> bool:
    """Whether somebody asks for a spoken answer, in any of our languages."""
    return bool(_ASKED.search(text)) and not _REFUSED.search(text)


def without_request(text: str) -> str:
    """What is left for the agent, who cannot know that its words will be spoken.

    All of it when nothing else would be left.
    """
    rest = _REQUEST.sub(" ", text)
    rest = re.sub(r"[ \t]{2,}", " ", rest).strip(" \t\n,:;-–")  # noqa: RUF001 - as people write
    return rest if re.search(r"\w{2}", rest) else text


def _said(turn: Turn) -> str:
    parts = (part for message in turn.messages for part in message.parts)
    return "\n".join(part.text for part in parts if isinstance(part, Text | Transcript))


def _recording(parts: tuple[object, ...]) -> bool:
    return any(isinstance(part, File) and part.kind == "voice" for part in parts)
