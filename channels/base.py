"""What a channel is, and what it is handed.

A channel carries: it turns a platform's events into `Message` and a `Reply` into the
platform's requests. It decides nothing about conversations and stores nothing. What it
needs from the house it is handed as `Inbox` and `Budget`; it never imports the gateway.

    ChannelError
    ├── NotSent       surely did not reach the platform: try again
    ├── MaybeSent     may have reached it: only an edit or a labelled repeat may follow
    └── Refused       the platform said no for good
        └── Unreachable   because the person left or blocked us
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar, Literal, Protocol

from starlette.routing import BaseRoute

from channels.events import (
    Address,
    Call,
    Entry,
    File,
    LineEvent,
    LineOrder,
    Live,
    Message,
    Receipt,
    Reply,
    Route,
    Sender,
)

Outgoing = dict[str, Any]
"""One request to the platform, as JSON that only the channel that rendered it reads."""


class ChannelError(Exception):
    """A send that did not plainly succeed; the message is for the operator."""


class NotSent(ChannelError):
    """It surely did not go out."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the platform asked us to wait; None leaves it to us."""


class MaybeSent(ChannelError):
    """The request left us and its answer did not come back."""


class Refused(ChannelError):
    """The platform will not take this, now or later."""


class Unreachable(Refused):
    """The person blocked us or the chat is gone."""


class RateLimited(Exception):
    """The address sends faster than its allowance; nothing was stored."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many messages; try again in {retry_after:.0f} s")
        self.retry_after = retry_after
        """Seconds."""


class TooLarge(Exception):
    """The file is over the limit; nothing was stored."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file is larger than {limit} bytes")
        self.limit = limit
        """Bytes."""


class FilesAway(Exception):
    """Files can neither be kept nor fetched just now; the message is for the operator."""


class StoreAway(Exception):
    """Nothing can be stored or read just now; who asks again later is served."""

    retry_after = 3
    """Seconds after which another try is worth while."""


class Inbox(Protocol):
    """Where a channel puts what came in, and what its readers read from.

    Everything may raise StoreAway.
    """

    async def accept(self, message: Message) -> Receipt:
        """Store a message; once this returns the platform may be acknowledged.

        A known event is a no-op that returns the first receipt. Raises RateLimited.
        """

    async def set_reachable(self, address: Address, *, reachable: bool) -> None:
        """Note that somebody blocked us or let us in again."""

    async def open(self, sender: Sender, route: Route) -> str:
        """The id of the sender's direct conversation, made if there is none."""

    async def cancel(self, conversation: str, *, waiting: bool = True) -> bool:
        """Stop what the agent is doing there; False when it is doing nothing.

        What is not begun is dropped with it, unless not `waiting`.
        """

    async def history(self, conversation: str, after: int, limit: int) -> list[Entry]:
        """Up to `limit` log entries with a greater seq than `after`, in order."""

    async def last_seq(self, conversation: str) -> int:
        """The seq of the newest log entry; 0 for none."""

    def follow(self, conversation: str) -> AbstractAsyncContextManager[AsyncIterator[Live]]:
        """What happens in a conversation from now on.

        The iterator ends when its reader is too slow to keep up; what was stored can be
        replayed from `history`.
        """

    async def put_file(self, owner: Address, file: File, chunks: AsyncIterator[bytes]) -> File:
        """Store a file for `owner`; returns it with its id and size. Raises TooLarge, FilesAway."""

    async def find_file(self, id: str) -> File | None:
        """A stored file's description; None when unknown."""

    async def get_file(self, id: str) -> tuple[File, AsyncIterator[bytes]] | None:
        """A stored file's description and bytes; None when unknown. Raises FilesAway.

        Ids are unguessable, so whoever has one may read it.
        """

    async def link_file(self, id: str) -> str | None:
        """A URL that gives a stored file, for a minute and to whoever has it.

        None where its bytes go through us, and when it is unknown.
        """


class Budget(Protocol):
    """A shared allowance of requests, by the generic cell rate algorithm (GCRA)."""

    async def take(self, key: str, *, interval: float, burst: int, reserve: int = 0) -> float:
        """Take one from `key`, which earns one each `interval` seconds and holds `burst`.

        Returns 0 when granted, else the seconds to wait, with nothing taken. `reserve` of
        the burst stays untouched, for those who ask without one.
        """

    async def pause(self, key: str, seconds: float) -> None:
        """Grant nothing on `key` for so long."""


