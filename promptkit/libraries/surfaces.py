"""The surface of a prompt: what its callers can see of it, as plain data that can be hashed and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from promptkit.constraints import Constraint
from promptkit.prompts import Prompt
from promptkit.requests.generation import canonical_json
from promptkit.schemas.json_types import is_list, is_mapping

__all__ = ["InputSurface", "Surface", "digest_of", "surface_of"]

_ANNOTATIONS = frozenset({"$comment", "description", "examples", "title"})
_NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
"""Keywords whose keys are names and no keywords."""
_DATA = frozenset({"const", "default", "enum"})


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSurface:
    """One input as callers see it.

    Attributes:
        kind: Text, other data, or a special kind of part.
        required: False when it may be left out.
        default: Its value then.
        trusted: Whether its text is trusted.
        schema: Its JSON Schema without what is meant for people.
    """

    kind: str
    required: bool
    default: Any
    trusted: bool
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What callers of a prompt rely on.

    Attributes:
        inputs: Each input by name.
        mode: ``text`` for plain text, ``json`` for a value.
        output: The output's JSON Schema without what is meant for people, rules not yet in it.
        constraints: The rules on the output.
        filled: True when a field that an answer leaves out has its default in the value.
    """

    inputs: Mapping[str, InputSurface]
    mode: str
    output: Mapping[str, Any]
    constraints: tuple[Constraint, ...]
    filled: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over it, as ``sha256:...``: the contract's hash."""
        inputs = {
            name: {
                "kind": item.kind,
                "required": item.required,
                "default": item.default,
                "trusted": item.trusted,
                "schema": item.schema,
            }
            for name, item in self.inputs.items()
        }
        rules = sorted((_rule_data(constraint) for constraint in self.constraints), key=canonical_json)
        return digest_of({"inputs": inputs, "mode": self.mode, "output": self.output, "rules": rules})


def surface_of(prompt: Prompt[Any]) -> Surface:
    """The surface of a prompt, also of one whose texts do not fit it.

    Raises:
        PromptError: When its inputs or its output are declared wrongly.
    """
    contract = prompt.contract
    inputs, output = contract.declared_inputs, contract.declared_output
    root = inputs.json_schema
    definitions = {key: root[key] for key in ("$defs", "definitions") if key in root}
    return Surface(
        inputs={
            name: InputSurface(
                kind=field.kind,
                required=field.required,
                default=field.default,
                trusted=field.trusted,
                schema=_bare({**definitions, **field.json_schema}),
            )
            for name, field in inputs.fields.items()
        },
        mode=output.mode,
        output=_bare(output.schema.json_schema),
        constraints=output.constraints,
        filled=prompt.declaration.output.generated or prompt.declaration.output.model is not None,
    )


def digest_of(data: Any) -> str:
    """SHA-256 over plain data in canonical JSON, as ``sha256:...``."""
    return f"sha256:{hashlib.sha256(canonical_json(data)).hexdigest()}"


def _bare(schema: Any) -> Any:
    """A schema without titles, descriptions and the like, which change nothing that a value may be."""
    if is_list(schema):
        return [_bare(item) for item in schema]
    if not is_mapping(schema):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _ANNOTATIONS:
            continue
        if key in _NAMED and is_mapping(value):
            made[key] = {name: _bare(part) for name, part in value.items()}
        else:
            made[key] = value if key in _DATA else _bare(value)
    return made


def _rule_data(constraint: Constraint) -> dict[str, Any]:
    rule: Any = constraint.rule
    said: Any = rule.sentence("it")
    if is_dataclass(constraint.rule):
        # What has its default value says nothing, so that a later version may add to a rule's class.
        given = {
            item.name: getattr(rule, item.name)
            for item in fields(constraint.rule)
            if getattr(rule, item.name) != item.default
        }
        said = _plain(given)
    return {
        "path": constraint.path,
        "kind": constraint.rule.kind,
        "rule": said,
        "severity": constraint.severity,
        "on_fail": constraint.on_fail,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, set | frozenset):
        return sorted(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
