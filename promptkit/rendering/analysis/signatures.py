"""Signatures: which arguments filters, tests and methods of text take, as their own functions say."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from promptkit.rendering.analysis.calls import Arguments
from promptkit.rendering.analysis.kinds import Kind, KindName, said
from promptkit.rendering.environment import TESTS
from promptkit.rendering.filters import FILTERS

__all__ = ["filter_fault", "function_fault", "test_fault"]

_WANTED: Mapping[Any, tuple[frozenset[KindName], str]] = MappingProxyType(
    {
        "int": (frozenset({"any", "boolean", "number"}), "a number"),
        "str": (frozenset({"any", "text"}), "text"),
    }
)
_METHODS: Mapping[str, tuple[int, int, str]] = MappingProxyType(
    {
        **dict.fromkeys(("endswith", "startswith"), (1, 3, "")),
        **dict.fromkeys(("count", "find", "rfind"), (1, 3, "str")),
        **dict.fromkeys(("partition", "removeprefix", "removesuffix", "rpartition"), (1, 1, "str")),
        **dict.fromkeys(("rsplit", "split"), (0, 2, "str")),
        **dict.fromkeys(("lstrip", "rstrip", "strip"), (0, 1, "str")),
        "splitlines": (0, 1, ""),
    }
)
"""Methods of text: the least and the most arguments, and the type of the first. All others take none."""


def filter_fault(name: str, given: Arguments) -> str | None:
    """What is wrong with the arguments of a filter; None when it takes them."""
    return _fault(f"the filter {name}", FILTERS[name], given) if name in FILTERS else None


def test_fault(name: str, given: Arguments) -> str | None:
    """What is wrong with the arguments of a test; None when it takes them."""
    return _fault(f"the test {name}", TESTS[name], given) if name in TESTS else None


def function_fault(name: str, given: Arguments) -> str | None:
    """What is wrong with the arguments of ``range`` or of a method of text; None when it takes them."""
    least, most, first = (1, 3, "int") if name == "range" else _METHODS.get(name, (0, 0, ""))
    if given.open or given.by_name or name == "namespace":
        return None
    if not least <= len(given.placed) <= most:
        takes = f"{least}" if least == most else f"{least} to {most}"
        noun = "argument" if most == 1 else "arguments"
        return f"{name} takes {takes if most else 'no'} {noun}, and {len(given.placed)} are given"
    if not given.placed or not first or (name in ("rsplit", "split") and given.placed[0].name == "none"):
        return None
    return _of_type(name, "", given.placed[0], first)


def _fault(what: str, function: Callable[..., Any], given: Arguments) -> str | None:
    if given.open:
        return None
    signature, before = _signature(function)
    try:
        bound = signature.bind(*[None] * before, *given.placed, **given.by_name)
    except TypeError as error:
        return f"{what} cannot be called so: {error}; it takes {_takes(signature, before)}"
    for name, kind in list(bound.arguments.items())[before:]:
        wanted = signature.parameters[name].annotation
        fault = _of_type(what, f" as {name}", kind, getattr(wanted, "__name__", wanted))
        if fault is not None and name != "default":  # what is given back as it is
            return fault
    return None


def _of_type(what: str, where: str, kind: Any, wanted: Any) -> str | None:
    taken, named = _WANTED.get(wanted, (None, "")) if isinstance(wanted, str) else (None, "")
    if taken is None or not isinstance(kind, Kind) or (kind.name in taken and not kind.nullable):
        return None
    told = "what may be None" if kind.nullable else said(kind)
    return f"{what} needs {named}{where}, and is given {told}"


@functools.cache
def _signature(function: Callable[..., Any]) -> tuple[inspect.Signature, int]:
    """The signature, and how many parameters come before those that a template gives."""
    signature = inspect.signature(function)
    first = next(iter(signature.parameters))
    return signature, 2 if first in ("context", "env", "environment") else 1


def _takes(signature: inspect.Signature, before: int) -> str:
    parameters = list(signature.parameters.values())[before:]
    empty = inspect.Parameter.empty
    names = (one.name if one.default is empty else f"{one.name}={one.default!r}" for one in parameters)
    return f"({', '.join(names)})"
