"""What an answer must look like, said to a model: the ``output_format`` section of ``promptkit/1``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of, without_null
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.outputs import OutputSchema

__all__ = ["describe"]

_TEXT = "Answer with the text alone, without introduction or explanation."
_OBJECT = "Answer with one JSON object and nothing else. Its fields, in this order:"
_VALUE = "Answer with one JSON value and nothing else"
_FALLBACK = f"{_VALUE}. It fits this JSON Schema:"

_SILENT = frozenset(
    {
        "$defs",
        "$schema",
        "$id",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "discriminator",
    }
)
_MAX_DEPTH = 8
_WITH = " with:"
_OR_NULL_WITH = ", the object with:"
_LIMITS = {"exclusiveMinimum": "above", "exclusiveMaximum": "below", "multipleOf": "that is a multiple of"}


class _Unsayable(Exception):
    """The list of fields cannot say this schema faithfully."""


def describe(schema: OutputSchema[Any], json_schema: Mapping[str, Any]) -> str:
    """The section that tells a model the form of its answer; the wording is frozen as ``promptkit/1``.

    Objects are a list of fields with type, limits and description. What such a list cannot say faithfully
    (recursion, alternatives of objects, patterns of names) is given as the JSON Schema itself.

    Args:
        schema: The output's schema.
        json_schema: Its JSON Schema, narrowed by the constraints that JSON Schema can say.
    """
    if schema.kind == "text":
        return _TEXT
    try:
        return _said(json_schema)
    except _Unsayable:
        return f"{_FALLBACK}\n{json.dumps(json_schema, ensure_ascii=False, separators=(',', ':'))}"


def _said(root: Mapping[str, Any]) -> str:
    fragment = resolve(root, root)
    if fragment.get("properties") and not is_nullable(fragment):
        return "\n".join([_OBJECT, *_object(fragment, _Place(root)).lines])
    said = _phrase(root, _Place(root))
    end = said.opener if said.lines else "."
    return "\n".join([f"{_VALUE}: {said.phrase}{end}", *said.lines])


@dataclass(frozen=True, slots=True)
class _Said:
    """A value in words.

    Attributes:
        choices: What it may be, to be joined by commas and "or".
        opener: What leads from the words to the list of fields.
        lines: The list of fields inside it, empty for plain values.
    """

    choices: tuple[str, ...]
    opener: str = ""
    lines: tuple[str, ...] = ()

    @property
    def phrase(self) -> str:
        head, last = self.choices[:-1], self.choices[-1]
        return f"{', '.join(head)} or {last}" if head else last


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the schema we are: its root, how deep the list is nested, the references on the way."""

    root: Mapping[str, Any]
    indent: int = 0
    passed: tuple[str, ...] = ()

    def inside(self) -> _Place:
        return replace(self, indent=self.indent + 1)

    def through(self, part: Mapping[str, Any]) -> _Place:
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return self
        if reference in self.passed or len(self.passed) == _MAX_DEPTH:
            raise _Unsayable
        return replace(self, passed=(*self.passed, reference))


def _field(name: str, part: Any, *, required: bool, place: _Place) -> list[str]:
    if not is_mapping(part):
        raise _Unsayable
    rules: Mapping[str, Any] = part
    said = _phrase(rules, place.inside())
    notes = [] if required or is_nullable(resolve(rules, place.root)) else ["may be left out"]
    about = " ".join(str(rules.get("description", "")).split())
    notes += [about] if about else []
    remark = f" ({'; '.join(notes)})" if notes else ""
    return [f"{'  ' * place.indent}- `{name}`: {said.phrase}{remark}{said.opener}", *said.lines]


def _phrase(part: Mapping[str, Any], place: _Place) -> _Said:
    place = place.through(part)
    fragment = resolve(part, place.root)
    if "$ref" in fragment or "allOf" in fragment:
        raise _Unsayable
    if "const" in fragment or "enum" in fragment:
        return _choice(fragment)
    if is_nullable(fragment) and types_of(fragment) != ("null",):
        rest = without_null(fragment)
        if is_nullable(rest):  # several branches take null: no words for that
            raise _Unsayable
        said = _phrase(rest, place)
        opener = said.opener.replace(_WITH, _OR_NULL_WITH)
        return _Said((*said.choices, "null"), opener, said.lines)
    parts = branches(fragment)
    if parts:
        _refuse(fragment, {"anyOf", "oneOf"})
        return _either(parts, place)
    kinds = types_of(fragment)
    if len(kinds) > 1:
        return _either([{**fragment, "type": kind} for kind in kinds], place)
    say = _KINDS.get(kinds[0] if kinds else "")
    if say is None:
        raise _Unsayable
    return say(fragment, place)


def _either(parts: Sequence[Mapping[str, Any]], place: _Place) -> _Said:
    said = [_phrase(part, place) for part in parts]
    if any(one.lines for one in said):
        raise _Unsayable
    return _Said(tuple(dict.fromkeys(choice for one in said for choice in one.choices)))


