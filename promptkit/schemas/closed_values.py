"""Fields that have few possible values, and where values stand in a JSON text: what confidence is told of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from json import decoder
from typing import Any

from promptkit.schemas.keywords import keywords
from promptkit.schemas.leaves import Place

__all__ = ["closed_values", "pattern_of", "scalars"]

_MOST_VALUES = 64
_FEW: Mapping[str, tuple[Any, ...]] = {"boolean": (True, False), "null": (None,)}
# Documented nowhere, and typed as unknown.
_read_string: Callable[[str, int], tuple[str, int]] = vars(decoder)["scanstring"]
_SCALAR = re.compile(r"[^\s,\]}]+")


def pattern_of(place: Place) -> str:
    """A place as the paths of ``keywords`` have it: ``items[].kind`` for every item."""
    text = ""
    for step in place:
        text += "[]" if isinstance(step, int) else f".{step}" if text else step
    return text


def closed_values(schema: Mapping[str, Any]) -> dict[str, list[str]]:
    """By path, the values of fields that have few: enums, constants and booleans, each as JSON.

    Paths are those of ``keywords``: ``items[].kind`` is that of every item. Fields that also have other values
    are left out.
    """
    found: dict[str, list[str]] = {}
    open_paths: set[str] = set()
    for path, keyword, value in keywords(schema):
        values: list[Any] = []
        if keyword == "enum":
            values = list(value)
        elif keyword == "const":
            values = [value]
        elif keyword == "type":
            kinds = [value] if isinstance(value, str) else list(value)
            values = [it for kind in kinds for it in _FEW.get(kind, ())]
            if {"number", "integer", "array", "object"} & set(kinds) or kinds == ["string"]:
                open_paths.add(path)
        texts = found.setdefault(path, [])
        texts += [text for text in map(_as_json, values) if text not in texts]
    enumerated = {path for path, keyword, _ in keywords(schema) if keyword in ("enum", "const")}
    return {
        path: texts
        for path, texts in found.items()
        if 1 < len(texts) <= _MOST_VALUES and (path in enumerated or path not in open_paths)
    }


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def scalars(text: str) -> Iterator[tuple[Place, int, int]]:
    """Place, start and end of every scalar of a valid JSON text; what stands behind its value is not looked at.

    Raises:
        ValueError: When the text is no JSON; so does IndexError say, at its end.
    """
    yield from _Scan(text).value(0, ())


@dataclass(slots=True)
class _Scan:
    text: str
    end: int = 0

    def value(self, at: int, place: Place) -> Iterator[tuple[Place, int, int]]:
        """The scalars of the value at a place; ``end`` is behind it afterwards."""
        at = self._skipped(at)
        if self.text[at] == "{":
            yield from self._members(at + 1, place)
        elif self.text[at] == "[":
            yield from self._items(at + 1, place)
        else:
            if self.text[at] == '"':
                self.end = _read_string(self.text, at + 1)[1]
            else:
                found = _SCALAR.match(self.text, at)
                self.end = found.end() if found else at + 1
            yield place, at, self.end

    def _members(self, at: int, place: Place) -> Iterator[tuple[Place, int, int]]:
        at = self._skipped(at)
        while self.text[at] != "}":
            key, at = _read_string(self.text, self._skipped(at) + 1)
            yield from self.value(self._skipped(at) + 1, (*place, key))
            at = self._after_comma(self.end)
        self.end = at + 1

    def _items(self, at: int, place: Place) -> Iterator[tuple[Place, int, int]]:
        at, index = self._skipped(at), 0
        while self.text[at] != "]":
            yield from self.value(at, (*place, index))
            at, index = self._after_comma(self.end), index + 1
        self.end = at + 1

    def _after_comma(self, at: int) -> int:
        at = self._skipped(at)
        return self._skipped(at + 1) if self.text[at] == "," else at

    def _skipped(self, at: int) -> int:
        while self.text[at] in " \t\r\n":
            at += 1
        return at
