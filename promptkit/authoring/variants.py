"""Variants: a prompt that takes over all that it does not say itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from promptkit.constraints import Constraint
from promptkit.declarations import Clarity, ContextBlock, Declaration

__all__ = ["extended"]

_WHOLE = ("attempts", "enforce", "examples", "input", "output")
"""Parts that a variant takes over as a whole or not at all."""
_BODY = "body"


def extended(base: Declaration, own: Declaration) -> Declaration:
    """The variant ``own`` of ``base``, with everything that it takes over.

    Clarity and generation are taken over key by key, blocks of context and constraints by their ids, a body
    where the variant has none, tests never: they belong to the other file.

    Args:
        base: The prompt that is extended.
        own: What the variant's file says.
    """
    kept: dict[str, Any] = {key: getattr(base, key) for key in _WHOLE if key not in own.lines}
    inherits_body = not own.body.strip()
    if inherits_body:
        kept.update(body=base.body, body_line=base.body_line, body_indent=base.body_indent)
    lines = dict(_inherited_lines(base, own))
    origins = {key: base.place_of(key) for key in lines}
    if inherits_body:
        origins[_BODY] = base.place_of(_BODY)
    return replace(
        own,
        **kept,
        description=own.description or base.description,
        generation={**base.generation, **own.generation},
        clarity=_clarity(base.clarity, own.clarity),
        context=_context(base.context, own.context),
        constraints=tuple(
            replace(constraint, wording=own.wording)
            for constraint in _constraints(base.constraints, own.constraints)
        ),
        # The digest tells variants of different bases apart.
        text=f"{own.text}\n{base.text}",
        lines={**lines, **own.lines},
        origins=origins,
    )


def _inherited_lines(base: Declaration, own: Declaration) -> Iterator[tuple[str, int]]:
    """Where each part that is taken over stands in its own file; whole sections at the line of ``extends``."""
    at = own.lines["extends"]
    for key, line in base.lines.items():
        section, dot, _ = key.partition(".")
        if key in own.lines or key in ("extends", "name", "version", "deprecated", "tests"):
            continue
        if section == "clarity" and key.startswith("clarity.steps") and own.clarity.steps:
            continue
        yield key, line if dot else at


def _clarity(base: Clarity, own: Clarity) -> Clarity:
    given = {item.name: getattr(own, item.name) for item in fields(Clarity)}
    return replace(base, **{name: value for name, value in given.items() if value})


def _context(base: tuple[ContextBlock, ...], own: tuple[ContextBlock, ...]) -> tuple[ContextBlock, ...]:
    return tuple(_merged({block.id: block for block in base}, {block.id: block for block in own}).values())


def _constraints(base: tuple[Constraint, ...], own: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    return tuple(_merged({rule.id: rule for rule in base}, {rule.id: rule for rule in own}).values())


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Each of the base's in its place, in the variant's form where it has one; the variant's others behind them."""
    return {**base, **own}
