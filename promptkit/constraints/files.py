"""Constraints as prompt files write them: a kind, its argument, and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from promptkit.constraints.constraint import Constraint
from promptkit.constraints.judged import JUDGED_KINDS, JUDGED_OPTIONS, Judged, Tone
from promptkit.constraints.kinds import KINDS, OPTIONS, Kinds
from promptkit.constraints.rules import Rule, joined
from promptkit.schemas.places import type_phrase
from promptkit.spelling import did_you_mean

__all__ = ["from_file"]


def from_file(
    kind: str, argument: Any, *, path: str, options: Mapping[str, Any], kinds: Kinds = KINDS
) -> Constraint:
    """The constraint that a prompt file writes as ``kind: argument``.

    Args:
        kind: One of ``kinds``.
        argument: The YAML value beside it.
        path: The field that it is about; empty for the whole output and for ``expr``.
        options: Any of OPTIONS, and for a judged rule ``judge`` and ``when``.
        kinds: The kinds that there are.

    Raises:
        ValueError: For an unknown kind or option and for an argument of the wrong shape; a full sentence.
    """
    build = kinds.get(kind)
    if build is None:
        raise ValueError(
            f"the rule {kind} is unknown{did_you_mean(kind, kinds)}; known are {', '.join(sorted(kinds))}"
        )
    judged = {name: options[name] for name in options if name in JUDGED_OPTIONS}
    options = {name: option for name, option in options.items() if name not in judged}
    for name in options:
        if name not in OPTIONS:
            known = ", ".join(option for option in OPTIONS if option != "line")
            raise ValueError(f"{name} is no option of {kind}{did_you_mean(name, OPTIONS)}; known are {known}")
    for name in ("id", "say"):
        if options.get(name) is not None and not isinstance(options[name], str):
            raise ValueError(f"{name} is text; got {type_phrase(options[name])}")
    if kind == "expr" and path:
        raise ValueError(f"expr names its fields itself, as in output.{path}; leave out the field {path}")
    rule = _with_judge(build(argument), judged)
    return Constraint(path=path, rule=rule, **{name: options[name] for name in options})


def _with_judge(rule: Rule, judged: Mapping[str, Any]) -> Rule:
    """The rule with what stands beside it in the file about its judge."""
    if not judged:
        return rule
    if not isinstance(rule, Judged | Tone):
        name = next(iter(judged))
        raise ValueError(  # noqa: TRY004 - a mistake in a file
            f"{name} is an option of {joined(JUDGED_KINDS)}, which a judge decides; {rule.kind} is checked by code. "
            f"Remove {name}"
        )
    for name, default in (("judge", ""), ("when", "eval")):
        if name in judged and getattr(rule, name) != default:
            raise ValueError(f"{name} is given twice, inside of {rule.kind} and beside it; keep one of them")
    return replace(rule, **judged)
