"""The one small syntax for places in data: `reply`, `a.b`, `citations[].doc`, `items[0]`, `docs[id=.doc].text`."""

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

__all__ = ["EACH", "Found", "Path", "Step", "Where", "parse", "spoken"]


class _Each(Enum):
    EACH = "[]"


EACH: Final = _Each.EACH
"""The step ``[]``: every item of a list."""


@dataclass(frozen=True, slots=True)
class Where:
    """The step ``[name=value]``: those items of a list whose field has the value.

    Attributes:
        name: The field of the items.
        value: A plain value; for a relative selector the names that lead to it from the object which holds
            the judged value, so that ``[id=.doc]`` compares with its ``doc``.
        relative: True for ``[name=.other]``.
    """

    name: str
    value: str | float | bool | tuple[str, ...] | None
    relative: bool = False

    def __str__(self) -> str:
        if self.relative and isinstance(self.value, tuple):
            return f"[{self.name}=.{'.'.join(self.value)}]"
        return f"[{self.name}={json.dumps(self.value, ensure_ascii=False)}]"

    def wanted(self, parent: Any) -> Any:
        """The value to compare with; ``parent`` is the object that holds the judged value."""
        if not self.relative or not isinstance(self.value, tuple):
            return self.value
        for name in self.value:
            parent = parent.get(name) if is_object(parent) else None
        return parent


Step: TypeAlias = str | int | Where | Literal[_Each.EACH]

_STEP = re.compile(
    r"""(?P<each>\[\])
      | \[(?P<index>\d{1,9})\]
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
      | \[(?P<key>[^\s.\[\]"=]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^\s\[\]"]+)\]
      | (?P<dot>\.?)(?P<name>[^\s.\[\]"]+)""",
    re.VERBOSE,
)
_RELATIVE = re.compile(r"\.[^\s.\[\]\"=]+(\.[^\s.\[\]\"=]+)*")
_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A place in data that a path leads to.

    Attributes:
        place: Names and indices from the outside in.
        value: What stands there.
        parent: The innermost object around it; None where there is none.
    """

    place: tuple[str | int, ...]
    value: Any
    parent: Any

    @property
    def path(self) -> str:
        """The place as text."""
        return path_text(self.place)


@dataclass(frozen=True, slots=True)
class Path:
    """A place in data, or with ``[]`` and ``[name=value]`` several places.

    Attributes:
        steps: Names, indices, EACH and selectors, from the outside in; empty for the whole.
    """

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        text = ""
        for step in self.steps:
            if step is EACH or isinstance(step, Where):
                text += "[]" if step is EACH else str(step)
            else:
                piece = path_text([step])
                text += f".{piece}" if text and isinstance(step, str) and not piece.startswith("[") else piece
        return text

    @property
    def is_relative(self) -> bool:
        """True when a selector compares with a field beside the judged value."""
        return any(isinstance(step, Where) and step.relative for step in self.steps)

    def found(self, data: Any, *, parent: Any = None) -> Iterator[Found]:
        """Each place that exists in the data; absent places are left out.

        Args:
            data: Plain data.
            parent: The object that holds the judged value, for relative selectors.
        """
        return _walk(Found((), data, None), self.steps, parent)

    def values(self, data: Any, *, parent: Any = None) -> list[tuple[str, Any]]:
        """Each place that exists in the data, as ``(concrete path, value)``."""
        return [(found.path, found.value) for found in self.found(data, parent=parent)]


def _walk(at: Found, steps: tuple[Step, ...], parent: Any) -> Iterator[Found]:
    if not steps:
        yield at
        return
    for name, value in _inside(at.value, steps[0], parent):
        holder = at.value if is_object(at.value) else at.parent
        yield from _walk(Found((*at.place, name), value, holder), steps[1:], parent)


def _inside(data: Any, step: Step, parent: Any) -> Iterator[tuple[str | int, Any]]:
    """What one step leads to, with the name or index of each."""
    if isinstance(step, str):
        if is_object(data) and step in data:
            yield step, data[step]
        return
    if not is_list(data):
        return
    if isinstance(step, int):
        if step < len(data):
            yield step, data[step]
    elif isinstance(step, Where):
        wanted = step.wanted(parent)
        for index, item in enumerate(data):
            if is_object(item) and step.name in item and _same(item[step.name], wanted):
                yield index, item
    else:
        yield from enumerate(data)


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 and true are not."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def spoken(path: Path) -> str:
    """A path of an input in words: itself, or with its selectors written out for a reader.

    ``docs[id=.doc].text`` is "`text` of the item of `docs` whose `id` is its `doc`".
    """
    places = [index for index, step in enumerate(path.steps) if isinstance(step, Where)]
    if not places:
        return f"`{path}`"
    last = places[-1]
    step, rest = path.steps[last], Path(path.steps[last + 1 :])
    assert isinstance(step, Where)
    own = f"its `{'.'.join(step.value)}`" if isinstance(step.value, tuple) else json.dumps(step.value)
    item = f"the item of {spoken(Path(path.steps[:last]))} whose `{step.name}` is {own}"
    return f"`{rest}` of {item}" if rest.steps else item


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
        elif match["key"]:
            steps.append(_selector(text, match["key"], match["value"], position))
        else:
            steps.append(match["name"])
        position = match.end()
    return Path(tuple(steps))


def _unquoted(text: str, quoted: str, position: int) -> str:
    try:
        return str(json.loads(quoted))
    except json.JSONDecodeError:
        raise ValueError(_mend(text, position)) from None


def _selector(text: str, name: str, value: str, position: int) -> Where:
    if value.startswith("."):
        if _RELATIVE.fullmatch(value) is None:
            raise ValueError(_mend(text, position))
        return Where(name, tuple(value[1:].split(".")), relative=True)
    if value.startswith('"'):
        return Where(name, _unquoted(text, value, position))
    try:
        plain: Any = json.loads(value)
    except json.JSONDecodeError:
        return Where(name, value)
    return Where(name, plain)


def _mend(text: str, position: int) -> str:
    return (
        f"the path {text!r} cannot be read at column {position + 1}; write names joined by dots, [] for every "
        "item, [0] for one, [id=.doc] for those with a value: citations[].doc"
    )
