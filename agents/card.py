"""The agent card: who this agent is and where it is reached."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from a2a.types import (
    AgentCapabilities,
    AgentCard,
    AgentExtension,
    AgentInterface,
    AgentProvider,
    AgentSkill,
    HTTPAuthSecurityScheme,
    SecurityRequirement,
    SecurityScheme,
    StringList,
)
from a2a.utils.constants import PROTOCOL_VERSION_1_0

from agents.base import (
    CALL_EXTENSION,
    CALLER_EXTENSION,
    CHOICES_MEDIA_TYPE,
    DRAFT_EXTENSION,
    HEARD_EXTENSION,
)
from agents.folds import NOTICE_EXTENSION

NAME = "Chief of Staff"
DESCRIPTION = "Keeps a person's tasks, reminders, notes and documents, and answers in words."

_SKILLS = (
    ("tasks", "Tasks", "Adds, lists, changes, finishes and cancels to-dos.", "what's on my list"),
    ("reminders", "Reminders", "Calls out at a time.", "remind me in 2 minutes to call the bank"),
    (
        "notes",
        "Notes",
        "Writes notes and documents and sends them as files.",
        "note: the code is 42",
    ),
)


def our_version() -> str:
    try:
        return version("frontdoor")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"


def make_card(base_url: str, *, secured: bool) -> AgentCard:
    """The card, with both bindings under `base_url` (no slash at its end)."""
    card = AgentCard(
        name=NAME,
        description=DESCRIPTION,
        version=our_version(),
        provider=AgentProvider(organization="Front Door", url=base_url),
        documentation_url=f"{base_url}/v1/docs",
        supported_interfaces=[
            AgentInterface(
                url=f"{base_url}/a2a",
                protocol_binding=binding,
                protocol_version=PROTOCOL_VERSION_1_0,
            )
            for binding in ("JSONRPC", "HTTP+JSON")
        ],
        capabilities=AgentCapabilities(
            streaming=True,
            push_notifications=True,
            extended_agent_card=False,
            extensions=[
                AgentExtension(uri=CALLER_EXTENSION, description="Who is asking, in metadata."),
                AgentExtension(uri=NOTICE_EXTENSION, description="Statuses to tell at once."),
                AgentExtension(uri=DRAFT_EXTENSION, description="Words that may yet change."),
                AgentExtension(uri=HEARD_EXTENSION, description="What was heard of a reply."),
                AgentExtension(uri=CALL_EXTENSION, description="To hang up, or to transfer."),
            ],
        ),
        default_input_modes=[
            *("text/plain", "text/markdown", "text/*", "image/*", "audio/*", "video/*"),
            *("application/json", "application/pdf", "application/zip"),
            *("application/octet-stream", CHOICES_MEDIA_TYPE),
        ],
        default_output_modes=["text/markdown", "text/plain", CHOICES_MEDIA_TYPE],
        skills=[
            AgentSkill(id=id, name=name, description=description, tags=[id], examples=[example])
            for id, name, description, example in _SKILLS
        ],
    )
    if secured:
        bearer = SecurityScheme(http_auth_security_scheme=HTTPAuthSecurityScheme(scheme="Bearer"))
        card.security_schemes["bearer"].CopyFrom(bearer)
        card.security_requirements.append(SecurityRequirement(schemes={"bearer": StringList()}))
    return card
