"""Carrying one rendered request out, with the ways around what Telegram refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import structlog

from channels.base import FilesAway, NotSent, Outgoing, Refused
from channels.events import File
from channels.telegram.api import Api
from channels.telegram.budget import Allowance
from channels.telegram.failures import (
    Gone,
    Moved,
    NotAPhoto,
    NoVoice,
    TooBig,
    Unchanged,
    Unparsable,
)
from channels.telegram.render import FILE_FIELDS, UPLOAD_BYTES, as_document, as_plain

log = structlog.get_logger()

GetFile = Callable[[str], Awaitable[tuple[File, AsyncIterator[bytes]] | None]]

_PATIENCE = 3.0
"""Seconds a send waits for its turn; beyond, it is the caller's to come back."""

_ATTEMPTS = 6
"""More than there are ways around: unparsable, moved, gone and not a photo."""

_MOVED = 1000
"""Groups whose new id we remember."""


class Sender:
    """Sends for one bot, within its allowance."""

    def __init__(self, api: Api, allowance: Allowance, get_file: GetFile) -> None:
        self._api = api
        self._allowance = allowance
        self._get_file = get_file
        self._moved: dict[int, int] = {}
        """New ids of groups that became supergroups, as far as met."""

    def _learn(self, old: int, new: int) -> None:
        if len(self._moved) >= _MOVED:
            # Who is forgotten is learnt of again by one more request.
            self._moved.clear()
        self._moved[old] = new

    async def send(self, outgoing: Outgoing, ref: str) -> str:
        """Send, or with `ref` edit that message; returns the message's ref.

        Raises ChannelError.
        """
        for _ in range(_ATTEMPTS):
            chat = outgoing["fields"]["chat_id"]
            outgoing = _to(outgoing, self._moved.get(chat, chat))
            await self._turn(str(outgoing["fields"]["chat_id"]))
            try:
                return await self._once(outgoing, ref)
            except Unchanged:
                return ref
            except Gone:
                if not ref:
                    raise
                ref = ""
            except Moved as moved:
                self._learn(outgoing["fields"]["chat_id"], int(moved.chat))
                ref = ""
            except Unparsable:
                if "parse_mode" not in outgoing["fields"]:
                    raise
                log.warning("telegram_refused_formatting", chat=chat)
                outgoing = as_plain(outgoing)
            except (NotAPhoto, NoVoice, TooBig):
                if outgoing["method"] not in ("sendPhoto", "sendVoice"):
                    raise
                outgoing = as_document(outgoing)
        raise Refused("Telegram refused every form of this message")

    async def _once(self, outgoing: Outgoing, ref: str) -> str:
        fields = outgoing["fields"]
        try:
            if ref:
                await self._edit(outgoing, ref)
                return ref
            message = await self._api.call(
                outgoing["method"], **fields, **await self._upload(outgoing)
            )
        except NotSent as error:
            if error.retry_after:
                await self._allowance.pause(str(fields["chat_id"]), error.retry_after)
            raise
        return f"{message.chat_id}:{message.message_id}"

    async def _edit(self, outgoing: Outgoing, ref: str) -> None:
        fields = outgoing["fields"]
        words, method = (
            ("text", "editMessageText") if "text" in fields else ("caption", "editMessageCaption")
        )
        # A file without a caption reads the same after any number of edits.
        if words not in fields:
            return
        chat, _, message = ref.rpartition(":")
        kept = {k: fields[k] for k in (words, "parse_mode", "reply_markup") if k in fields}
        await self._api.call(method, chat_id=int(chat), message_id=int(message), **kept)

    async def _turn(self, chat: str) -> None:
        """Wait for the allowance. Raises NotSent when that would take too long."""
        waited = 0.0
        while wait := await self._allowance.message(chat):
            waited += wait
            if waited > _PATIENCE:
                raise NotSent("the chat's allowance is used up", retry_after=wait)
            await anyio.sleep(wait)

    async def _upload(self, outgoing: Outgoing) -> dict[str, Any]:
        """The file of a request as an argument of its method."""
        file = outgoing.get("file")
        if not file:
            return {}
        name = FILE_FIELDS[outgoing["method"]]
        if not file["id"]:
            return {name: file["source"]}
        data = bytearray()
        try:
            stored = await self._get_file(file["id"])
            if stored is None:
                raise Refused("the file is no longer stored here")
            async for chunk in stored[1]:
                data += chunk
                if len(data) > UPLOAD_BYTES:
                    raise TooBig("the file is larger than 50 MB")
        except FilesAway as away:
            raise NotSent(f"the file cannot be fetched: {away}") from away
        return {name: bytes(data), "filename": file["name"]}


def _to(outgoing: Outgoing, chat: int) -> Outgoing:
    return {**outgoing, "fields": {**outgoing["fields"], "chat_id": chat}}
