"""Notes and documents: artifacts we keep, and files the person receives.

A telephone takes no files: what would be sent to one is only kept, and can be read to whoever asks.
"""

from __future__ import annotations

import re
import unicodedata

from agents.base import Document, Produced
from agents.records.base import Artifact, NewArtifact, Query
from agents.tools.folding import fold
from agents.tools.job import Job, ToolError

MEDIA_TYPES = {".md": "text/markdown", ".txt": "text/plain"}


async def write_note(job: Job, text: str, title: str = "", suffix: str = ".md") -> Document:
    """Keep a note and send it as a file. Raises ToolError when there is nothing to write."""
    text = text.strip()
    if not text:
        raise ToolError("note_empty")
    name = file_name(title or headline(text), suffix)
    body = f"# {title}\n\n{text}\n" if title and suffix == ".md" else f"{text}\n"
    return await _produce(job, name, MEDIA_TYPES[suffix], body.encode())


async def write_file(job: Job, name: str, markdown: str) -> Document:
    """Send a Markdown text as a file of that name, and keep it."""
    data = markdown.encode()
    return await _produce(job, file_name(name, ".md"), MEDIA_TYPES[".md"], data)


async def keep_file(job: Job, document: Document) -> Artifact:
    """Keep a file the person sent; they get it back on demand."""
    return await job.records.create_artifact(_new(job, document))


async def notes(job: Job, limit: int = 20) -> tuple[Artifact, ...]:
    """What we keep for the person, newest first."""
    return (await job.records.artifacts(Query(person=job.caller.person, limit=limit))).items


async def send_note(job: Job, name: str) -> Document:
    """Send something kept once more; without a name the newest. Raises ToolError."""
    kept = await notes(job, limit=100)
    wanted = set(re.findall(r"\w+", fold(name)))
    for artifact in kept:
        if (
            wanted <= set(re.findall(r"[^\W_]+", fold(artifact.name)))
            or fold(artifact.name) == name
        ):
            data = await job.records.artifact_data(artifact.id)
            document = Document(artifact.name, artifact.media_type, data)
            _send(job, document, artifact)
            return document
    raise ToolError("no_such_note", which=name) if kept else ToolError("notes_empty")


def headline(text: str) -> str:
    """A title for a text: its first line, cut at a word."""
    line = re.sub(r"[#*_`>]", "", text.strip().splitlines()[0]).strip(" :")
    if len(line) <= _HEADLINE:
        return line or "Note"
    return line[:_HEADLINE].rsplit(" ", 1)[0].rstrip(",;:") + "\u2026"


_HEADLINE = 60
"""Characters."""


def file_name(title: str, suffix: str) -> str:
    """A name that every file system takes."""
    bare = unicodedata.normalize("NFC", title).removesuffix(suffix)
    kept = re.sub(r"[^\w\- ]+", "", bare).strip()
    return (re.sub(r"[\s_]+", "-", kept)[:_LONGEST_NAME].strip("-") or "note") + suffix


_LONGEST_NAME = 60


async def _produce(job: Job, name: str, media_type: str, data: bytes) -> Document:
    document = Document(name, media_type, data)
    _send(job, document, await job.records.create_artifact(_new(job, document)))
    return document


def _send(job: Job, document: Document, artifact: Artifact) -> None:
    if takes_files(job):
        job.out.append(Produced(document, artifact.id))


def takes_files(job: Job) -> bool:
    """Whether a file reaches the person where they are."""
    return job.caller.channel != "phone"


def readable(document: Document) -> str:
    """The words of a document that can be read aloud; empty for any other."""
    words = document.media_type in MEDIA_TYPES.values()
    return document.data.decode("utf-8", "replace").strip() if words else ""


def _new(job: Job, document: Document) -> NewArtifact:
    return NewArtifact(
        person=job.caller.person,
        name=document.name,
        media_type=document.media_type,
        data=document.data,
        context=job.context,
        a2a_task=job.a2a_task,
    )
