"""pydantic's findings as our own short sentences, with paths in our syntax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.outcomes import Problem
from promptkit.schemas.places import path_text, shown, type_phrase

__all__ = ["problems_of"]

MAX_PROBLEMS = 50
"""More findings than this help nobody: a long list of wrong items says the same thing again and again."""

_WANTED = {
    "bool_type": "a boolean",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "decimal_type": "a number",
    "string_type": "a string",
    "none_required": "null",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dataclass_type": "an object",
    "date_type": "a date such as 2026-01-31",
    "date_parsing": "a date such as 2026-01-31",
    "date_from_datetime_parsing": "a date such as 2026-01-31",
    "datetime_type": "a date and time such as 2026-01-31T09:30:00",
    "datetime_parsing": "a date and time such as 2026-01-31T09:30:00",
    "datetime_from_date_parsing": "a date and time such as 2026-01-31T09:30:00",
    "time_type": "a time such as 09:30:00",
    "time_parsing": "a time such as 09:30:00",
}

_Said = Callable[[Any, dict[str, Any]], str]

_SAID: dict[str, _Said] = {
    "missing": lambda _, __: "is missing",
    "missing_keyword_only_argument": lambda _, __: "is missing",
    "extra_forbidden": lambda _, __: "is no field of the schema",
    "unexpected_keyword_argument": lambda _, __: "is no field of the schema",
    "greater_than": lambda got, ctx: f"{shown(got)} is not above {_limit(ctx['gt'])}",
    "greater_than_equal": lambda got, ctx: f"{shown(got)} is below {_limit(ctx['ge'])}",
    "less_than": lambda got, ctx: f"{shown(got)} is not below {_limit(ctx['lt'])}",
    "less_than_equal": lambda got, ctx: f"{shown(got)} is above {_limit(ctx['le'])}",
    "multiple_of": lambda got, ctx: f"{shown(got)} is no multiple of {ctx['multiple_of']}",
    "string_too_short": lambda got, ctx: f"{len(got)} characters are fewer than {ctx['min_length']}",
    "string_too_long": lambda got, ctx: f"{len(got)} characters are more than {ctx['max_length']}",
    "string_pattern_mismatch": lambda got, ctx: f"{shown(got)} does not match the pattern {ctx['pattern']}",
    "too_short": lambda _, ctx: f"{ctx['actual_length']} items are fewer than {ctx['min_length']}",
    "too_long": lambda _, ctx: f"{ctx['actual_length']} items are more than {ctx['max_length']}",
    "literal_error": lambda got, ctx: f"{shown(got)} is not one of {_choices(ctx)}",
    "enum": lambda got, ctx: f"{shown(got)} is not one of {_choices(ctx)}",
    "value_error": lambda _, ctx: str(ctx.get("error", "the value does not fit")),
    "assertion_error": lambda _, ctx: str(ctx.get("error", "")) or "the value does not fit",
}


def problems_of(error: ValidationError, data: Any) -> tuple[Problem, ...]:
    """Each finding once, in pydantic's order, at most 50.

    Args:
        error: What pydantic raised.
        data: The plain data that was validated; it tells names and indices from the branch labels that
            pydantic puts into its locations for unions.
    """
    found: dict[tuple[str, str], list[Problem]] = {}
    for line in error.errors(include_url=False):
        problem = _problem(line, data)
        group = "type" if line["type"] in _WANTED else problem.message
        same = found.setdefault((problem.path, group), [])
        if problem not in same:
            same.append(problem)
    merged = [_merge(same) for same in found.values()]
    return tuple(merged[:MAX_PROBLEMS])


def _merge(same: Sequence[Problem]) -> Problem:
    """The branches of a union ask for several types at one place: one sentence names them all."""
    first = same[0]
    if len(same) == 1:
        return first
    wanted = " or ".join(dict.fromkeys(problem.expected or "" for problem in same))
    got = first.got or "null"
    return Problem(
        path=first.path,
        rule=first.rule,
        message=f"expected {wanted}, got {got}",
        got=first.got,
        expected=wanted,
    )


def _problem(line: Any, data: Any) -> Problem:
    kind: str = line["type"]
    got = line.get("input")
    context: dict[str, Any] = line.get("ctx", {})
    path = path_text(_place(line["loc"], data, missing=kind.startswith("missing")))
    if kind in _WANTED:
        wanted = _WANTED[kind]
        found = _found(got)
        return Problem(
            path=path, rule="type", message=f"expected {wanted}, got {found}", got=found, expected=wanted
        )
    said = _SAID.get(kind)
    message = said(got, context) if said else _plain(line["msg"])
    absent = kind.startswith("missing")
    return Problem(path=path, rule=kind, message=message, got=None if absent else shown(got))


def _found(got: Any) -> str:
    phrase = type_phrase(got)
    return f"{phrase}, {shown(got, 60)}" if isinstance(got, str | int | float) else phrase


def _limit(limit: Any) -> str:
    """As people write it: 5, not 5.0."""
    return str(int(limit)) if isinstance(limit, float) and limit.is_integer() else str(limit)


def _choices(context: dict[str, Any]) -> str:
    expected = str(context.get("expected", ""))
    return expected if '"' in expected else expected.replace("'", '"')


def _plain(message: str) -> str:
    message = message.removeprefix("Input ").removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _place(location: tuple[str | int, ...], data: Any, *, missing: bool) -> list[str | int]:
    """The names and indices of a location that exist in the data; a missing name stands last."""
    parts: list[str | int] = []
    last = len(location) - 1
    for index, part in enumerate(location):
        if is_object(data) and isinstance(part, str) and part in data:  # noqa: SIM114 - types differ
            data = data[part]
        elif is_list(data) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif not (missing and index == last):
            continue
        parts.append(part)
    return parts
