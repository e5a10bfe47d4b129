"""The filters and operators that templates may use: a closed list, each bounded in what it can make."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from itertools import islice
from types import MappingProxyType
from typing import Any, cast

from jinja2 import TemplateRuntimeError, Undefined, pass_environment
from jinja2.environment import Environment
from jinja2.filters import FILTERS as JINJA_FILTERS

from promptkit.rendering.fences import fenced
from promptkit.rendering.printing import json_text, plain_text
from promptkit.rendering.run import CURRENT, MAX_STEPS
from promptkit.rendering.spans import MAX_CHARACTERS, joined

__all__ = ["BINARY", "FILTERS", "bounded_items", "text_join"]

_STOCK: Mapping[str, Callable[..., Any]] = cast("Mapping[str, Callable[..., Any]]", JINJA_FILTERS)
_MAX_BITS = 10_000
"""Longest whole number that ``*`` and ``**`` may make, in bits: far above any count or price."""


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


def text_join(items: Iterable[Any]) -> str:
    """What ``a ~ b`` makes: the printed texts one after the other."""
    return joined([plain_text(item) for item in items])


def _need_room(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise TemplateRuntimeError(f"this would make a text or list longer than {MAX_CHARACTERS:,}")


def _replace(value: Any, old: str, new: Any, count: int = -1) -> str:
    text, new_text = plain_text(value), plain_text(new)
    found = text.count(old) if count < 0 else min(count, text.count(old))
    _need_room(len(text) + found * len(new_text))
    return text.replace(old, new_text, count)


def _join(value: Iterable[Any], separator: Any = "") -> str:
    texts = [plain_text(item) for item in islice(value, MAX_STEPS)]
    between = plain_text(separator)
    _need_room(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    text = plain_text(value)
    pad = width if isinstance(width, str) else " " * min(width, MAX_CHARACTERS)
    _need_room(len(text) + len(pad) * (text.count("\n") + 1))
    lines = text.split("\n")
    rest = [pad + line if line or blank else line for line in lines[1:]]
    return "\n".join([pad + lines[0] if first else lines[0], *rest])


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


_TEXT = ("capitalize", "lower", "title", "trim", "truncate", "upper", "wordcount", "wordwrap")
_DATA = [
    "abs",
    "count",
    "dictsort",
    "first",
    "float",
    "groupby",
    "int",
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
    "round",
    "select",
    "selectattr",
    "sort",
    "sum",
    "unique",
]

FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: _STOCK[name] for name in _DATA}
    | {name: _on_text(name) for name in _TEXT}
    | {
        "d": _default,
        "default": _default,
        "fence": fenced,
        "indent": _indent,
        "join": _join,
        "json": json_text,
        "replace": _replace,
        "string": plain_text,
        "tojson": json_text,
    }
)
"""All filters by name. None of them is random, escapes for HTML, reads attributes by name or formats."""


def _size(value: Any) -> int:
    """How much of a text or list there is; 0 for anything else."""
    return len(cast("Sequence[Any]", value)) if isinstance(value, str | list | tuple) else 0


def _add(left: Any, right: Any) -> Any:
    _need_room(_size(left) + _size(right))
    if isinstance(left, str) and isinstance(right, str):
        return plain_text(left) + plain_text(right)
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(times, int):
            _need_room(_size(sequence) * times)
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
