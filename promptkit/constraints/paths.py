"""The one small syntax for places in data: `reply`, `a.b`, `citations[].doc`, `items[0]`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import path_text

__all__ = ["EACH", "Path", "Step", "parse"]


class _Each(Enum):
    EACH = "[]"


EACH: Final = _Each.EACH
"""The step ``[]``: every item of a list."""

Step: TypeAlias = str | int | Literal[_Each.EACH]

_STEP = re.compile(
    r"""(?P<each>\[\])
      | \[(?P<index>\d{1,9})\]
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
      | (?P<dot>\.?)(?P<name>[^\s.\[\]"]+)""",
    re.VERBOSE,
)
_SELECTOR = re.compile(r"\[\w+=[^\]]*\]")
_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Path:
    """A place in data, or with ``[]`` several places.

    Attributes:
        steps: Names, indices and EACH, from the outside in; empty for the whole.
    """

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        text = ""
        for step in self.steps:
            if step is EACH:
                text += "[]"
            else:
                piece = path_text([step])
                text += f".{piece}" if text and isinstance(step, str) and not piece.startswith("[") else piece
        return text

    def values(self, data: Any) -> list[tuple[str, Any]]:
        """Each place that exists in the data, as ``(concrete path, value)``; absent places are left out."""
        return [(path_text(place), value) for place, value in _walk((), data, self.steps)]


def _walk(
    place: tuple[str | int, ...], data: Any, steps: tuple[Step, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if not steps:
        yield place, data
        return
    step, rest = steps[0], steps[1:]
    if step is EACH:
        if is_list(data):
            for index, item in enumerate(data):
                yield from _walk((*place, index), item, rest)
    elif isinstance(step, str):
        if is_object(data) and step in data:
            yield from _walk((*place, step), data[step], rest)
    elif is_list(data) and step < len(data):
        yield from _walk((*place, step), data[step], rest)


@lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """The path that the text writes; the empty text is the whole value.

    Raises:
        ValueError: When the text is no path; the message shows the mend.
    """
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"a path has {len(text)} characters; at most {_MAX_LENGTH} are allowed")
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match["name"] is not None and bool(match["dot"]) != bool(steps)):
            raise ValueError(_mend(text, position))
        if match["each"]:
            steps.append(EACH)
        elif match["index"]:
            steps.append(int(match["index"]))
        elif match["quoted"]:
            steps.append(_unquoted(text, match["quoted"], position))
        else:
            steps.append(match["name"])
        position = match.end()
    return Path(tuple(steps))


def _unquoted(text: str, quoted: str, position: int) -> str:
    try:
        return str(json.loads(quoted))
    except json.JSONDecodeError:
        raise ValueError(_mend(text, position)) from None


def _mend(text: str, position: int) -> str:
    start = f"the path {text!r} cannot be read at column {position + 1}"
    if _SELECTOR.match(text, position):
        return f"{start}: selectors are not supported yet; use [] for every item, as in docs[].text"
    return f"{start}; write names joined by dots, [] for every item, [0] for one: citations[].doc"
