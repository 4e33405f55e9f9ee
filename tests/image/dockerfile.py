"""A Dockerfile as data: enough of its grammar for ours.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its arguments, on one line."""

    verb: str
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell would split them."""
        return shlex.split(self.text)

    @property
    def vector(self) -> list[str] | None:
        """The exec form's words; None of the shell form."""
        bracket = self.text.find("[")
        if bracket < 0:
            return None
        try:
            return [str(word) for word in json.loads(self.text[bracket:])]
        except ValueError:
            return None


@dataclass(slots=True)
class Stage:
    """What follows one FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, verb: str) -> list[Instruction]:
        return [each for each in self.instructions if each.verb == verb]

    def last(self, verb: str) -> Instruction:
        return self.all(verb)[-1]

    @property
    def environment(self) -> dict[str, str]:
        pairs = (word.partition("=") for each in self.all("ENV") for word in each.words)
        return {name: value for name, _, value in pairs}


def parsed(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    stages: list[Stage] = []
    for line in joined.splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        elif verb and stages:
            stages[-1].instructions.append(Instruction(verb, rest.strip()))
    return stages
