"""The answer to a subquestion: read strictly, put into the answer before, and the whole judged again."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from promptkit.completions import Completion, Enforcement
from promptkit.constraints import parse
from promptkit.constraints.paths import Step
from promptkit.errors import OutputError, Unparseable
from promptkit.output.reading import Accepted, NotTaken, Outcome, judged, read, taken, unfinished, unreadable
from promptkit.output.subquestions import Subquestion
from promptkit.requests import OutputSpec, Plan
from promptkit.schemas import Invalid, Problem, path_text
from promptkit.schemas.leaves import with_value

__all__ = ["Unusable", "merged_confidence", "merged_text", "read_part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An answer to a subquestion that gives nothing to put into the whole.

    Attributes:
        error: What is raised if no attempt is left.
        invalid_paths: The places that are wrong in it, each once.
    """

    error: OutputError
    invalid_paths: tuple[str, ...] = ()


def read_part(
    completion: Completion,
    spec: OutputSpec,
    inputs: Mapping[str, Any],
    part: Subquestion,
    plan: Plan,
    *,
    shown: tuple[str, ...] | None = None,
) -> Outcome | Unusable:
    """Judge the whole answer with the values in it that were asked for.

    Nothing but the asked places changes; then the schema and all constraints are checked as for a first
    answer. A text that does not fit the subquestion but is a whole value of the output's schema is judged as
    that: a model that was asked for a part may well write all of it.

    Args:
        completion: The raw answer.
        spec: What the whole must be.
        inputs: The validated inputs.
        part: What was asked for.
        plan: What the backend does with ``part.spec``.
        shown: The texts that the model was shown; None when they are not known.
    """
    error = unfinished(completion)
    if error is not None:
        return Unusable(error=error)
    strict = part.spec.schema.read_json(completion.text)
    if isinstance(strict, Invalid) and not isinstance(spec.schema.read_json(completion.text), Invalid):
        return read(completion, spec, inputs, Plan(backend=plan.backend), shown=shown)
    given = taken(completion, part.spec, {})  # an echo is looked for in the whole
    if isinstance(given, NotTaken):
        return _unusable(completion, part, given)
    confidence = merged_confidence(part, completion.confidence)
    whole = replace(completion, text=merged_text(part, given.data), confidence=confidence)
    outcome = judged(whole, spec, inputs, _enforced(spec, part, plan), shown=shown)
    if isinstance(outcome, Accepted) and given.repairs:
        repairs = tuple(replace(each, path=_path_in_the_whole(each.path, part)) for each in given.repairs)
        return replace(outcome, repairs=(*repairs, *outcome.repairs))
    return outcome


def merged_text(part: Subquestion, values: Mapping[str, Any]) -> str:
    """The whole answer as compact JSON, with the values at their places.

    Args:
        part: What was asked for.
        values: A value for each of its paths.
    """
    data = part.data
    for place, path in zip(part.places, part.paths, strict=True):
        data = with_value(data, place, values[path])
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def merged_confidence(part: Subquestion, values: Mapping[str, float] | None) -> dict[str, float] | None:
    """How sure the model was of the whole's fields: those that were asked for again count by the new answer.

    Args:
        part: What was asked for.
        values: By path in the answer to it; None where the backend does not tell.
    """
    if part.confidence is None and values is None:
        return None
    kept = {
        path: value for path, value in (part.confidence or {}).items() if not _concerns(part, _steps(path))
    }
    return kept | {_path_in_the_whole(path, part): value for path, value in (values or {}).items()}


def _concerns(part: Subquestion, steps: tuple[Step, ...]) -> bool:
    """True for a path at, inside or around a place that was asked for."""
    return any(all(map(operator.eq, steps, place)) for place in part.places)


def _enforced(spec: OutputSpec, part: Subquestion, plan: Plan) -> list[Enforcement]:
    return [
        part.enforced(constraint, before, plan)
        for constraint, before in zip(spec.constraints, part.before, strict=True)
    ]


def _unusable(completion: Completion, part: Subquestion, given: NotTaken) -> Unusable:
    problems = tuple(_in_the_whole(problem, part) for problem in given.problems)
    plain = type(given.error) is Unparseable and bool(problems)
    what = f"the answer for {', '.join(part.paths)} alone"
    return Unusable(
        error=unreadable(completion, problems, what=what) if plain else given.error,
        invalid_paths=tuple(dict.fromkeys(problem.path for problem in problems if problem.path)),
    )


def _in_the_whole(problem: Problem, part: Subquestion) -> Problem:
    """The problem under the path that its place has in the whole."""
    return replace(problem, path=_path_in_the_whole(problem.path, part))


def _path_in_the_whole(inner: str, part: Subquestion) -> str:
    """The path in the whole of a place in the answer to a subquestion, whose properties are named by paths."""
    steps = _steps(inner)
    for place, path in zip(part.places, part.paths, strict=True):
        if steps[:1] == (path,):
            return path_text((*place, *(step for step in steps[1:] if isinstance(step, str | int))))
    return inner


def _steps(path: str) -> tuple[Step, ...]:
    try:
        return tuple(parse(path).steps)
    except ValueError:  # names too long to be written as a path of ours
        return ()
