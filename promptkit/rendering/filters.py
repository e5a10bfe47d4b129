"""The filters and operators that templates may use: a closed list, each bounded in what it can make."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import islice
from types import MappingProxyType
from typing import Any, cast

from jinja2 import TemplateRuntimeError, Undefined, pass_environment
from jinja2.environment import Environment
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.filters import make_attrgetter

from promptkit.rendering.fences import fenced, noted_fence
from promptkit.rendering.printing import json_text, noted_text, plain_text
from promptkit.rendering.run import CURRENT, MAX_STEPS
from promptkit.rendering.text_filters import added, indented, joined_items, trimmed, truncated
from promptkit.rendering.weights import compared, need_items, need_room, weighed, weight

__all__ = ["BINARY", "FILTERS", "HAND_ON", "NOTED_FENCE", "bounded_items", "bounded_tests"]

_STOCK: Mapping[str, Callable[..., Any]] = cast("Mapping[str, Callable[..., Any]]", JINJA_FILTERS)
_MAX_BITS = 10_000
"""Longest whole number that ``*`` and ``**`` may make, in bits: far above any count or price."""
_MAX_DIGITS = 300
"""Digits to which ``round`` may be asked to round, on either side: about what a float holds."""
_MAX_WRAPPING = 100_000_000
"""Characters that breaking one long word may copy: each line of it copies what is left of the word."""
_COMPARING = (
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "eq",
    "equalto",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "le",
    "lessthan",
    "lt",
    "ne",
)


def bounded_items(items: Any) -> Any:
    """What a loop runs over, its length counted before the first turn."""
    if isinstance(items, Undefined):
        return items
    if items is None:  # a missing optional input: no turns
        return ()
    if not isinstance(items, Sized):
        items = list[Any](islice(items, MAX_STEPS + 1))
    CURRENT.get().charge(len(items))
    return items


def bounded_tests(tests: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Jinja's tests; those that compare count both values first."""
    return {name: _counting(test) if name in _COMPARING else test for name, test in tests.items()}


def _counting(test: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(test)
    def apply(left: Any, right: Any) -> Any:
        return test(compared(left), compared(right))

    return apply


def _replace(value: Any, old: str, new: Any, count: int = -1) -> str:
    text, new_text = plain_text(value), plain_text(new)
    found = text.count(old) if count < 0 else min(count, text.count(old))
    need_room(len(text) + found * len(new_text))
    return text.replace(old, new_text, count)


def _round(value: Any, precision: int = 0, method: str = "common") -> Any:
    if abs(precision) > _MAX_DIGITS:
        raise TemplateRuntimeError(
            f"round to {precision} digits is too far; give a number from {-_MAX_DIGITS} to {_MAX_DIGITS}"
        )
    return _STOCK["round"](value, precision, method)


def _int(value: Any, default: int = 0, base: int = 10) -> Any:
    number = _STOCK["int"](value, default, base)
    if isinstance(number, int):
        _need_bits(number.bit_length())
    return number


@pass_environment
def _sum(
    environment: Environment, value: Iterable[Any], attribute: str | int | None = None, start: Any = 0
) -> Any:
    """Jinja's ``sum``, each step bounded as ``+`` is: lists would be copied whole for each item."""
    items: Iterable[Any] = value
    if attribute is not None:
        items = map(make_attrgetter(environment, attribute), value)
    return functools.reduce(_add, items, start)


@pass_environment
def _wordwrap(
    environment: Environment,
    value: Any,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,
) -> str:
    text = plain_text(value)
    longest = max(map(len, text.split()), default=0)
    if break_long_words and longest * longest // max(width, 1) > _MAX_WRAPPING:
        raise TemplateRuntimeError(
            f"wordwrap cannot break a word of {longest:,} characters into lines of {width}; "
            f"give break_long_words=false or shorten the text"
        )
    wrapped = _STOCK["wordwrap"](environment, text, width, break_long_words, "\n", break_on_hyphens)
    return wrapped if wrapstring is None else _replace(wrapped, "\n", wrapstring)


def _bounded(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with what goes in and what comes out counted."""
    at = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    @functools.wraps(filter_)
    def apply(*args: Any, **kwargs: Any) -> Any:
        counted = (*args[:at], weighed(args[at]), *args[at + 1 :])
        made = filter_(*counted, **kwargs)
        return cast("Any", made) if isinstance(made, Iterator) else weighed(made)

    return apply


def _default(value: Any, fallback: Any = "", boolean: bool = False) -> Any:
    """``x | default('...')``: also for None, which is what a missing optional input is."""
    if value is None or isinstance(value, Undefined) or (boolean and not value):
        return fallback
    return value


def _on_text(name: str) -> Callable[..., Any]:
    """A stock filter whose operand is turned to text as printing does it, so that no Python repr gets in."""
    stock = _STOCK[name]

    @functools.wraps(stock)
    def apply(value: Any, *args: Any, **kwargs: Any) -> Any:
        return stock(plain_text(value), *args, **kwargs)

    @functools.wraps(stock)
    def apply_in(environment: Environment, value: Any, *args: Any, **kwargs: Any) -> Any:
        return stock(environment, plain_text(value), *args, **kwargs)

    return pass_environment(apply_in) if hasattr(stock, "jinja_pass_arg") else apply


_TEXT = ("capitalize", "lower", "title", "upper", "wordcount")
_DATA = [
    "abs",
    "count",
    "dictsort",
    "first",
    "float",
    "groupby",
    "items",
    "last",
    "length",
    "list",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "unique",
]

FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: _bounded(_STOCK[name]) for name in _DATA}
    | {name: _bounded(_on_text(name)) for name in _TEXT}
    | {
        "d": _default,
        "default": _default,
        "fence": _bounded(fenced),
        "indent": _bounded(indented),
        "int": _bounded(_int),
        "join": _bounded(joined_items),
        "json": _bounded(json_text),
        "replace": _bounded(_replace),
        "round": _round,
        "string": _bounded(noted_text),
        "sum": _bounded(_sum),
        "tojson": _bounded(json_text),
        "trim": _bounded(trimmed),
        "truncate": _bounded(truncated),
        "wordwrap": _bounded(_wordwrap),
    }
)
"""All filters by name. None of them is random, escapes for HTML, reads attributes by name or formats."""

HAND_ON: Mapping[str, int] = MappingProxyType(
    {"map": 0, "reject": 0, "rejectattr": 1, "select": 0, "selectattr": 1}
)
"""Filters that are given the name of another one, or of a test, and where among their arguments."""

NOTED_FENCE = _bounded(noted_fence)
"""The filter ``fence`` in prompts that could come to fence what is fenced already."""


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return added(left, right)
    if isinstance(left, list | tuple):
        need_items(weight(left) + weight(right))  # pyright: ignore[reportUnknownArgumentType]
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(sequence, str):
            need_room(len(sequence) * max(times, 0))
        elif isinstance(times, int) and isinstance(sequence, list | tuple):
            need_items(weight(sequence) * max(times, 0))
    if isinstance(left, int) and isinstance(right, int):
        _need_bits(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        _need_bits(left.bit_length() * right)
    return left**right


def _need_bits(bits: int) -> None:
    if bits > _MAX_BITS:
        raise TemplateRuntimeError("this number would be too long to write")


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise TemplateRuntimeError("% does not format text here; join texts with ~")
    return left % right


BINARY: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"%": _modulo, "*": _multiply, "**": _power, "+": _add}
)
"""Operators that could make something huge, or a Python repr."""