def _choice(fragment: Mapping[str, Any]) -> _Said:
    _refuse(fragment, {"type", "enum", "const"})
    values = [fragment["const"]] if "const" in fragment else list(fragment["enum"])
    names = [json.dumps(value, ensure_ascii=False) for value in values if value is not None]
    null = ("null",) if None in values else ()
    if not names:
        return _Said(("null",))
    return _Said((f"exactly {names[0]}" if len(names) == 1 else f"one of {', '.join(names)}", *null))


def _string(fragment: Mapping[str, Any], _place: _Place) -> _Said:
    _refuse(fragment, {"type", "minLength", "maxLength", "pattern", "format"})
    form = str(fragment.get("format", ""))
    phrase = _FORMATS.get(form, f"string in the format {form}")
    count = _count(fragment, "minLength", "maxLength")
    if count:
        phrase += f" of {count} character" + ("" if count.endswith(" 1") else "s")
    if "pattern" in fragment:
        phrase += f" that matches the pattern {fragment['pattern']}"
    return _Said((phrase,))


def _number(fragment: Mapping[str, Any], _place: _Place) -> _Said:
    _refuse(fragment, {"type", *_LIMITS, "minimum", "maximum"})
    low, high = fragment.get("minimum"), fragment.get("maximum")
    limits: list[str] = []
    if low is not None and high is not None:
        limits.append(f"from {low} to {high}")
    elif low is not None:
        limits.append(f"of at least {low}")
    elif high is not None:
        limits.append(f"of at most {high}")
    limits += [f"{words} {fragment[key]}" for key, words in _LIMITS.items() if key in fragment]
    return _Said((f"{types_of(fragment)[0]} {' and '.join(limits)}".strip(),))


def _boolean(fragment: Mapping[str, Any], _place: _Place) -> _Said:
    _refuse(fragment, {"type"})
    return _Said(("true", "false"))


def _null(fragment: Mapping[str, Any], _place: _Place) -> _Said:
    _refuse(fragment, {"type"})
    return _Said(("null",))


def _list(fragment: Mapping[str, Any], place: _Place) -> _Said:
    _refuse(fragment, {"type", "items", "minItems", "maxItems", "uniqueItems"})
    items = fragment.get("items", {})
    if not is_mapping(items):
        raise _Unsayable
    count = _count(fragment, "minItems", "maxItems")
    head = " ".join(
        ["list of", *([count] if count else []), *(["different"] if fragment.get("uniqueItems") else [])]
    )
    if not items.keys() - _SILENT:
        return _Said((f"{head} JSON values",))
    said = _phrase(items, place)
    if said.lines and said.phrase == "object":
        return _Said((f"{head} objects",), ", each with:", said.lines)
    if said.lines:
        raise _Unsayable
    return _Said((f"{head} {_PLURALS.get(said.phrase, f'values, each {said.phrase}')}",))


def _object(fragment: Mapping[str, Any], place: _Place) -> _Said:
    _refuse(fragment, {"type", "properties", "required", "additionalProperties"})
    others = fragment.get("additionalProperties", not fragment.get("properties"))
    if fragment.get("properties"):
        if others is not False:
            raise _Unsayable
        required = frozenset(fragment.get("required", ()))
        lines = [
            line
            for name, part in fragment["properties"].items()
            for line in _field(name, part, required=name in required, place=place)
        ]
        return _Said(("object",), _WITH, tuple(lines))
    if others is False:
        return _Said(("object without fields",))
    if others is True or others == {}:
        return _Said(("object",))
    said = _phrase(others, place)
    if said.lines:
        raise _Unsayable
    return _Said((f"object whose values are {_PLURALS.get(said.phrase, f'each {said.phrase}')}",))


_KINDS: Mapping[str, Callable[[Mapping[str, Any], _Place], _Said]] = {
    "array": _list,
    "boolean": _boolean,
    "integer": _number,
    "null": _null,
    "number": _number,
    "object": _object,
    "string": _string,
}
_FORMATS = {
    "": "string",
    "date": 'date such as "2026-01-31"',
    "date-time": 'date and time such as "2026-01-31T09:30:00Z"',
    "time": 'time such as "09:30:00Z"',
}
_PLURALS = {
    "string": "strings",
    "integer": "integers",
    "number": "numbers",
    "object": "objects",
    "list of strings": "lists of strings",
    "list of integers": "lists of integers",
    "list of numbers": "lists of numbers",
}


def _count(fragment: Mapping[str, Any], low_key: str, high_key: str) -> str:
    """How many, in words that a noun can follow; empty when there is no limit."""
    low, high = fragment.get(low_key) or 0, fragment.get(high_key)
    if high is None:
        return f"at least {low}" if low else ""
    if low == high:
        return f"exactly {low}"
    return f"{low} to {high}" if low else f"at most {high}"


def _refuse(fragment: Mapping[str, Any], known: set[str]) -> None:
    """A keyword that the words would leave out makes the whole unsayable."""
    if any(key not in known and key not in _SILENT and not key.startswith("x-") for key in fragment):
        raise _Unsayable
