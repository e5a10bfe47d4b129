"""Fields of a prompt that is built in Python, given as the mapping that stands below ``schema:`` in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from promptkit.authoring.contracts import read_input, read_output
from promptkit.authoring.nodes import Pairs, Source, node_of
from promptkit.constraints import Constraint, known_kinds
from promptkit.declarations import InputDeclaration, OutputDeclaration
from promptkit.errors import TemplateError

__all__ = ["input_of", "output_of"]


def input_of(fields: Mapping[str, Any], *, name: str) -> InputDeclaration:
    """The declaration of inputs given as Picoschema or as JSON Schema.

    Args:
        fields: The fields, as below ``input: schema:`` in a file.
        name: What errors call the prompt.

    Raises:
        TemplateError: For anything that a file could not say either, with the mend.
    """
    try:
        return replace(read_input(_section(fields, name)), lines={})
    except TemplateError as error:
        raise _told(error, "input", fields, name) from None


def output_of(fields: Mapping[str, Any], *, name: str) -> tuple[OutputDeclaration, tuple[Constraint, ...]]:
    """The declaration of an output given likewise, and the rules that stand with its fields.

    Args:
        fields: The fields, as below ``output: schema:`` in a file.
        name: What errors call the prompt.

    Raises:
        TemplateError: For anything that a file could not say either, with the mend.
    """
    try:
        declared, rules = read_output(_section(fields, name))
    except TemplateError as error:
        raise _told(error, "output", fields, name) from None
    return declared, tuple(replace(rule.constraint, line=None) for rule in rules)


def _section(fields: Mapping[str, Any], name: str) -> Pairs:
    place = Source(name, (), known_kinds()).at(1, 1)
    section = node_of({"schema": fields}, place)
    assert isinstance(section, Pairs)
    return section


def _told(
    error: TemplateError, where: Literal["input", "output"], fields: Mapping[str, Any], name: str
) -> TemplateError:
    """The error without the line of a file that is not there."""
    inner = fields.get("schema")
    if set(fields) <= {"schema", "trust", "clean", "reasoning", "repair"} and isinstance(inner, Mapping):
        return TemplateError(
            f"{where} holds `schema`, and in Python it is the fields themselves: {where}={{'name': 'string'}}",
            file=name,
        )
    start = "" if error.problem.startswith(where) else f"{where}: "
    return TemplateError(f"{start}{error.problem}", file=name)
