"""Checks of declared inputs: a JSON Schema fragment becomes one function, prepared once."""

from __future__ import annotations

import decimal
import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.schemas.findings import Findings
from promptkit.schemas.fragments import resolve, types_of
from promptkit.schemas.json_types import is_listed, is_mapping, is_set
from promptkit.schemas.places import below, shown
from promptkit.schemas.plain_data import as_mapping, plain_text, to_plain
from promptkit.schemas.quick_checks import (
    Quick,
    quick_choice,
    quick_list,
    quick_number,
    quick_object,
    quick_text,
)
from promptkit.schemas.raw_schemas import raw_problems, raw_validator
from promptkit.spelling import did_you_mean

__all__ = ["Check", "FieldCheck", "check_of", "is_closed", "takes_text"]

Check: TypeAlias = Callable[[Any, str, Findings], Any]
"""Takes a value, its path and the findings; gives the value as plain data."""

_SAID = frozenset({"type", "title", "description", "default", "examples"})
"""Keywords that bind no value beyond its type."""
_SIMPLE: Mapping[str, frozenset[str]] = {
    "string": _SAID,
    "integer": _SAID,
    "number": _SAID,
    "boolean": _SAID,
    "array": _SAID | {"items"},
    "object": _SAID | {"properties", "required", "additionalProperties"},
}
_CLOSED_FORMATS = frozenset({"date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6"})
_SCALARS = frozenset({"boolean", "integer", "null", "number"})


