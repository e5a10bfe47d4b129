"""The guard against echoes: JSON that a model copied from a text in the prompt's inputs is no answer of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from promptkit.output.alignment.candidates import strings_in

__all__ = ["Echoes", "canonical"]


def canonical(data: Any) -> str:
    """Equal for equal data, whatever the order of names."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Echoes:
    """The values that stand in the inputs' texts, worked out only when an answer shares a name with one.

    An input that is the value as a whole, as data or as a text that is nothing but its JSON, makes no echo: a
    prompt that checks a record may well give it back unchanged. JSON inside a longer text does.

    Args:
        inputs: The inputs, by name or one after the other.
        values_of: Reads the values of a text in the form of the schema.
    """

    def __init__(
        self, inputs: Mapping[str, Any] | Iterable[Any], values_of: Callable[[str], Iterable[Any]]
    ) -> None:
        given = list(inputs.values()) if isinstance(inputs, Mapping) else [inputs] if isinstance(inputs, str) else list(inputs)
        self._texts = [text for text in strings_in(given) if "{" in text or "[" in text]
        self._values_of = values_of
        self._embedded: set[str] | None = None
        self._whole: set[str] = set()

    def is_echo(self, data: Any) -> bool:
        """True when the value stands as JSON inside a longer text of the inputs."""
        return self._may_occur(data) and canonical(data) in self._values()

    def is_input(self, data: Any) -> bool:
        """True when the value is an input as a whole, written as JSON, or stands inside one."""
        return self._may_occur(data) and (canonical(data) in self._values() or canonical(data) in self._whole)

    def _may_occur(self, data: Any) -> bool:
        if not self._texts or not isinstance(data, dict | list) or not data:
            return False
        inner: Any = data
        while isinstance(inner, list) and inner:
            inner = inner[0]
        needle = next(iter(inner), "") if isinstance(inner, dict) else ""
        return any(str(needle) in text for text in self._texts)

    def _values(self) -> set[str]:
        if self._embedded is None:
            self._embedded = set()
            for text in self._texts:
                found = {canonical(value) for value in self._values_of(text)}
                (self._whole if _is_json(text) else self._embedded).update(found)
        return self._embedded


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
