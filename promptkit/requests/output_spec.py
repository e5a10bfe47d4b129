"""What an answer must be: schema and constraints as one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from promptkit.constraints import Constraint, Form, Reads, forms_of, narrow
from promptkit.schemas import OutputSchema

__all__ = ["Enforce", "OutputSpec"]

Enforce: TypeAlias = Literal["off", "prefer", "require"]
"""Whether a backend holds the model to the output while it writes: never, where it can, or else not at all."""


class OutputSpec:
    """What an answer must be: a schema, the constraints on it, and the two as one JSON Schema.

    Attributes:
        schema: The output's schema; its ``kind`` is ``text`` or ``json``.
        constraints: The rules on the value.
        enforce: ``off`` sends no schema, ``prefer`` has enforced what the backend can, ``require`` fails
            before anything is sent when a rule of severity must would only be checked.
        inputs: The inputs by name that rules read; None while they are not known.
        json_schema: The schema narrowed by those constraints that JSON Schema can say; empty for text.
        json_bytes: ``json_schema`` as compact JSON, property order kept, serialised once.
        forms: What a decoder may follow beyond the schema, with the constraint that says it.
    """

    __slots__ = ("constraints", "enforce", "forms", "inputs", "json_bytes", "json_schema", "schema")

    def __init__(
        self,
        *,
        schema: OutputSchema[Any],
        constraints: Sequence[Constraint] = (),
        enforce: Enforce = "prefer",
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        self.schema = schema
        self.constraints = tuple(constraints)
        self.enforce: Enforce = enforce
        self.inputs = inputs
        self.json_schema: Mapping[str, Any] = narrow(schema.json_schema, self.constraints, inputs)
        self.json_bytes = json.dumps(self.json_schema, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
        self.forms: tuple[tuple[Constraint, Form], ...] = forms_of(self.constraints, inputs)

    @property
    def mode(self) -> Literal["text", "json"]:
        """``text`` for a plain answer, ``json`` for a value of the schema."""
        return self.schema.kind

    @property
    def reads_inputs(self) -> bool:
        """True when the schema or the forms depend on the inputs."""
        return any(isinstance(constraint.rule, Reads) for constraint in self.constraints)

    def spoken(self) -> Mapping[str, Any]:
        """The schema as a prompt describes it: independent of inputs, and without patterns made from rules."""
        return narrow(self.schema.json_schema, self.constraints, patterns=False)

    def over(
        self,
        *,
        constraints: Sequence[Constraint] | None = None,
        enforce: Enforce | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> OutputSpec:
        """The same with something changed; itself when nothing changes what it says."""
        same = (constraints is None or tuple(constraints) == self.constraints) and enforce in (
            None,
            self.enforce,
        )
        if same and (inputs is None or not self.reads_inputs):
            return self
        return OutputSpec(
            schema=self.schema,
            constraints=self.constraints if constraints is None else constraints,
            enforce=enforce or self.enforce,
            inputs=self.inputs if inputs is None else inputs,
        )
