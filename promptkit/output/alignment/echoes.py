"""The guard against echoes: JSON that a model copied from a text in the prompt's inputs is no answer of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from promptkit.output.alignment.candidates import strings_in
from promptkit.schemas.json_types import is_list, is_mapping, is_object

__all__ = ["Echoes", "canonical"]


_FREE_TEXT = 20
"""Characters of a text that no rule of reading spells otherwise, as it does choices."""

_WORD = re.compile(r"[A-Za-z0-9]{4,}")


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
        given: Iterable[Any] = inputs.values() if is_mapping(inputs) else inputs
        listed = [given] if isinstance(given, str) else list(given)
        self._texts = [text for text in strings_in(listed) if "{" in text or "[" in text]
        self._values_of = values_of
        self._embedded: set[str] | None = None
        self._whole: set[str] = set()

    def is_echo(self, data: Any) -> bool:
        """True when the value stands as JSON inside a longer text of the inputs."""
        return self._may_occur(data) and self._words_occur(data) and canonical(data) in self._values()

    def is_input(self, data: Any) -> bool:
        """True when the value is an input as a whole, written as JSON, or stands inside one."""
        return self._may_occur(data) and (canonical(data) in self._values() or canonical(data) in self._whole)

    def _may_occur(self, data: Any) -> bool:
        if not self._texts:
            return False
        while is_list(data) and data:
            data = data[0]
        if not is_object(data) or not data:
            return False
        name = next(iter(data))
        return any(name in text for text in self._texts)

    def _words_occur(self, data: Any) -> bool:
        """False when a word of the value's longest text stands in none of the inputs' texts.

        Reading all of them costs many times what reading the answer does, and few answers are copied.
        """
        longest = max(strings_in([data]), key=len, default="")
        words = _WORD.findall(longest) if len(longest) >= _FREE_TEXT else []
        if not words:
            return True
        word = max(words, key=len).casefold()
        return any(word in text.casefold() for text in self._texts)

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
