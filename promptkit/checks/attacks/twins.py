"""Twins: for each hostile value a harmless text of the same shape, and what must follow from one for the other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptkit.messages import Message
from promptkit.requests import SourceMap

__all__ = ["broken_message", "broken_surroundings", "twin_of"]

_LETTERS = "qJXzkVWy"
"""Of both cases, so that filters such as `lower` change a twin as they change a value."""
_FENCE = re.compile(r"(~{3,})( [^\n]*)?")
_SHORT = re.compile("^~+")


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
        What is wrong, or None; and the number of messages in which the whole text was compared. Where a template
        changes a value, by a filter or a length, `broken_surroundings` compares what stands around it.
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


def broken_surroundings(calm: SourceMap, wild: SourceMap) -> str | None:
    """What a hostile value that the template changes has changed besides itself: the template's own text must stay.

    Args:
        calm: Where the messages with the twin come from.
        wild: The same with the hostile value.
    """
    for number, (before, after) in enumerate(zip(_texts(calm), _texts(wild), strict=False), start=1):
        if _own(before) != _own(after):
            return f"message {number} has another text around the value"
        for at, (value, is_own) in enumerate(after):
            above = "".join(text for text, own in after[:at] if own).split("\n")[:-1]
            opened = next((line for line in reversed(above) if _FENCE.fullmatch(line)), "")
            bar, _, label = opened.partition(" ")
            rest = "".join(text for text, own in after[at:] if own)
            if not is_own and label and bar in value and re.search(rf"(?m)^{bar}$", rest):
                return f"it closes the fence around it in message {number}"
    return None


def _texts(found: SourceMap) -> list[list[tuple[str, bool]]]:
    """The texts of each message in order, and whether each is the template's own."""
    count = max((each.message for each in found.ranges), default=-1) + 1
    texts: list[list[tuple[str, bool]]] = [[] for _ in range(count)]
    for each in found.ranges:
        texts[each.message].append((each.text, each.origin.kind in ("text", "section")))
    return texts


def _own(texts: Sequence[tuple[str, bool]]) -> str:
    """The template's own text of a message, all fences as short as they can be."""
    lines = "".join(text for text, own in texts if own).split("\n")
    return "\n".join(_SHORT.sub("~~~", line) if _FENCE.fullmatch(line) else line for line in lines)


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
