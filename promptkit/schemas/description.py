"""What an answer must look like, said to a model: the ``output_format`` section of ``promptkit/1``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptkit.schemas.fragments import branches, is_nullable, resolve, types_of, without_null
from promptkit.schemas.json_types import is_mapping
from promptkit.schemas.outputs import OutputSchema
from promptkit.wordings import ENGLISH, Wording

__all__ = ["describe"]

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
_LIMITS = {"exclusiveMinimum": "form.above", "exclusiveMaximum": "form.below", "multipleOf": "form.multiple"}


class _Unsayable(Exception):
    """The list of fields cannot say this schema faithfully."""


def describe(
    schema: OutputSchema[Any], json_schema: Mapping[str, Any], wording: Wording | None = None
) -> str:
    """The section that tells a model the form of its answer; the wording is frozen as ``promptkit/1``.

    Objects are a list of fields with type, limits and description. What such a list cannot say faithfully
    (recursion, alternatives of objects, patterns of names) is given as the JSON Schema itself.

    Args:
        schema: The output's schema.
        json_schema: Its JSON Schema, narrowed by the constraints that JSON Schema can say.
        wording: The language of the section; None for English.
    """
    wording = wording or ENGLISH
    if schema.kind == "text":
        return wording.say("form.text")
    try:
        return _said(json_schema, wording)
    except _Unsayable:
        return f"{wording.say('form.schema')}\n{json.dumps(json_schema, ensure_ascii=False, separators=(',', ':'))}"


def _said(root: Mapping[str, Any], wording: Wording) -> str:
    fragment, place = resolve(root, root), _Place(root, wording)
    if fragment.get("properties") and not is_nullable(fragment):
        return "\n".join([wording.say("form.object"), *_object(fragment, place).lines])
    said = _phrase(root, place)
    end = said.opener if said.lines else "."
    return "\n".join([wording.say("form.value", value=f"{place.choice(said)}{end}"), *said.lines])


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the schema we are: its root, the depth of the list, the references on the way; and the language."""

    root: Mapping[str, Any]
    wording: Wording
    indent: int = 0
    passed: tuple[str, ...] = ()

    def say(self, key: str, **values: str | int) -> str:
        return self.wording.say(f"form.{key}", **values)

    def choice(self, said: _Said) -> str:
        return self.wording.joined(said.choices)

    def several(self, phrase: str) -> str:
        """A phrase in the plural, as it stands behind "list of"; else that each of them is one."""
        for one, more in (
            ("string", "strings"),
            ("integer", "integers"),
            ("number", "numbers"),
            ("object_word", "objects"),
        ):
            if phrase == self.say(one):
                return self.say(more)
            if phrase == self.say("list", items=self.say(more)) and one != "object_word":
                return self.say("lists", items=self.say(more))
        return self.say("values_each", item=phrase)

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
    notes = [] if required or is_nullable(resolve(rules, place.root)) else [place.say("optional")]
    about = " ".join(str(rules.get("description", "")).split())
    notes += [about] if about else []
    remark = f" ({'; '.join(notes)})" if notes else ""
    return [f"{'  ' * place.indent}- `{name}`: {place.choice(said)}{remark}{said.opener}", *said.lines]


def _phrase(part: Mapping[str, Any], place: _Place) -> _Said:
    place = place.through(part)
    fragment = resolve(part, place.root)
    if "$ref" in fragment or "allOf" in fragment:
        raise _Unsayable
    if "const" in fragment or "enum" in fragment:
        return _choice(fragment, place)
    if is_nullable(fragment) and types_of(fragment) != ("null",):
        rest = without_null(fragment)
        if is_nullable(rest):  # several branches take null: no words for that
            raise _Unsayable
        said = _phrase(rest, place)
        opener = place.say("or_null_with") if said.opener == place.say("with") else said.opener
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


def _choice(fragment: Mapping[str, Any], place: _Place) -> _Said:
    _refuse(fragment, {"type", "enum", "const"})
    values = [fragment["const"]] if "const" in fragment else list(fragment["enum"])
    names = [json.dumps(value, ensure_ascii=False) for value in values if value is not None]
    null = ("null",) if None in values else ()
    if not names:
        return _Said(("null",))
    one, several = names[0], ", ".join(names)
    return _Said(
        (place.say("exactly", value=one) if len(names) == 1 else place.say("one_of", values=several), *null)
    )