Remember = Callable[[str], Awaitable[None]]
"""Stores a preview's whereabouts, so that a later worker can edit it into the final reply.

A preview that leaves a message behind calls it with `PREVIEW_OPENING` before it first
sends, and with the platform's id of the message after, or "" if it surely was not sent.
"""

PREVIEW_OPENING = "?"
"""A preview message may be out there, and nobody knows its id."""


class Preview(Protocol):
    """A reply shown while it grows. Never blocks on the platform and never raises."""

    def show(self, text: str) -> None:
        """The whole text so far, Markdown; a newer one replaces one not yet shown."""

    def working(self) -> None:
        """The agent is busy: show typing, or keep showing it."""

    def quote(self, text: str, locale: str) -> None:
        """Show this above the text, as `Reply.quote` will be."""

    async def close(self) -> None:
        """Stop, and wait for a request under way. Safe to call twice."""


class Line(Protocol):
    """A duplex audio connection: a phone call, a browser's microphone.

    Its channel makes it, owns its socket and ends it; `Calls.answer` talks on it meanwhile.
    """

    call: Call

    def receive(self) -> AsyncIterator[LineEvent]:
        """What comes from the caller, in order. `HungUp` is the last; read it through."""

    def send(self, order: LineOrder) -> None:
        """Queue something for the caller.

        Never waits and never raises: a peer that does not read ends in `HungUp`. What a line
        cannot show (captions on a phone) it leaves out.
        """

    async def hang_up(self) -> None:
        """Put down from our side, once what was sent has been played. Safe to call twice."""

    async def transfer(self, to: str, summary: str) -> None:
        """Connect the caller to `to`, who hears `summary` first. Raises Refused."""


class Calls(Protocol):
    """Where a channel brings its calls."""

    def room(self) -> bool:
        """Whether one more call would be served well; if not, say that all lines are busy."""

    async def answer(self, line: Line) -> None:
        """Talk on the line until one side leaves. Raises nothing but cancellation."""

    def on_line(self, address: Address) -> bool:
        """Whether they are on a call with us right now, and hear what their conversation gets."""

    def tell(self, address: Address, text: str) -> None:
        """Say this on the line they are on, once nobody speaks there."""

    async def called(self, id: str, state: CallState, seconds: int = 0) -> None:
        """Note what the platform says of a call, also of one that was never answered."""

    async def parting(self, id: str) -> Parting:
        """How the house left a call, whichever replica had it; "" when it did not."""


Parting = Literal["", "house", "transfer"]
"""We hung up; we gave the call to a person."""

CallState = Literal[
    "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"
]


class Alone(Protocol):
    """What only one replica may do at a time."""

    async def __call__(self, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do `work` whenever nobody else does what is called so.

        It is cancelled when that is not sure any more, and begun again later.
        """


class Channel(ABC):
    """One way to reach people: a folder, and one line in `gateway/main.py`."""

    name: ClassVar[str]
    heard: ClassVar[bool] = False
    """Whether replies may be heard there, on a line that shows nothing."""

    def routes(self) -> Sequence[BaseRoute]:
        """The HTTP and socket routes the channel serves."""
        return ()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Own whatever must live while the gateway serves (polling, clients)."""
        yield

    def leave(self) -> None:  # noqa: B027 - most have nobody to send away
        """We are about to stop: let nobody new in, and send away who can go on elsewhere."""

    @abstractmethod
    def render(self, route: Route, reply: Reply) -> list[Outgoing]:
        """Cut a reply into requests, in order; pure."""

    @abstractmethod
    def repeated(self, outgoing: Outgoing) -> Outgoing:
        """The same request, saying in the person's sight that it may be a repeat; pure."""

    @abstractmethod
    async def send(self, outgoing: Outgoing, ref: str) -> str:
        """Carry one request out; returns the platform's id of what it made.

        With `ref` it edits that message instead, which is safe to do twice.
        Raises ChannelError.
        """

    def preview(self, route: Route, turn: int, remember: Remember, ref: str = "") -> Preview | None:
        """A live preview of a turn's reply, where the platform can show one.

        `ref` is what an earlier attempt at the turn remembered, so that it is gone on with.
        """
        return None

    async def fetch(self, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file still at the platform. Raises ChannelError."""
        raise Refused(f"{self.name} keeps no files")
        yield b""  # type: ignore[unreachable]  # makes this an async generator
