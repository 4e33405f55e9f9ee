"""Files on their way: from the platform to us, and from the agent to the person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import structlog

from channels.base import Channel, ChannelError, FilesAway, TooLarge
from channels.events import File, Part
from gateway.agent.base import Attachment
from gateway.errors import AgentUnreachable
from gateway.store import turns
from gateway.store.base import Turn
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turns.heard import Verdict
from prompts import sentence

log = structlog.get_logger()


async def fetched(
    turn: Turn, channel: Channel | None, store: FileStore, database: Database, now: float
) -> Turn:
    """The turn with its files brought over from the platform, so that they outlive its links.

    One that cannot be had says why.
    """
    messages = []
    for message in turn.messages:
        if any(_is_elsewhere(part) for part in message.parts):
            parts = tuple([await _fetch(p, turn, channel, store, now) for p in message.parts])
            await database.write(turns.note_parts, message.id, parts)
            message = replace(message, parts=parts)  # noqa: PLW2901 - the same, complete
        messages.append(message)
    return replace(turn, messages=tuple(messages))


async def received(
    verdict: Verdict, turn: Turn, store: FileStore, now: float
) -> tuple[str, tuple[File, ...]]:
    """Store the files of a verdict; those that are elsewhere become links in its text."""
    files, lines = [], [verdict.text] if verdict.text else []
    for attachment in verdict.files:
        if attachment.url and not attachment.data:
            lines.append(f"[{attachment.name or attachment.url}]({attachment.url})")
            continue
        image = attachment.media_type.startswith("image/")
        file = File(attachment.name, attachment.media_type, kind="image" if image else "file")
        try:
            files.append(
                await store.put(turn.sender.address, file, _once(attachment.data), now=now)
            )
        except (FilesAway, TooLarge) as error:
            log.warning("agent_file_not_kept", reason=str(error))
            lines.append(
                sentence("gateway", "file_missing", turn.sender.locale, name=attachment.name)
            )
    return "\n\n".join(lines), tuple(files)


async def carried(files: Iterable[File], store: FileStore) -> list[Attachment]:
    """Files as the agent gets them, without those that were deleted meanwhile.

    Raises AgentUnreachable while the storage is away: without it the agent cannot be asked.
    """
    attachments = []
    for file in files:
        try:
            data = await store.read(file.id)
        except FileNotFoundError:
            log.warning("file_gone", file=file.id)
        except FilesAway as away:
            raise AgentUnreachable(f"a file for it cannot be fetched: {away}") from away
        else:
            attachments.append(Attachment(file.name, file.media_type, data=data))
    return attachments


def _is_elsewhere(part: Part) -> bool:
    return isinstance(part, File) and bool(part.source) and not part.id


async def _fetch(
    part: Part, turn: Turn, channel: Channel | None, store: FileStore, now: float
) -> Part:
    if not isinstance(part, File) or part.id:
        return part
    if channel is None:
        return replace(part, error="the channel it came from is off")
    try:
        return await store.put(turn.sender.address, part, channel.fetch(part), now=now)
    except (ChannelError, FilesAway, TooLarge) as error:
        log.warning("file_not_fetched", reason=str(error))
        return replace(part, error=str(error))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
