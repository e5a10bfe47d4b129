"""What an answer must be: schema and constraints as one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from promptkit.constraints import Binds, Constraint, Expr, Form, Reads, forms_of, narrow
from promptkit.schemas import OutputSchema
from promptkit.wordings import Wording

__all__ = ["Enforce", "OutputSpec", "RepairLevel"]

Enforce: TypeAlias = Literal["off", "prefer", "require"]
"""Whether a backend holds the model to the output while it writes: never, where it can, or else not at all."""

RepairLevel: TypeAlias = Literal["off", "lossless", "lenient"]
"""How an answer that is no strict JSON is read: not at all, where nothing is lost or guessed, or as far as it goes."""


class OutputSpec:
    """What an answer must be: a schema, the constraints on it, and the two as one JSON Schema.

    Attributes:
        schema: The output's schema; its ``kind`` is ``text`` or ``json``.
        constraints: The rules on the value.
        enforce: ``off`` sends no schema, ``prefer`` has enforced what the backend can, ``require`` fails
            before anything is sent when a rule of severity must would only be checked.
        inputs: The inputs by name that rules read; None while they are not known.
        reasoning: The most tokens of thought that the model may write before the answer; 0 where it answers
            at once.
        repair: How an answer that is no strict JSON of the schema is read.
        wording: The language in which a model is asked again; None for English.
        json_schema: The schema narrowed by those constraints that JSON Schema can say; empty for text.
        json_bytes: ``json_schema`` as compact JSON, property order kept, serialised once.
        forms: What a decoder may follow beyond the schema, with the constraint that says it.
    """

    __slots__ = (
        "_binds",
        "_bytes",
        "_forms",
        "_narrowed",
        "_reads",
        "constraints",
        "enforce",
        "inputs",
        "reasoning",
        "repair",
        "schema",
        "wording",
    )

    def __init__(  # noqa: PLR0913 - all that an answer must be, keyword-only
        self,
        *,
        schema: OutputSchema[Any],
        constraints: Sequence[Constraint] = (),
        enforce: Enforce = "prefer",
        inputs: Mapping[str, Any] | None = None,
        reasoning: int = 0,
        repair: RepairLevel = "lossless",
        wording: Wording | None = None,
    ) -> None:
        self.schema = schema
        self.constraints = tuple(constraints)
        self.enforce: Enforce = enforce
        self.inputs = inputs
        self.reasoning = reasoning
        self.repair: RepairLevel = repair
        self.wording = wording
        # An expression may read any input; those who make up values ask it of them.
        self._reads = any(isinstance(constraint.rule, Reads | Expr) for constraint in self.constraints)
        self._binds = any(isinstance(constraint.rule, Binds) for constraint in self.constraints)
        self._narrowed: Mapping[str, Any] | None = None
        self._bytes: bytes | None = None
        self._forms: tuple[tuple[Constraint, Form], ...] | None = None

    @property
    def json_schema(self) -> Mapping[str, Any]:
        """The schema narrowed by the constraints, worked out on first use."""
        if self._narrowed is None:
            self._narrowed = narrow(self.schema.json_schema, self.constraints, self.inputs)
        return self._narrowed

    @property
    def json_bytes(self) -> bytes:
        """``json_schema`` serialised, on first use."""
        if self._bytes is None:
            text = json.dumps(self.json_schema, ensure_ascii=False, separators=(",", ":"))
            self._bytes = text.encode("utf-8", "surrogatepass")
        return self._bytes

    @property
    def forms(self) -> tuple[tuple[Constraint, Form], ...]:
        """What a decoder may follow, worked out on first use."""
        if self._forms is None:
            self._forms = forms_of(self.constraints, self.inputs, text=self.mode == "text")
        return self._forms

    @property
    def mode(self) -> Literal["text", "json"]:
        """``text`` for a plain answer, ``json`` for a value of the schema."""
        return self.schema.kind

    def spoken(self) -> Mapping[str, Any]:
        """The schema as a prompt describes it: independent of inputs, and without patterns made from rules."""
        return narrow(self.schema.json_schema, self.constraints, patterns=False)

    def over(
        self,
        *,
        constraints: Sequence[Constraint] | None = None,
        enforce: Enforce | None = None,
        inputs: Mapping[str, Any] | None = None,
        repair: RepairLevel | None = None,
    ) -> OutputSpec:
        """The same with something changed; itself when nothing changes what it says."""
        if not (
            (constraints is None or tuple(constraints) == self.constraints)
            and (enforce is None or enforce == self.enforce)
            and (repair is None or repair == self.repair)
        ):
            return OutputSpec(
                schema=self.schema,
                constraints=self.constraints if constraints is None else constraints,
                enforce=enforce or self.enforce,
                inputs=self.inputs if inputs is None else inputs,
                reasoning=self.reasoning,
                repair=repair or self.repair,
                wording=self.wording,
            )
        if inputs is None or not self._reads:
            return self
        # The same for other inputs. This is done in every render, so what they do not change is shared.
        made = OutputSpec.__new__(OutputSpec)
        made.schema, made.constraints, made.enforce = self.schema, self.constraints, self.enforce
        made.inputs, made.reasoning, made.repair = inputs, self.reasoning, self.repair
        made.wording = self.wording
        made._share(self)  # noqa: SLF001 - its own class
        return made

    def _share(self, other: OutputSpec) -> None:
        """Take over what the inputs do not change."""
        self._reads, self._binds, self._forms = other._reads, other._binds, None
        self._narrowed = self._bytes = None
        if not self._binds:
            self._bytes = other._bytes or other.json_bytes
            self._narrowed = other._narrowed