def is_closed(
    fragment: Mapping[str, Any], resolved: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> bool:
    """True when no text of a stranger fits: enums, booleans, numbers, dates, and lists of such."""
    fragment = resolved(fragment)
    if "enum" in fragment or "const" in fragment:
        return True
    alternatives = fragment.get("anyOf") or fragment.get("oneOf")
    if alternatives:
        return all(is_closed(part, resolved) for part in alternatives)
    kinds = set(types_of(fragment)) - {"null"}
    if kinds == {"array"}:
        return is_mapping(fragment.get("items")) and is_closed(fragment["items"], resolved)
    if kinds == {"string"}:
        return fragment.get("format") in _CLOSED_FORMATS
    return bool(types_of(fragment)) and kinds <= _SCALARS


def takes_text(fragment: Any, root: Mapping[str, Any]) -> bool:
    """True when a stranger's text may stand somewhere in a value of the fragment."""
    if not is_mapping(fragment):
        return True
    return "x-part" not in fragment and not is_closed(fragment, lambda inner: resolve(inner, root))


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """The check of one field.

    Attributes:
        check: Follows paths, and notes what does not fit.
        quick: Answers for what fits just so; None where there is none.
    """

    check: Check
    quick: Quick | None = None


def check_of(fragment: Mapping[str, Any], root: Mapping[str, Any]) -> FieldCheck:
    """The check of one field.

    Raises:
        SchemaUnsupported: When the fragment is no valid JSON Schema.
    """
    return _simple(fragment) or FieldCheck(_raw(fragment, root))


def _simple(fragment: Any) -> FieldCheck | None:
    """A check of our own for the shapes that Picoschema makes; None where jsonschema-rs must decide."""
    if not is_mapping(fragment):
        return None
    rules: Mapping[str, Any] = {
        key: value for key, value in fragment.items() if not str(key).startswith("x-")
    }
    if "enum" in rules and rules.keys() <= _SAID | {"enum"}:
        return _choice(list(rules["enum"]))
    kinds = types_of(rules)
    wanted = [kind for kind in kinds if kind != "null"]
    if len(wanted) != 1 or wanted[0] not in _SIMPLE or not rules.keys() <= _SIMPLE[wanted[0]]:
        return None
    made = _KINDS[wanted[0]](rules)
    return _or_null(made) if made is not None and "null" in kinds else made


def _or_null(simple: FieldCheck) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        return None if value is None else simple.check(value, path, findings)

    return FieldCheck(apply, simple.quick)


def _text(_rules: Mapping[str, Any]) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        text = plain_text(value)
        if text is None:
            findings.wrong_type(path, "a string", value)
            return None
        return findings.text(path, text)

    return FieldCheck(apply, quick_text)


def _boolean(_rules: Mapping[str, Any]) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        if not isinstance(value, bool):
            findings.wrong_type(path, "a boolean", value)
        return value

    return FieldCheck(apply, quick_number(bool))


def _integer(_rules: Mapping[str, Any]) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        plain = value.value if isinstance(value, enum.Enum) else value
        if isinstance(plain, bool) or not isinstance(plain, int):
            findings.wrong_type(path, "an integer", value)
            return None
        return to_plain(plain, path, findings)

    return FieldCheck(apply, quick_number(int))


def _number(_rules: Mapping[str, Any]) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        plain = value.value if isinstance(value, enum.Enum) else value
        if isinstance(plain, bool) or not isinstance(plain, int | float | decimal.Decimal):
            findings.wrong_type(path, "a number", value)
            return None
        return to_plain(plain, path, findings)

    return FieldCheck(apply, quick_number(int, float))


def _choice(allowed: list[Any]) -> FieldCheck:
    def apply(value: Any, path: str, findings: Findings) -> Any:
        plain = to_plain(value, path, findings)
        for one in allowed:
            if isinstance(one, bool) == isinstance(plain, bool) and one == plain:
                return one
        names = ", ".join(shown(one) for one in allowed)
        guess = (
            did_you_mean(plain, [one for one in allowed if isinstance(one, str)])
            if isinstance(plain, str)
            else ""
        )
        findings.add(path, "type", f"{path}: {shown(plain)} is not one of {names}{guess}")
        return None

    return FieldCheck(apply, quick_choice(allowed))


def _any_or_simple(fragment: Any) -> FieldCheck | None:
    return FieldCheck(to_plain) if fragment in ({}, True) else _simple(fragment)


def _list(rules: Mapping[str, Any]) -> FieldCheck | None:
    items = _any_or_simple(rules.get("items", {}))
    if items is None:
        return None
    check = items.check

    def apply(value: Any, path: str, findings: Findings) -> Any:
        if is_set(value):
            value = sorted(value, key=str)
        if not is_listed(value):
            findings.wrong_type(path, "a list", value)
            return None
        return [check(item, f"{path}[{index}]", findings) for index, item in enumerate(value)]

    return FieldCheck(apply, None if items.quick is None else quick_list(items.quick))


def _object(rules: Mapping[str, Any]) -> FieldCheck | None:
    properties: Mapping[str, Any] = rules.get("properties", {})
    fields = {name: _any_or_simple(part) for name, part in properties.items()}
    others = rules.get("additionalProperties", not properties)
    if is_mapping(others) or None in fields.values():
        return None
    known = {name: field for name, field in fields.items() if field is not None}
    sure = {name: field.check for name, field in known.items()}
    required = frozenset(rules.get("required", ()))

    def apply(value: Any, path: str, findings: Findings) -> Any:
        fields = as_mapping(value)
        if fields is None:
            findings.wrong_type(path, "an object", value)
            return None
        plain: dict[str, Any] = {}
        for name, check in sure.items():
            if name in fields and (fields[name] is not None or name in required):
                plain[name] = check(fields[name], below(path, name), findings)
            elif name in required:
                findings.add(below(path, name), "missing", f"missing {below(path, name)}")
            else:
                plain[name] = properties[name].get("default")
        further = {name: part for name, part in fields.items() if name not in sure}
        if others:
            plain.update(to_plain(further, path, findings))
        elif fields is value:  # of an instance only the declared attributes are taken
            for name in further:
                guess = did_you_mean(str(name), sure)
                findings.add(
                    below(path, str(name)), "unexpected", f"unexpected {below(path, str(name))}{guess}"
                )
        return plain

    return FieldCheck(apply, _quick_object(known, properties, required))


def _quick_object(
    fields: Mapping[str, FieldCheck], properties: Mapping[str, Any], required: Collection[str]
) -> Quick | None:
    quick = {name: field.quick for name, field in fields.items() if field.quick is not None}
    if len(quick) < len(properties):
        return None
    return quick_object(
        quick, {name: part.get("default") for name, part in properties.items() if name not in required}
    )


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], FieldCheck | None]] = {
    "array": _list,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "object": _object,
    "string": _text,
}


def _raw(fragment: Mapping[str, Any], root: Mapping[str, Any]) -> Check:
    definitions = {key: root[key] for key in ("$defs", "definitions") if key in root}
    validator = raw_validator({**definitions, **fragment})

    def apply(value: Any, path: str, findings: Findings) -> Any:
        before = len(findings.problems)
        plain = to_plain(value, path, findings)
        if len(findings.problems) > before:
            return plain
        for problem in raw_problems(validator, plain):
            inner = (
                f"{path}.{problem.path}"
                if problem.path and problem.path[0] != "["
                else f"{path}{problem.path}"
            )
            if problem.rule == "required":
                findings.add(inner, "missing", f"missing {inner}")
            else:
                findings.add(inner, "type", f"{inner}: {problem.message}")
        return plain

    return apply
