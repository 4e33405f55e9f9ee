"""A conversation that is followed here, while what happens in it may happen elsewhere.

Nothing here waits. A topic is fed what other replicas and our own tell of its conversation, in
the order in which it arrives, and passes on what its followers are to hear: entries by seq, with
no gap and none twice; the text of a reply by offset, likewise. Where something is missing it says
what it needs: the store knows every entry, and who writes a reply knows its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag, auto

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from channels.events import Delta, Entry, Live, Status, TurnState
from gateway.bus.base import Standing
from gateway.bus.growing import Growing, Numbered

BACKLOG = 1024
"""Events a follower may be behind before it is let go, and events held back for the store."""

ENDS = (TurnState.DONE, TurnState.FAILED, TurnState.CANCELED)


class Need(Flag):
    """What a topic cannot go on without."""

    NOTHING = 0
    STORE = auto()
    """What the store knows of the conversation: `catch_up` with it."""
    TEXT = auto()
    """The text so far of the reply that is being written."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """The whole of a reply that is being written, for who missed some of it."""

    run: float
    status: Status
    text: str


News = Numbered | SoFar


class Topic:
    """What is known here of one conversation, and who follows it."""

    def __init__(self) -> None:
        self.followers: set[MemoryObjectSendStream[Live]] = set()
        self.awaited = 0
        """Those who follow it, or are about to."""
        self.heard: anyio.Event | None = None
        """Set once what others tell of it is heard."""
        self.begun = anyio.Event()
        """Set once the store was asked where it stands."""
        self.seq: int | None = None
        """Of the newest entry passed on; None until the store was asked."""
        self._growing: Growing | None = None
        self._over = 0
        """The newest turn that is known to have ended."""
        self._held: list[News] | None = None
        """What came while we wait for the store, so that it is passed on in order."""
        self._missed = False
        """Whether text is missing, and was asked for."""

    # -- followers -------------------------------------------------------------------------

    def join(self) -> tuple[MemoryObjectSendStream[Live], MemoryObjectReceiveStream[Live]]:
        """A new follower, who is told first what there is of a reply."""
        send, receive = anyio.create_memory_object_stream[Live](BACKLOG)
        self.followers.add(send)
        if self._growing:
            for event in self._growing.so_far():
                send.send_nowait(event)
        return send, receive

    def leave(self, follower: MemoryObjectSendStream[Live]) -> None:
        self.followers.discard(follower)

    def begin(self, growing: Growing | None) -> None:
        """Start with a reply that is being written here, if there is one."""
        if growing:
            copy = Growing(growing.status, growing.run)
            copy.add(growing.whole())
            self._growing = copy

    def _pass(self, event: Live) -> None:
        for follower in tuple(self.followers):
            try:
                follower.send_nowait(event)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                follower.close()
                self.followers.discard(follower)

    # -- what is told ----------------------------------------------------------------------

    def hold(self) -> None:
        """Keep what comes now for after `catch_up`: something before it was missed."""
        if self._held is None:
            self._held = []
        self._missed = False

    def hear(self, news: News) -> Need:
        """Take in what was told of the conversation."""
        if self._held is not None:
            self._held.append(news)
            if len(self._held) > BACKLOG:
                # The store does not answer. Followers come back, and read it when it does.
                self._held.clear()
                for follower in tuple(self.followers):
                    follower.close()
                self.followers.clear()
            return Need.NOTHING
        return self._take_in(news, gaps=False)

    def catch_up(self, standing: Standing, *, polling: bool) -> Need:
        """Pass on what the store has that we had not heard, then what was held meanwhile.

        The store knows whether a turn goes on, and not its text. That is told when it is all
        there is (`polling`), or to correct what we believe.
        """
        unheard = self.seq is None
        held, self._held = self._held or [], None
        if self.seq is None:
            self.seq = standing.seq
        told = [entry.seq for news in held if (entry := _entry_of(news))]
        first = min(told, default=standing.seq + 1)
        entries = [entry for entry in standing.entries if entry.seq > self.seq]
        if entries:
            self._begun(standing.turn, polling=polling)
        self._pass_entries(entry for entry in entries if entry.seq < first)
        needs = Need.NOTHING
        for news in held:
            if told_now := _entry_of(news):
                self._pass_entries(entry for entry in entries if entry.seq < told_now.seq)
            # The store was asked: what it does not have is not waited for.
            needs |= self._take_in(news, gaps=True)
        self._pass_entries(entries)
        self.begun.set()
        if standing.entries and standing.entries[-1].seq < standing.seq:
            self.hold()
            return needs | Need.STORE
        self.seq = max(self.seq, standing.seq)
        self._turned(standing.turn, polling=polling, quietly=unheard and not polling)
        return needs

    def _pass_entries(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if self.seq is None or entry.seq > self.seq:
                self.seq = entry.seq
                self._pass(entry)

    def _begun(self, turn: Status | None, *, polling: bool) -> None:
        """A turn that began and ended unheard is told to have begun before its entries are."""
        known = self._growing.status.turn if self._growing else self._over
        if polling and turn and turn.state in ENDS and turn.turn > known:
            self._pass(Status(turn.turn, TurnState.WORKING, messages=turn.messages))
            self._growing = Growing(Status(turn.turn, TurnState.WORKING))

    def _turned(self, turn: Status | None, *, polling: bool, quietly: bool) -> None:
        if turn is None or turn.turn <= self._over:
            return
        growing = self._growing
        if growing and growing.status.turn < turn.turn:
            self._end(Status(growing.status.turn, TurnState.DONE))
            growing = None
        if turn.state in ENDS:
            if growing and growing.status.turn == turn.turn:
                self._end(Status(turn.turn, turn.state))
            self._over = turn.turn
        elif growing is None and polling and not quietly:
            status = Status(turn.turn, TurnState.WORKING, messages=turn.messages)
            self._growing = Growing(status)
            self._pass(status)

    def _end(self, status: Status) -> None:
        self._growing = None
        self._over = max(self._over, status.turn)
        self._pass(status)

    def _take_in(self, news: News, *, gaps: bool) -> Need:
        if isinstance(news, SoFar):
            return self._so_far(news)
        match news.event:
            case Entry() as entry:
                return self._entry(entry, news, gaps=gaps)
            case Status() as status:
                self._status(status, news.run)
            case Delta() as delta if news.run:
                return self._delta(delta, news)
            case event:
                self._pass(event)
        return Need.NOTHING

    def _entry(self, entry: Entry, news: News, *, gaps: bool) -> Need:
        if self.seq is not None:
            if entry.seq <= self.seq:
                return Need.NOTHING
            if entry.seq > self.seq + 1 and not gaps:
                self._held = [news]
                return Need.STORE
        self.seq = entry.seq
        self._pass(entry)
        return Need.NOTHING

    def _status(self, status: Status, run: float) -> None:
        if status.turn <= self._over:
            return
        growing = self._growing
        match status.state:
            case TurnState.WORKING if growing and growing.run > run:
                # Of a worker that has lost the turn and does not know it yet.
                return
            case TurnState.WORKING if growing and (growing.status.turn, growing.run) == (
                status.turn,
                run,
            ):
                growing.update(status)
            case TurnState.WORKING:
                self._replace(Growing(status, run))
            case TurnState.RETRYING:
                self._growing = None
            case _:
                self._growing = None
                self._over = status.turn
        self._pass(status)

    def _delta(self, delta: Delta, news: Numbered) -> Need:
        growing = self._growing
        if delta.turn <= self._over:
            return Need.NOTHING
        if growing is None or growing.run != news.run or news.offset > growing.length:
            if self._missed or (growing and growing.run > news.run):
                return Need.NOTHING
            self._missed = True
            return Need.TEXT
        if text := delta.text[growing.length - news.offset :]:
            growing.add(text)
            self._pass(Delta(delta.turn, text))
        return Need.NOTHING

    def _so_far(self, news: SoFar) -> Need:
        growing, status = self._growing, news.status
        self._missed = False
        if status.turn <= self._over or (growing and growing.run > news.run):
            return Need.NOTHING
        if not (growing and growing.run == news.run and growing.status.turn == status.turn):
            self._replace(Growing(status, news.run))
            self._pass(status)
        elif growing.status != status:
            growing.update(status)
            self._pass(status)
        growing = self._growing
        if growing and (text := news.text[growing.length :]):
            growing.add(text)
            self._pass(Delta(status.turn, text))
        return Need.NOTHING

    def _replace(self, growing: Growing) -> None:
        """Another attempt: who watched the one before must not see its text twice."""
        before = self._growing
        if before and before.status.turn < growing.status.turn:
            self._end(Status(before.status.turn, TurnState.DONE))
        elif before and before.length:
            self._pass(Status(growing.status.turn, TurnState.RETRYING))
        self._growing = growing


def _entry_of(news: News) -> Entry | None:
    event = news.event if isinstance(news, Numbered) else None
    return event if isinstance(event, Entry) else None
