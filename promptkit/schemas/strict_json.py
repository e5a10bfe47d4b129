"""Strict JSON: one value and nothing else, or a clear sentence about what is wrong and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jiter

from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.outcomes import Problem
from promptkit.schemas.places import shown

__all__ = ["MAX_DEPTH", "NotJson", "parse_json"]

MAX_DEPTH = 100
"""Deepest nesting of objects and lists; below the recursion limits of the parsers behind it (about 200)."""

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_NAMES = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|[{}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
_SENTENCES = {
    "Expecting value": "a JSON value was expected",
    "Expecting ',' delimiter": "a comma or a closing bracket was expected",
    "Expecting ':' delimiter": "a colon was expected after the name",
    "Expecting property name enclosed in double quotes": "a name in double quotes was expected",
    "Illegal trailing comma before end of object": "a comma stands before the closing brace",
    "Illegal trailing comma before end of array": "a comma stands before the closing bracket",
    "Extra data": "there is more text after the JSON value",
    "Unterminated string starting at": "a string is not closed",
    "Invalid control character at": "a string holds a raw control character; it is written as an escape",
    "Invalid \\escape": "a string holds a backslash that escapes nothing",
    "Invalid \\uXXXX escape": "a string holds a \\u escape without four hexadecimal digits",
}


class NotJson(Exception):
    """The text is not one strict JSON value.

    Attributes:
        problem: What is wrong and where.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message)


def parse_json(text: str) -> Any:
    """The one JSON value (RFC 8259) that is the whole text; blanks around it are allowed.

    Raises:
        NotJson: For text that is no JSON, NaN and infinities, a name that occurs twice in one object, nesting
            deeper than 100, unpaired surrogates, numbers too large for a float, and text around the value.
    """
    try:
        return _quickly(text)
    except (
        ValueError
    ):  # also a lone surrogate, which has no bytes; what is wrong, and where, takes a closer look
        return _closely(text)


def _quickly(text: str) -> Any:
    """The value by a parser in native code.

    Raises:
        ValueError: Where it is none, or where only a closer look can tell.
    """
    raw = text.encode()
    if _may_overflow(raw) or _may_be_deep(raw):
        raise ValueError
    return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)


_SHAPES = bytes(
    ord("d") if code in b"0123456789" else ord("e") if code in b"eE" else code if code in b"+" else ord(".")
    for code in range(256)
)
"""Each byte as a digit, an exponent's sign, or neither."""
_MANY_DIGITS = b"d" * 200


def _may_overflow(raw: bytes) -> bool:
    """False when no number is too large for a float: no exponent has three digits, and no number very many."""
    shape = raw.translate(_SHAPES)
    if _MANY_DIGITS in shape:
        return True
    return b"de" in shape and (b"deddd" in shape or b"de+ddd" in shape)


_TO_ROUND = bytes.maketrans(b"[{]}", b"(())")
_NOT_BRACKETS = bytes(code for code in range(256) if code not in b"[{]}")


def _may_be_deep(raw: bytes) -> bool:
    """False when brackets, those in strings included, nest at most MAX_DEPTH deep: pairs vanish from the inside."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return False
    brackets = raw.translate(_TO_ROUND, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        fewer = brackets.replace(b"()", b"")
        if len(fewer) == len(brackets):
            return True
        brackets = fewer
    return bool(brackets)


def _closely(text: str) -> Any:
    if _may_be_deep(text.encode("utf-8", "surrogatepass")):
        _refuse_deep(text)
    if text.startswith("\ufeff"):
        raise NotJson(_problem(text, 0, "a byte order mark stands before the JSON value"))
    try:
        data = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(_problem(text, error.pos, _sentence(error.msg))) from None
    except _Refused as refused:
        offset = _name_twice(text) if refused.lexeme is None else _outside_strings(text, refused.lexeme)
        raise NotJson(_problem(text, offset, refused.sentence)) from None
    except ValueError:  # an integer of more digits than sys.get_int_max_str_digits() allows
        raise NotJson(_problem(text, None, "a number has too many digits")) from None
    if _SURROGATE.search(text):
        _refuse_surrogates(data)
    return data


class _Refused(Exception):
    """A hook refuses what the decoder takes; a lexeme of None means a name that occurs twice."""

    def __init__(self, lexeme: str | None, sentence: str) -> None:
        self.lexeme = lexeme
        self.sentence = sentence
        super().__init__(sentence)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(None, f"the name {shown(twice)} occurs twice in one object")
    return data


def _constant(lexeme: str) -> Any:
    raise _Refused(lexeme, f"{lexeme} is no JSON value")


def _float(lexeme: str) -> float:
    number = float(lexeme)
    if number in (float("inf"), float("-inf")):
        raise _Refused(lexeme, f"the number {lexeme[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)


def _refuse_deep(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKENS.finditer(text):
        bracket = token.group()
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                sentence = f"objects and lists are nested deeper than {MAX_DEPTH}"
                raise NotJson(_problem(text, token.start(), sentence))
        elif bracket in "]}":
            depth -= 1


def _refuse_surrogates(data: Any) -> None:
    for string in _strings(data):
        try:
            string.encode()
        except UnicodeEncodeError:
            sentence = "a string holds an unpaired surrogate, which is no character"
            raise NotJson(
                Problem(path="", rule="json", message=sentence, got=None, expected="JSON")
            ) from None


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif is_object(data):
        for name, value in data.items():
            yield name
            yield from _strings(value)
    elif is_list(data):
        for value in data:
            yield from _strings(value)


def _outside_strings(text: str, lexeme: str) -> int | None:
    for token in re.finditer(rf'"(?:[^"\\]|\\.)*"|{re.escape(lexeme)}', text, re.DOTALL):
        if token.group() == lexeme:
            return token.start()
    return None


def _name_twice(text: str) -> int | None:
    """Offset of the first name that its object already has."""
    names: list[set[str]] = []
    for token in _NAMES.finditer(text):
        mark = token.group()[0]
        if mark == "{":
            names.append(set())
        elif mark == "}":
            names.pop()
        elif token.group("colon"):
            name = json.loads(token.group("string"))
            if name in names[-1]:
                return token.start()
            names[-1].add(name)
    return None


def _sentence(reason: str) -> str:
    return _SENTENCES.get(reason.removesuffix(" at"), _SENTENCES.get(reason, reason.lower()))


def _problem(text: str, offset: int | None, sentence: str) -> Problem:
    if not text.strip():
        return Problem(path="", rule="json", message="there is no text", expected="one JSON value")
    if offset is None:
        return Problem(path="", rule="json", message=sentence, expected="one JSON value")
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    found = shown(text[offset : offset + 20]) if offset < len(text) else "the end of the text"
    return Problem(
        path="",
        rule="json",
        message=f"{sentence} (line {line}, column {column})",
        got=found,
        expected="one JSON value",
    )
