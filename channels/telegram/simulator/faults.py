"""What a Bot API server can do wrong, on demand; and its ordinary refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


class BotApiError(Exception):
    """A request the Bot API refuses."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.parameters = parameters

    @property
    def answer(self) -> dict[str, Any]:
        body = {"ok": False, "error_code": self.status, "description": str(self)}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(why: str) -> BotApiError:
    return BotApiError(400, f"Bad Request: {why}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next request instead of an answer."""

    drop: Literal["", "before", "after"] = ""
    """Cut the connection, before or after the request was carried out."""
    status: int = 0
    description: str = ""
    parameters: dict[str, int] = field(default_factory=dict)

    @classmethod
    def flood(cls, seconds: int) -> Fault:
        """429: wait so long."""
        text = f"Too Many Requests: retry after {seconds}"
        return cls(status=429, description=text, parameters={"retry_after": seconds})

    @classmethod
    def broken(cls, status: int = 500) -> Fault:
        """The server fails, and nobody knows what it did before."""
        return cls(status=status, description="Internal Server Error")

    @classmethod
    def refused(cls, description: str, status: int = 400) -> Fault:
        return cls(status=status, description=description)

    @classmethod
    def lost_answer(cls) -> Fault:
        """The request is carried out, its answer never arrives."""
        return cls(drop="after")

    @classmethod
    def lost_request(cls) -> Fault:
        """The connection breaks before anything is done."""
        return cls(drop="before")
