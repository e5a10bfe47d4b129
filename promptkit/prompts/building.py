"""A declaration from the parts of a prompt that is built in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from typing import Any, TypedDict, TypeVar, Unpack

from promptkit.constraints import Constraint
from promptkit.declarations import (
    Clarity,
    ContextBlock,
    Declaration,
    Example,
    InputDeclaration,
    OutputDeclaration,
)
from promptkit.errors import TemplateError
from promptkit.requests import GenerationConfig, reasoning_of
from promptkit.spelling import did_you_mean
from promptkit.wordings import ENGLISH, Wording, wording_named

__all__ = ["Parts", "build_declaration", "is_fields"]


class Parts(TypedDict, total=False):
    """The parts of a prompt, but for its output; ``Prompt`` says what each is."""

    template: str
    name: str
    version: str | None
    language: str | None
    clarity: Clarity | Mapping[str, Any] | None
    context: Sequence[ContextBlock | Mapping[str, Any]]
    constraints: Sequence[Constraint]
    input: type[Any] | Mapping[str, Any] | None
    examples: Sequence[Example | Mapping[str, Any]]
    generation: GenerationConfig | Mapping[str, Any] | None
    attempts: int
    reasoning: bool | int


def is_fields(given: Any) -> bool:
    """True for an input or an output that is given by its fields and not by a type."""
    return isinstance(given, Mapping)


def build_declaration(*, output: Any, **parts: Unpack[Parts]) -> Declaration:
    """The declaration of these parts; mappings take the keys of the file format.

    A type of inputs or of an output stands in no declaration, fields do.

    Raises:
        TemplateError: For a part of the wrong kind, for an unknown key or a missing one, and for what a file could
            not say either.
    """
    name = _text(parts.get("name", "inline"), "name", "inline")
    attempts: Any = parts.get("attempts", 1)
    if not isinstance(attempts, int) or attempts < 1:
        raise TemplateError(f"attempts is {attempts!r}; it is a whole number of at least 1", file=name)
    inputs = parts.get("input")
    declared, rules = _output(output, name)
    given = tuple(_items(parts.get("constraints", ()), "constraints", name))
    wording = _wording(parts.get("language"), name)
    return Declaration(
        name=name,
        version=_version(parts.get("version"), name),
        wording=wording,
        input=_input(inputs, name) if is_fields(inputs) else InputDeclaration(),
        clarity=_clarity(parts.get("clarity"), name),
        context=_built_all(ContextBlock, parts.get("context", ()), "context", name),
        constraints=_constraints((*rules, *given), wording, name),
        examples=_built_all(Example, parts.get("examples", ()), "examples", name),
        generation=_generation(parts.get("generation"), name),
        attempts=attempts,
        output=replace(declared, reasoning=_reasoning(parts.get("reasoning", False), name)),
        body=_text(parts.get("template", ""), "template", name),
    )


def _text(given: Any, what: str, name: str) -> str:
    if isinstance(given, str):
        return given
    raise TemplateError(f"{what} is {given!r}; it is a text", file=name)


def _version(version: str | None, name: str) -> str | None:
    if version is None:
        return None
    from promptkit.authoring.semver import is_version, nearest_version

    if is_version(_text(version, "version", name)):
        return version
    raise TemplateError(
        f"the version {version!r} is no semantic version, which has three numbers; write version="
        f"{nearest_version(version)!r}",
        file=name,
    )


def _wording(language: str | None, name: str) -> Wording | None:
    if language is None or language == ENGLISH.language:
        return None
    try:
        return wording_named(_text(language, "language", name))
    except ValueError as error:
        raise TemplateError(str(error), file=name) from None


def _input(given: Any, name: str) -> InputDeclaration:
    from promptkit.authoring.mappings import input_of

    return input_of(given, name=name)


def _output(given: Any, name: str) -> tuple[OutputDeclaration, tuple[Constraint, ...]]:
    """What fields declare, and their rules; nothing for a type."""
    if is_fields(given):
        from promptkit.authoring.mappings import output_of

        return output_of(given, name=name)
    if isinstance(given, str | int | float | list | tuple):
        raise TemplateError(
            f"output is {given!r}; it is a type, such as a pydantic model, or a mapping of fields, such as "
            "{'label': 'string'}; leave it out for plain text",
            file=name,
        )
    return OutputDeclaration(), ()


def _reasoning(given: Any, name: str) -> int:
    try:
        return reasoning_of(given)
    except ValueError as error:
        raise TemplateError(str(error), file=name) from None


def _constraints(given: Iterable[Any], wording: Wording | None, name: str) -> tuple[Constraint, ...]:
    """The rules, said in the prompt's language, no two of one id."""
    made: dict[str, Constraint] = {}
    for index, constraint in enumerate(given):
        if not isinstance(constraint, Constraint):
            raise TemplateError(
                f"constraints[{index}] is {constraint!r}; give what promptkit.constraints makes, such as "
                "pk.constraints.max_words('reply', 40)",
                file=name,
            )
        if constraint.id in made:
            raise TemplateError(
                f"two constraints are called {constraint.id}; give one of them another id=", file=name
            )
        made[constraint.id] = constraint if wording is None else replace(constraint, wording=wording)
        try:
            made[constraint.id].sentence()
        except ValueError as error:  # the catalogue has no sentence for it
            raise TemplateError(str(error), file=name) from None
    return tuple(made.values())


def _generation(given: GenerationConfig | Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    if isinstance(given, GenerationConfig):
        return given.to_dict()
    settings = _mapping(given or {}, "generation", name)
    _known_keys(settings, [item.name for item in fields(GenerationConfig)], "generation", name)
    return settings


def _clarity(given: Clarity | Mapping[str, Any] | None, name: str) -> Clarity:
    if given is None:
        return Clarity()
    if isinstance(given, Clarity):
        return given
    parts = _mapping(given, "clarity", name)
    steps = parts.get("steps")
    if steps is not None:
        parts["steps"] = (steps,) if isinstance(steps, str) else tuple(steps)
    return _built(Clarity, parts, name, "clarity")


def _items(given: Any, section: str, name: str) -> Sequence[Any]:
    if isinstance(given, Sequence) and not isinstance(given, str):
        return given  # pyright: ignore[reportUnknownVariableType]
    raise TemplateError(f"{section} is {given!r}; it is a list, also where it holds one thing", file=name)


def _mapping(given: Any, section: str, name: str) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    raise TemplateError(f"{section} is {given!r}; give a mapping with the keys of the file format", file=name)


V = TypeVar("V", Clarity, ContextBlock, Example)


def _built_all(kind: type[V], given: Any, section: str, name: str) -> tuple[V, ...]:
    return tuple(_built(kind, item, name, section) for item in _items(given, section, name))


def _built(kind: type[V], given: Any, name: str, section: str) -> V:
    if isinstance(given, kind):
        return given
    # ``from`` is the file format's key; a Python keyword can be no field's name.
    own = [item.name for item in fields(kind) if item.name != "line"]
    known = ["from" if key == "source" else key for key in own]
    parts = _mapping(given, section, name)
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