def _string(fragment: Mapping[str, Any], place: _Place) -> _Said:
    _refuse(fragment, {"type", "minLength", "maxLength", "pattern", "format"})
    form = str(fragment.get("format", ""))
    phrase = place.say(form or "string") if form in _FORMATS else place.say("format", format=form)
    count = _count(fragment, "minLength", "maxLength", place, unit="characters")
    if count:
        phrase = place.say("length", string=phrase, count=count)
    if "pattern" in fragment:
        phrase = place.say("pattern", string=phrase, pattern=fragment["pattern"])
    return _Said((phrase,))


def _number(fragment: Mapping[str, Any], place: _Place) -> _Said:
    _refuse(fragment, {"type", *_LIMITS, "minimum", "maximum"})
    low, high = fragment.get("minimum"), fragment.get("maximum")
    phrase = place.say(types_of(fragment)[0])
    limits = [
        place.wording.say(key, limit=fragment[name]) for name, key in _LIMITS.items() if name in fragment
    ]
    between = f" {place.wording.say('word.and')} "
    if low is None and high is None:
        return _Said((f"{phrase} {between.join(limits)}".strip(),))
    key = "range" if low is not None and high is not None else "least" if high is None else "most"
    return _Said((between.join([place.say(key, number=phrase, low=f"{low}", high=f"{high}"), *limits]),))


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
    count = _count(fragment, "minItems", "maxItems", place)
    different = place.say("different") if fragment.get("uniqueItems") else ""

    def list_of(items: str) -> tuple[str]:
        return (place.say("list", items=" ".join(part for part in (count, different, items) if part)),)

    if not items.keys() - _SILENT:
        return _Said(list_of(place.say("any_values")))
    said = _phrase(items, place)
    phrase = place.choice(said)
    if said.lines and phrase == place.say("object_word"):
        return _Said(list_of(place.say("objects")), place.say("each_with"), said.lines)
    if said.lines:
        raise _Unsayable
    return _Said(list_of(place.several(phrase)))


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
        return _Said((place.say("object_word"),), place.say("with"), tuple(lines))
    if others is False:
        return _Said((place.say("empty_object"),))
    if others is True or others == {}:
        return _Said((place.say("object_word"),))
    said = _phrase(others, place)
    if said.lines:
        raise _Unsayable
    phrase = place.choice(said)
    several = place.several(phrase)
    if several == place.say("values_each", item=phrase):
        several = place.say("each", item=phrase)
    return _Said((place.say("open_object", items=several, item=phrase),))


_KINDS: Mapping[str, Callable[[Mapping[str, Any], _Place], _Said]] = {
    "array": _list,
    "boolean": _boolean,
    "integer": _number,
    "null": _null,
    "number": _number,
    "object": _object,
    "string": _string,
}
_FORMATS = ("", "date", "date-time", "time")
"""Formats of texts that have words of their own; the empty one is a plain text."""


def _count(
    fragment: Mapping[str, Any], low_key: str, high_key: str, place: _Place, unit: str | None = None
) -> str:
    """How many, in words that a noun can follow, or with their unit; empty when there is no limit."""
    low, high = fragment.get(low_key) or 0, fragment.get(high_key)
    if high is None and not low:
        return ""
    last = low if high is None else high
    number = f"{last}" if unit is None else place.wording.counted(unit, last)
    if high is None:
        return place.wording.say("count.at_least", number=number)
    if low == high:
        return place.wording.say("count.exactly", number=number)
    if not low:
        return place.wording.say("count.at_most", number=number)
    return place.wording.say("count.range", low=low, number=number)


def _refuse(fragment: Mapping[str, Any], known: set[str]) -> None:
    """A keyword that the words would leave out makes the whole unsayable."""
    if any(key not in known and key not in _SILENT and not key.startswith("x-") for key in fragment):
        raise _Unsayable
