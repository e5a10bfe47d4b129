"""Constraints as prompt files write them: a kind, its argument, and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from promptkit.constraints.constraint import Constraint
from promptkit.constraints.rules import Between, Expr, OneOf, Rule
from promptkit.constraints.text_rules import Matches, MaxWords, NeverSays, QuotedFrom
from promptkit.schemas.json_types import is_list
from promptkit.schemas.places import shown, type_phrase
from promptkit.spelling import did_you_mean

__all__ = ["KINDS", "OPTIONS", "from_file"]

OPTIONS = ("id", "line", "on_fail", "say", "severity")
"""What a constraint takes besides its kind; ``line`` is the place in the file."""

_PAIR = 2


def _between(argument: Any) -> Rule:
    if not is_list(argument) or len(argument) != _PAIR:
        raise _shape("between", "a list of two numbers", "between: [1, 5]", argument)
    low, high = argument
    return Between(low, high)


def _one_of(argument: Any) -> Rule:
    plain = is_list(argument) and all(isinstance(value, str | int | float | None) for value in argument)
    if not plain:
        raise _shape("one_of", "a list of plain values", "one_of: [low, normal, high]", argument)
    return OneOf(tuple(argument))


def _max_words(argument: Any) -> Rule:
    return MaxWords(argument)


def _matches(argument: Any) -> Rule:
    if not isinstance(argument, str):
        raise _shape("matches", "a regular expression as a string", "matches: '[A-Z]{2}[0-9]{4}'", argument)
    return Matches(argument)


def _never_says(argument: Any) -> Rule:
    phrases = [argument] if isinstance(argument, str) else argument
    if not is_list(phrases) or not all(isinstance(phrase, str) for phrase in phrases):
        raise _shape(
            "never_says", "a list of phrases", "never_says: [refund guaranteed, we promise]", argument
        )
    return NeverSays(tuple(phrases))


def _quoted_from(argument: Any) -> Rule:
    if not isinstance(argument, str):
        raise _shape("quoted_from", "the path of an input", "quoted_from: ticket.body", argument)
    return QuotedFrom(argument)


def _expr(argument: Any) -> Rule:
    if not isinstance(argument, str):
        raise _shape("expr", "an expression as a string", 'expr: "output.a < output.b"', argument)
    return Expr(argument)


KINDS: Mapping[str, Callable[[Any], Rule]] = MappingProxyType(
    {
        "between": _between,
        "expr": _expr,
        "matches": _matches,
        "max_words": _max_words,
        "never_says": _never_says,
        "one_of": _one_of,
        "quoted_from": _quoted_from,
    }
)
"""Every kind of rule by its name in files, and what builds it from its argument."""


def from_file(kind: str, argument: Any, *, path: str, options: Mapping[str, Any]) -> Constraint:
    """The constraint that a prompt file writes as ``kind: argument``.

    Args:
        kind: One of KINDS.
        argument: The YAML value beside it.
        path: The field that it is about; empty for the whole output and for ``expr``.
        options: Any of OPTIONS.

    Raises:
        ValueError: For an unknown kind or option and for an argument of the wrong shape; a full sentence.
    """
    build = KINDS.get(kind)
    if build is None:
        raise ValueError(
            f"the rule {kind} is unknown{did_you_mean(kind, KINDS)}; known are {', '.join(KINDS)}"
        )
    for name in options:
        if name not in OPTIONS:
            known = ", ".join(option for option in OPTIONS if option != "line")
            raise ValueError(f"{name} is no option of {kind}{did_you_mean(name, OPTIONS)}; known are {known}")
    for name in ("id", "say"):
        if options.get(name) is not None and not isinstance(options[name], str):
            raise ValueError(f"{name} is text; got {type_phrase(options[name])}")
    if kind == "expr" and path:
        raise ValueError(f"expr names its fields itself, as in output.{path}; leave out the field {path}")
    return Constraint(path=path, rule=build(argument), **{name: options[name] for name in options})


def _shape(kind: str, wanted: str, example: str, argument: Any) -> ValueError:
    return ValueError(f"{kind} takes {wanted}, as in {example}; got {shown(argument, 60)}")
