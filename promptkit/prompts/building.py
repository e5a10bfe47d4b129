"""A declaration from the parts of a prompt that is built in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

from promptkit.constraints import Constraint
from promptkit.declarations import Clarity, ContextBlock, Declaration, Example, OutputDeclaration
from promptkit.errors import TemplateError
from promptkit.requests import GenerationConfig, reasoning_of
from promptkit.spelling import did_you_mean

__all__ = ["build_declaration"]


def build_declaration(  # noqa: PLR0913 - the parts of a prompt
    *,
    template: str,
    name: str,
    version: str | None,
    clarity: Clarity | Mapping[str, Any] | None,
    context: Sequence[ContextBlock | Mapping[str, Any]],
    constraints: Sequence[Constraint],
    examples: Sequence[Example | Mapping[str, Any]],
    generation: GenerationConfig | Mapping[str, Any] | None,
    attempts: int,
    reasoning: bool | int = False,
) -> Declaration:
    """The declaration of these parts; mappings take the keys of the file format.

    Raises:
        TemplateError: For an unknown key or a missing one, and for a wrong reasoning.
    """
    try:
        thoughts = reasoning_of(reasoning)
    except ValueError as error:
        raise TemplateError(str(error), file=name) from None
    if attempts < 1:
        raise TemplateError(f"attempts is {attempts}; a prompt needs at least 1", file=name)
    if isinstance(generation, GenerationConfig):
        generation = generation.to_dict()
    settings = dict(generation or {})
    _known_keys(settings, [item.name for item in fields(GenerationConfig)], "generation", name)
    return Declaration(
        name=name,
        version=version,
        clarity=_clarity(clarity, name),
        context=tuple(_built(ContextBlock, block, name, "context") for block in context),
        constraints=tuple(constraints),
        examples=tuple(_built(Example, example, name, "examples") for example in examples),
        generation=settings,
        attempts=attempts,
        output=OutputDeclaration(reasoning=thoughts),
        body=template,
    )


def _clarity(given: Clarity | Mapping[str, Any] | None, name: str) -> Clarity:
    if given is None:
        return Clarity()
    if isinstance(given, Clarity):
        return given
    parts = dict(given)
    steps = parts.get("steps")
    if steps is not None:
        parts["steps"] = (steps,) if isinstance(steps, str) else tuple(steps)
    return _built(Clarity, parts, name, "clarity")


V = TypeVar("V", Clarity, ContextBlock, Example)


def _built(kind: type[V], given: Any, name: str, section: str) -> V:
    if isinstance(given, kind):
        return given
    # ``from`` is the file format's key; a Python keyword can be no field's name.
    own = [item.name for item in fields(kind) if item.name != "line"]
    known = ["from" if key == "source" else key for key in own]
    parts: dict[str, Any] = dict(given)
    _known_keys(parts, known, section, name)
    if "from" in parts:
        parts["source"] = parts.pop("from")
    missing = [item.name for item in fields(kind) if _is_required(item) and item.name not in parts]
    if missing:
        raise TemplateError(f"{section}: {' and '.join(missing)} missing; add it", file=name)
    return kind(**parts)


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _known_keys(given: Mapping[str, Any], known: Sequence[str], section: str, name: str) -> None:
    for key in given:
        if key not in known:
            raise TemplateError(
                f"{section}: unknown key {key}{did_you_mean(key, known)}; known are {', '.join(known)}",
                file=name,
            )
