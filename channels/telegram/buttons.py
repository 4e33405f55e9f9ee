"""What a button under a reply carries back: at most 64 bytes; pure.

<id of our message>=<value>      when it fits
<id of our message>#<position>   when the value is too long
"""

from __future__ import annotations

from typing import Any

from channels.events import Choice

DATA_BYTES = 64
_LABEL = 64
_BUTTONS = 100
_ROW = 3
_SHORT = 14


def keyboard(choices: tuple[Choice, ...], message: str) -> dict[str, Any]:
    """An inline keyboard: short answers side by side, long ones below each other."""
    buttons = [
        {"text": choice.label[:_LABEL] or "…", "callback_data": _data(position, choice, message)}
        for position, choice in enumerate(choices[:_BUTTONS])
    ]
    width = _ROW if all(len(choice.label) <= _SHORT for choice in choices) else 1
    rows = [buttons[start : start + width] for start in range(0, len(buttons), width)]
    return {"inline_keyboard": rows}


def read_button(data: str, label: str) -> tuple[str, str]:
    """The value and our message's id; `label` is what the button says, if it can be seen.

    A value that did not fit is answered with its label, else with its position counted from
    one: either is what a person would have typed.
    """
    at = min((i for i in (data.find("="), data.find("#")) if i >= 0), default=-1)
    if at < 0:
        return data, ""
    message, value = data[:at], data[at + 1 :]
    if data[at] == "=":
        return value, message
    return label or (str(int(value) + 1) if value.isdecimal() else value), message


def _data(position: int, choice: Choice, message: str) -> str:
    for data in (f"{message}={choice.value}", f"{message}#{position}"):
        if len(data.encode()) <= DATA_BYTES:
            return data
    return f"#{position}"
