"""What lengths are counted in: how many there are, where they end, and how to make some."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any

from promptkit.constraints.sentences import sentence_ends
from promptkit.schemas.json_types import is_list

__all__ = ["UNITS", "Unit"]

_LETTERS = "The parcel is on its way and will arrive by Monday at your front door"
_WORDS = _LETTERS.split()
_SENTENCE = "The parcel is on its way."
_WORD = re.compile(r"\S+")
# What str.split splits at, in the syntax of Rust's `regex`.
_BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# What str.splitlines splits at besides the line feed and the carriage return.
_BREAK = "\\x0b\\x0c\\x1c-\\x1e\\x85\u2028\u2029"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Something that a value has a number of.

    Attributes:
        name: In the plural, as kinds of rules name it.
        one: In the singular.
        takes: The JSON type whose values have it.
        keywords: What JSON Schema calls its least and most; empty when it cannot say them.
        emptiness: True when a value without any is empty, so that "at least one" reads "not empty".
        count: How many a value has.
        cut: The value with that many of its first ones.
        filled: The value with that many more, readable; the given one where there is no way.
        made: Readable texts with that many, the longest first; empty for lists.
        pattern: A regular expression, in the syntax of ``matches``, of the texts that have from least to most.
        shortest: How many characters that many take at least.
    """

    name: str
    one: str
    takes: str = "string"
    keywords: tuple[str, str] | None = None
    emptiness: bool = False
    count: Callable[[Any], int]
    cut: Callable[[Any, int], Any]
    filled: Callable[[Any, int], Any]
    made: Callable[[int], Sequence[str]] = lambda _: ()
    pattern: Callable[[int, int | None], str] | None = None
    shortest: Callable[[int], int] = lambda _: 0

    def several(self, number: int) -> str:
        """The number with its unit: ``1 word``, ``2 words``."""
        return f"{number} {self.one if number == 1 else self.name}"


def _times(least: int, most: int | None) -> str:
    return f"{{{max(least, 0)},{'' if most is None else most}}}"


def _characters(number: int) -> str:
    text = "".join(islice(cycle(f"{_LETTERS} "), number))
    return f"{text[:-1]}s" if text.endswith(" ") else text


def _more_characters(text: str, number: int) -> str:
    return f"{text}{_characters(number)}"


def _characters_pattern(least: int, most: int | None) -> str:
    return rf"[\s\S]{_times(least, most)}"


def _words(number: int) -> str:
    return " ".join(islice(cycle(_WORDS), number))


def _first_words(text: str, number: int) -> str:
    ends = [match.end() for match in islice(_WORD.finditer(text), number)]
    return text[: ends[-1]] if ends else ""


def _more_words(text: str, number: int) -> str:
    return f"{text.rstrip()} {_words(number)}".lstrip()


def _words_pattern(least: int, most: int | None) -> str:
    first = f"[^{_BLANK}]+(?:[{_BLANK}]+[^{_BLANK}]+){_times(least - 1, None if most is None else most - 1)}"
    return f"[{_BLANK}]*(?:{first}){'' if least else '?'}[{_BLANK}]*"


def _first_sentences(text: str, number: int) -> str:
    return text[: sentence_ends(text)[number - 1]]


def _more_sentences(text: str, number: int) -> str:
    before = text.rstrip() if any(map(str.isalnum, text)) else ""
    if before and len(sentence_ends(f"{before} {_SENTENCE}")) == len(sentence_ends(before)):
        before += "!" if before.endswith(".") else "."
    return " ".join([*([before] if before else []), *[_SENTENCE] * number])


def _first_lines(text: str, number: int) -> str:
    return "".join(text.splitlines(keepends=True)[:number])


def _more_lines(text: str, number: int) -> str:
    lines = [*text.splitlines(), *[_SENTENCE] * number]
    return "\n".join(lines)


def _lines_pattern(least: int, most: int | None) -> str:
    """A line ends with its break; the last one may have none, but then it is not empty.

    A carriage return that no line feed follows has no place in it: whether it ends a line, only what follows
    it tells.
    """
    ended = f"[^\\r\\n{_BREAK}]*(?:\\r?\\n|[{_BREAK}])"
    open_end = f"(?:{ended}){_times(least - 1, None if most is None else most - 1)}[^\\r\\n{_BREAK}]+"
    return f"{open_end}|(?:{ended}){_times(least, most)}"


def _more_items(items: list[Any], number: int) -> list[Any]:
    return [*items, *items[-1:] * number]


UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        unit.name: unit
        for unit in (
            Unit(
                name="characters",
                one="character",
                keywords=("minLength", "maxLength"),
                emptiness=True,
                count=len,
                cut=lambda text, number: text[:number],
                filled=_more_characters,
                made=lambda number: (_characters(number),),
                pattern=_characters_pattern,
                shortest=lambda number: number,
            ),
            Unit(
                name="words",
                one="word",
                count=lambda text: len(text.split()),
                cut=_first_words,
                filled=_more_words,
                made=lambda number: (_words(number), " ".join(["a"] * number)),
                pattern=_words_pattern,
                shortest=lambda number: 2 * number - 1,
            ),
            Unit(
                name="sentences",
                one="sentence",
                count=lambda text: len(sentence_ends(text)),
                cut=_first_sentences,
                filled=_more_sentences,
                made=lambda number: (" ".join([_SENTENCE] * number), " ".join(["Go!"] * number)),
                shortest=lambda number: 2 * number - 1,
            ),
            Unit(
                name="lines",
                one="line",
                emptiness=True,
                count=lambda text: len(text.splitlines()),
                cut=_first_lines,
                filled=_more_lines,
                made=lambda number: ("\n".join([_SENTENCE] * number), "\n".join(["a"] * number)),
                pattern=_lines_pattern,
                shortest=lambda number: number,
            ),
            Unit(
                name="items",
                one="item",
                takes="array",
                keywords=("minItems", "maxItems"),
                emptiness=True,
                count=len,
                cut=lambda items, number: items[:number],
                filled=lambda items, number: _more_items(items, number) if is_list(items) else items,
            ),
        )
    }
)
"""By name, what lengths are counted in."""
