"""From what happens in a conversation to what its caller is told: pure.

A call reads its conversation as every other reader does. The text of a reply may come twice, from
a draft that the agent started early and from the turn that made it real; what was read once is not
read again, since both tell the same reply from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from channels.events import Choices, Delta, Entry, File, Live, Part, Status, Text, TurnState, Wish
from gateway.call.events import AgentDone, AgentNotice, AgentStatus, AgentText, AgentWish, Fact
from gateway.speech.speakable import Speakable
from prompts import sentence

_CLOSING = " \n*_\"')]”’»"  # noqa: RUF001 - quotes are meant

ENDS = (TurnState.DONE, TurnState.FAILED, TurnState.CANCELED)


@dataclass(slots=True)
class _Reply:
    """The answer to one turn of the caller, as far as it has come."""

    turn: int
    """Of the call, not of the conversation."""
    speakable: Speakable
    text: str = ""
    """What the turn told of it; a draft may be ahead of that."""
    seen: str = ""
    """What was made speakable of it."""
    dropped: bool = False
    """Whether the caller does not want it any more."""
    let_go: bool = False
    """Whether the caller does not wait for it any more."""


class Reading:
    """Reads the conversation of one call, and tells its turns from everything else there."""

    def __init__(
        self,
        locale: str,
        *,
        on_unwanted: Callable[[], None],
        on_point: Callable[[], None] = lambda: None,
        shown: bool = True,
    ) -> None:
        """`on_unwanted` hears that the turn now played is one that was dropped before it began.

        `on_point` hears that text ends with what may be the end of a sentence: if no more comes
        soon, `settle`. `shown` is whether the caller sees the conversation, too.
        """
        self._on_point = on_point
        self._locale = locale
        self._shown = shown
        self._on_unwanted = on_unwanted
        self._asked: dict[str, _Reply] = {}
        """Replies that are awaited, by the id of the message that asks."""
        self._open: dict[int, _Reply | None] = {}
        """Turns of the conversation under way; None for those that are not the call's."""
        self._drafts: dict[int, _Reply] = {}
        self._latest = 0
        """The latest turn asked; what was a draft of an earlier one is over."""

    # -- what the call does ----------------------------------------------------------------

    def draft(self, turn: int, text: str, *, complete: bool = False) -> list[Fact]:
        """The agent said this much of its reply to words that are not final."""
        reply = next(iter(self._replies(turn)), None)
        if reply is None and turn <= self._latest:
            return []
        if reply is None:
            reply = self._drafts[turn] = self._reply(turn)
        facts = self._more(reply, text)
        if complete and reply.seen == text and not (reply.let_go or reply.dropped):
            # It waits until it is real to end, and its last clause need not.
            facts += [AgentText(turn, clause) for clause in reply.speakable.finish()]
        return facts

    def drop_draft(self, turn: int) -> None:
        if turn in self._drafts:
            del self._drafts[turn]

    def asked(self, turn: int, message: str) -> None:
        """The turn is asked with this message; its draft, if there is one, goes on."""
        reply = self._drafts.get(turn) or self._reply(turn)
        self.drop_draft(turn)
        self._latest = turn
        self._asked[message] = reply

    def is_under_way(self, turn: int) -> bool:
        return any(reply and reply.turn == turn for reply in self._open.values())

    def drop(self, turn: int) -> None:
        """The caller does not want this answer."""
        for reply in self._replies(turn):
            reply.dropped = True

    def let_go(self, turn: int) -> None:
        """The caller wants this answer, and does not wait for it."""
        for reply in self._replies(turn):
            reply.let_go = True

    def settle(self) -> list[Fact]:
        """No text came for a while: say what it ends with, if it ends with a sentence."""
        replies = {
            id(reply): reply
            for reply in (*self._asked.values(), *self._open.values(), *self._drafts.values())
            if reply and not (reply.dropped or reply.let_go)
        }
        return [
            AgentText(reply.turn, clause)
            for reply in replies.values()
            for clause in reply.speakable.settle()
        ]

    # -- what happens ----------------------------------------------------------------------

    def hear(self, event: Live) -> list[Fact]:
        """What an event of the conversation means for the call."""
        match event:
            case Status():
                return self._status(event)
            case Delta(number, text):
                reply = self._open.get(number)
                return self._more(reply, reply.text + text, streamed=True) if reply else []
            case Entry(role="agent"):
                return self._entry(event.parts)
            case Wish(number, action, to, summary):
                reply = self._open.get(number)
                return [AgentWish(reply.turn, action, to, summary)] if reply else []
            case _:
                return []

    def _status(self, status: Status) -> list[Fact]:
        if status.messages and status.turn not in self._open:
            wanted = [self._asked.pop(id) for id in status.messages if id in self._asked]
            self._open[status.turn] = wanted[-1] if wanted else None
            if wanted and wanted[-1].dropped:
                self._on_unwanted()
        reply = self._open.get(status.turn)
        if status.state in ENDS:
            if status.turn in self._open:
                del self._open[status.turn]
            return self._ended(reply)
        if reply is None:
            return []
        if status.state is TurnState.RETRYING:
            # What was said until now was in vain, and the text begins anew.
            self._begin_anew(reply)
        return [AgentStatus(reply.turn, status.text)] if status.text else []

    def _ended(self, reply: _Reply | None) -> list[Fact]:
        if reply is None or reply.let_go or reply.dropped:
            return []
        rest = [AgentText(reply.turn, clause) for clause in reply.speakable.finish()]
        return [*rest, AgentDone(reply.turn)]

    def _more(self, reply: _Reply, text: str, *, streamed: bool = False) -> list[Fact]:
        if streamed:
            reply.text = text
        if reply.let_go or reply.dropped or reply.seen.startswith(text):
            return []
        reply.seen = text
        if text.rstrip(_CLOSING).endswith((".", "…")):
            self._on_point()
        return [AgentText(reply.turn, clause) for clause in reply.speakable.so_far(text)]

    def _entry(self, parts: tuple[Part, ...]) -> list[Fact]:
        reply = next((reply for reply in self._open.values() if reply), None)
        if reply and reply.dropped:
            return []
        text = "\n\n".join(part.text for part in parts if isinstance(part, Text))
        besides = list(self._besides(parts))
        if reply and not reply.let_go and text.startswith(reply.text.strip()):
            clauses = [*reply.speakable.so_far(text), *reply.speakable.finish(), *besides]
            self._begin_anew(reply)
            return [AgentText(reply.turn, clause) for clause in clauses]
        speakable = Speakable(self._locale, shown=self._shown)
        clauses = [*speakable.so_far(text), *speakable.finish(), *besides]
        return [AgentNotice(clause) for clause in clauses]

    def _besides(self, parts: Iterable[Part]) -> Iterable[str]:
        """What cannot be spoken, in words."""
        for part in parts:
            match part:
                case File(name=name):
                    key = "file" if self._shown else "file_unshown"
                    yield sentence("voice", key, self._locale, name=name)
                case Choices(options):
                    words = ", ".join(option.label for option in options)
                    yield sentence("voice", "choices", self._locale, choices=words)

    def _reply(self, turn: int) -> _Reply:
        return _Reply(turn, Speakable(self._locale, shown=self._shown))

    def _begin_anew(self, reply: _Reply) -> None:
        reply.text, reply.seen, reply.speakable = "", "", Speakable(self._locale, shown=self._shown)

    def _replies(self, turn: int) -> list[_Reply]:
        known = [*self._asked.values(), *self._open.values(), *self._drafts.values()]
        return [reply for reply in known if reply and reply.turn == turn]
