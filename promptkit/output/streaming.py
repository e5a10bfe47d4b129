"""One answer that is read while it arrives: its fields as events, and what follows from them at its end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from promptkit.completions import Completion, Verdict
from promptkit.constraints import GrowingVerdicts
from promptkit.errors import OutputError, SchemaUnsupported
from promptkit.output.alignment import LOSSY_RULES, aligned, stands
from promptkit.output.events import FieldEvent
from promptkit.output.fields import FieldReader, Violation
from promptkit.output.merging import Unusable
from promptkit.output.reading import Outcome, Rejected, ruled, unfinished, unreadable, violated
from promptkit.output.subquestions import Subquestion
from promptkit.requests import OutputSpec, Plan
from promptkit.schemas import OutputSchema, Valid, path_text
from promptkit.schemas.fragments import fragments_to
from promptkit.schemas.leaves import Place
from promptkit.schemas.parts import ChosenParts, Part
from promptkit.schemas.strict_json import NotJson, parse_json
from promptkit.schemas.subschemas import subschema

__all__ = ["AnswerReader"]


class AnswerReader:
    """Reads one answer piece by piece.

    Nothing of an answer in plain text is told, and nothing where the schema has no parts.

    Args:
        spec: What the whole output must be.
        inputs: The validated inputs.
        shown: The texts that the model was shown; None when they are not known.
        part: The fields that were asked for; None where it was the whole.
        aborts: True to stop at the first field that breaks the contract.

    Attributes:
        fields: What was told of the answer's fields; None where none are told.
    """

    def __init__(
        self,
        spec: OutputSpec,
        inputs: Mapping[str, Any],
        *,
        shown: tuple[str, ...] | None = None,
        part: Subquestion | None = None,
        aborts: bool = False,
    ) -> None:
        self._spec, self._part, self._inputs = spec, part, inputs
        whole = spec.schema.parts()
        parts = whole if part is None or whole is None else _chosen(whole, part)
        self.fields: FieldReader | None = None
        if parts is not None:
            self.fields = FieldReader(
                parts,
                GrowingVerdicts(spec.constraints, inputs, shown, alone=part is None),
                places=None if part is None else dict(zip(part.paths, part.places, strict=True)),
                reasoning=bool(spec.reasoning),
                aborts=aborts,
                mends=self._mends,
            )

    def feed(self, text: str) -> Sequence[FieldEvent]:
        """What the next piece of the answer tells of its fields."""
        return self.fields.feed(text) if self.fields is not None else ()

    def finish(self) -> Sequence[FieldEvent]:
        """What is left to tell at the answer's end."""
        return self.fields.finish() if self.fields is not None else ()

    def outcome(self, completion: Completion, plan: Plan) -> Outcome | Unusable | None:
        """What follows from the fields as they were judged; None where the answer has to be read as a whole.

        Args:
            completion: The answer, without thoughts; as far as it came where the reading stopped.
            plan: Where each rule is enforced.
        """
        if self.fields is None:
            return None
        if self.fields.violation is not None and completion.finish_reason == "cancelled":
            return self._stopped(completion, plan, self.fields.violation)
        if unfinished(completion) is not None:
            return None
        try:
            valid = self.fields.value(parse_json(completion.text))
        except NotJson:
            return None
        if valid is None or not self._stands(valid, completion.text):
            return None
        constraints = self._spec.constraints
        enforced = [plan.where(constraint.path, constraint.rule.kind) for constraint in constraints]
        verdicts = self.fields.verdicts(valid.data, enforced, completion.confidence)
        return ruled(completion, valid, verdicts, enforced)

    def _stands(self, valid: Valid[Any], text: str) -> bool:
        """True when nothing is to be changed in strict JSON, and when nothing may be."""
        return self._spec.repair == "off" or stands(valid.data, text, self._spec.schema, self._inputs)

    def _mends(self, place: Place, part: Part, data: Any) -> bool:
        """True when a field that does not fit as it stands may be taken with a receipt, or when that is not known."""
        spec = self._spec
        if spec.repair == "off":
            return False
        root = spec.schema.json_schema
        if fragments_to(place, root) is None:
            return True
        name = path_text(place)
        allowed = LOSSY_RULES if spec.repair == "lenient" else frozenset[str]()
        try:
            schema = OutputSchema.from_json_schema(subschema((place,), root), "field", formats=False)
            made = aligned(json.dumps({name: data}), schema, (), allowed)
        except SchemaUnsupported:
            return True  # jsonschema-rs reads some schemas more strictly than the type they were made from
        except OutputError:
            return False
        mended = made.data[name]
        return bool(made.repairs) and isinstance(part.whole(json.dumps(mended), mended), Valid)

    def _stopped(self, completion: Completion, plan: Plan, violation: Violation) -> Rejected | Unusable:
        what = f"the answer, which was stopped at {violation.path},"
        if violation.problems:
            error: Any = unreadable(completion, violation.problems, what=what)
        else:
            verdicts = tuple(self._enforced(verdict, plan) for verdict in violation.verdicts)
            violation = replace(violation, verdicts=verdicts)
            error = violated(completion, verdicts, verdicts, what=what)
        paths = [problem.path for problem in violation.problems if problem.path]
        paths += [verdict.path for verdict in violation.verdicts if verdict.path]
        invalid_paths = tuple(dict.fromkeys(paths))
        if self._part is not None:
            return Unusable(error=error, invalid_paths=invalid_paths)
        return Rejected(
            error=error,
            text=completion.text,
            invalid_paths=invalid_paths,
            verdicts=violation.verdicts,
            problems=violation.problems,
            confidence=completion.confidence,
        )

    def _enforced(self, verdict: Verdict, plan: Plan) -> Verdict:
        path = next(it.path for it in self._spec.constraints if it.id == verdict.constraint)
        return replace(verdict, enforced=plan.where(path, verdict.rule))


def _chosen(whole: Part, part: Subquestion) -> ChosenParts:
    """The parts of the fields that were asked for, under the names that they have in the question."""
    found: dict[str, Part] = {}
    for path, place in zip(part.paths, part.places, strict=True):
        at: Part | None = whole
        for name in place:
            opens = at is not None and at.opens("[" if isinstance(name, int) else "{")
            at = at.member(name) if at is not None and opens else None
        if at is not None:
            found[path] = at
    return ChosenParts(found)
