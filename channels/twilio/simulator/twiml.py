"""TwiML as Twilio reads it: an XML document into verbs, in order. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET


class BadDocument(Exception):
    """Twilio would tell the caller that an application error has occurred (12100, 12200)."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One instruction, or a noun within one."""

    name: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[Verb, ...] = ()

    def child(self, name: str) -> Verb | None:
        return next((child for child in self.children if child.name == name), None)


VERBS = frozenset(
    {"Connect", "Dial", "Hangup", "Pause", "Play", "Redirect", "Reject", "Say", "Start", "Stop"}
)
"""Those we follow; others are an error here, lest a test pass by not being read."""


def read(document: str) -> list[Verb]:
    """The verbs of a document. Raises BadDocument."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - from a server under test
    except ET.ParseError as error:
        raise BadDocument(f"not XML: {error}") from error
    if root.tag != "Response":
        raise BadDocument(f"<{root.tag}> instead of <Response>")
    verbs = [_verb(element) for element in root]
    for verb in verbs:
        if verb.name not in VERBS:
            raise BadDocument(f"<{verb.name}> is not known here")
    return verbs


def _verb(element: ET.Element) -> Verb:
    return Verb(
        element.tag,
        (element.text or "").strip(),
        dict(element.attrib),
        tuple(_verb(child) for child in element),
    )
