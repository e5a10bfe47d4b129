"""Twins: for each hostile value a harmless text of the same shape, and what must follow from one for the other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptkit.messages import Message

__all__ = ["broken_message", "twin_of"]

_LETTERS = "qjxzkvwy"
_FENCE = re.compile(r"(~{3,})( [^\n]*)?")


def twin_of(text: str) -> str:
    """A text with the same blanks at the same places and letters that mean nothing for all else."""
    return "".join(
        letter if letter.isspace() else _LETTERS[(at * 5 + len(text)) % len(_LETTERS)]
        for at, letter in enumerate(text)
    )


def broken_message(
    twins: Sequence[Message], hostile: Sequence[Message], twin: str, value: str
) -> tuple[str | None, int]:
    """What the hostile value changed besides its own text, and how many messages were compared byte for byte.

    Args:
        twins: The messages with the twin in its place.
        hostile: The messages with the hostile value.
        twin: The twin.
        value: The hostile value.

    Returns:
        What is wrong, or None; and the number of messages in which the whole text was compared. A template that
        changes a value, by a filter or a length, leaves only its roles to be compared.
    """
    roles = [message.role for message in hostile]
    if roles != [message.role for message in twins]:
        return f"the roles are {', '.join(roles) or 'none'}", 0
    compared = 0
    for number, (calm, wild) in enumerate(zip(twins, hostile, strict=True), start=1):
        if calm.text == wild.text:
            compared += 1
        elif twin and twin in calm.text:
            if not _is_replaced(calm.text, wild.text, twin, value):
                return f"message {number} ({wild.role}) has another text around the value", compared
            if _closes_fence(calm.text, wild.text, twin, value):
                return f"it closes the fence around it in message {number} ({wild.role})", compared
            compared += 1
    return None, compared


def _is_replaced(calm: str, wild: str, twin: str, value: str) -> bool:
    """Whether the texts differ in the value alone, and in fences that are longer for it."""
    expected = calm.replace(twin, value)
    if expected == wild:
        return True
    lines, others = expected.split("\n"), wild.split("\n")
    return len(lines) == len(others) and all(
        line == other or _is_longer_fence(line, other, value)
        for line, other in zip(lines, others, strict=True)
    )


def _closes_fence(calm: str, wild: str, twin: str, value: str) -> bool:
    """Whether the value stands in a fence that it can close itself."""
    before, _, after = calm.partition(twin)
    above = before.split("\n")[:-1]
    opened = next((at for at in reversed(range(len(above))) if _FENCE.fullmatch(above[at])), None)
    if opened is None:
        return False
    fence = _FENCE.fullmatch(above[opened])
    assert fence is not None
    if not fence[2] or not re.search(rf"(?m)^{fence[1]}$", after):
        return False  # no fence that is still open here
    real = _FENCE.fullmatch(wild.split("\n")[opened])
    return real is not None and real[1] in value


def _is_longer_fence(line: str, other: str, value: str) -> bool:
    short, long = _FENCE.fullmatch(line), _FENCE.fullmatch(other)
    if short is None or long is None or short[2] != long[2]:
        return False
    return len(long[1]) > len(short[1]) and long[1] not in value
