"""What one bot may ask of Telegram, and how often.

Telegram allows about 30 messages a second to a bot, one a second to a chat and 20 a minute
to a group, documents none of it precisely, and answers 429 beyond it. Drafts have an
allowance of their own: several a second pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from channels.base import Budget


@dataclass(frozen=True, slots=True)
class Rate:
    """One each `interval` seconds, `burst` at once, `reserve` of which previews leave alone."""

    interval: float
    burst: int
    reserve: int = 0


BOT: Final = Rate(1 / 30, 30, reserve=10)
PRIVATE: Final = Rate(1.0, 4, reserve=2)
GROUP: Final = Rate(3.75, 4, reserve=2)
"""4 at once and 16 more in a minute make 20."""
DRAFT: Final = Rate(0.2, 2)


def is_group(chat: str) -> bool:
    """Groups and channels have negative ids."""
    return chat.startswith("-")


class Allowance:
    """One bot's budgets, shared by all workers through `Budget`."""

    def __init__(self, budget: Budget, account: str) -> None:
        self._budget = budget
        self._bot = f"telegram:{account}"

    async def message(self, chat: str, *, preview: bool = False) -> float:
        """Take one message or edit in a chat: 0 when granted, else the seconds to wait."""
        rate = GROUP if is_group(chat) else PRIVATE
        return await self._take(self._chat(chat), rate, preview=preview)

    async def draft(self, chat: str) -> float:
        """Take one draft in a private chat: 0 when granted, else the seconds to wait."""
        return await self._take(f"{self._chat(chat)}:draft", DRAFT, preview=True)

    async def action(self) -> float:
        """Take one chat action: 0 when granted, else the seconds to wait."""
        return await self._of_bot(preview=True)

    async def pause(self, chat: str, seconds: float) -> None:
        """Telegram asked for so many seconds of silence in a chat."""
        await self._budget.pause(self._chat(chat), seconds)
        if not is_group(chat):
            await self._budget.pause(f"{self._chat(chat)}:draft", seconds)

    def _chat(self, chat: str) -> str:
        return f"{self._bot}:{chat}"

    async def _take(self, key: str, rate: Rate, *, preview: bool) -> float:
        reserve = rate.reserve if preview else 0
        wait = await self._budget.take(
            key, interval=rate.interval, burst=rate.burst, reserve=reserve
        )
        return wait or await self._of_bot(preview=preview)

    async def _of_bot(self, *, preview: bool) -> float:
        reserve = BOT.reserve if preview else 0
        return await self._budget.take(
            self._bot, interval=BOT.interval, burst=BOT.burst, reserve=reserve
        )
