"""Refusals: what a plan lacks of what its prompt demands, found before anything is sent or paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from promptkit.completions import Enforcement
from promptkit.constraints import Binds
from promptkit.errors import CapabilityMissing, PlanError, SchemaUnsupported
from promptkit.requests.backend import Capabilities
from promptkit.requests.output_spec import OutputSpec
from promptkit.requests.plan import Placement, Plan

__all__ = ["Demands", "refusal"]

_EARLY = (Enforcement.NATIVE, Enforcement.GRAMMAR)
_SHOWN = 6
_CAUSES = ("schema", "strict")  # what the lack of others follows from
_LATE = "only the finished answer is checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a call asks of a backend beside its output.

    Attributes:
        continuations: How often a cut answer may be gone on with.
        tools: The names of the tools that the model may ask for.
    """

    continuations: int = 0
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """One rule that is not enforced although the prompt requires it."""

    path: str
    rule: str
    why: str
    of_schema: bool

    def __str__(self) -> str:
        return f"{self.path or 'the output'}: {self.rule} ({self.why})"


def refusal(
    plan: Plan, spec: OutputSpec, capabilities: Callable[[], Capabilities], demands: Demands | None = None
) -> PlanError | None:
    """Why a prompt with this output must not be sent to the backend that made the plan; None when it may be.

    What the plan calls IMPOSSIBLE is refused in any case, be it a rule or a sampling setting. With ``enforce:
    require`` each keyword of the schema, and each constraint that does not leave itself to the check, must be
    enforced while the model writes, and the schema must pass no limit. What the plan does not name is not
    enforced. A rule that reads inputs is judged by a plan made with them.

    Args:
        plan: What the backend will do.
        spec: What the plan was made of.
        capabilities: What the backend can do, asked for when something is refused: where it enforces schemas
            at all, one that it does not enforce whole is to blame.
        demands: What else is asked of it.

    Returns:
        SchemaUnsupported where the schema is to blame, CapabilityMissing where the backend is; the error's ``reasons``
        name each rule, its message the first of them and the mends.
    """
    impossible = [placement for placement in plan.placements if placement.where is Enforcement.IMPOSSIBLE]
    if impossible:
        return _impossible(plan, impossible)
    lacking = _lacking(plan, demands or Demands(), capabilities)
    if lacking is not None:
        return lacking
    if spec.enforce != "require" or not plan.binding:
        return None
    lacks = [*_of_schema(plan, spec), *_of_constraints(plan, spec), *_of_confidence(plan, spec)]
    reasons = [*(f"the schema passes a limit: {limit}" for limit in plan.limits), *map(str, lacks)]
    if not reasons:
        return None
    message = _message(plan, lacks)
    paths = tuple(dict.fromkeys(lack.path for lack in lacks if lack.of_schema))
    if (plan.limits or paths) and capabilities().schema:
        return SchemaUnsupported(message, paths=paths, reasons=reasons)
    return CapabilityMissing(message, reasons=reasons)


def _lacking(
    plan: Plan, demands: Demands, capabilities: Callable[[], Capabilities]
) -> CapabilityMissing | None:
    """The first demand that the backend cannot meet."""
    if demands.continuations and not capabilities().resume:
        why = "it cannot go on with an answer that was cut"
        return CapabilityMissing(
            f"{plan.backend} cannot be given continuations={demands.continuations}: {why}. Nothing was sent. Leave "
            "continuations out and raise generation.max_tokens, or use a local model.",
            reasons=[f"continuations ({why})"],
        )
    if demands.tools and not capabilities().tools:
        return CapabilityMissing(
            f"{plan.backend} cannot be given tools ({', '.join(demands.tools)}). Nothing was sent. Leave tools out, "
            "or use a backend that takes them.",
            reasons=["tools"],
        )
    return None


def _impossible(plan: Plan, placements: list[Placement]) -> PlanError:
    settings = [placement for placement in placements if placement.setting is not None]
    if settings:
        names = ", ".join(placement.rule for placement in settings)
        nothing = {"extra": "{}"}
        without = ", ".join(f"'{it.setting}': {nothing.get(str(it.setting))}" for it in settings)
        return CapabilityMissing(
            f"{plan.backend} cannot be given {names}: {settings[0].note}. Nothing was sent. Remove it from the "
            f"generation settings, for one call by using(generation={{{without}}}), or use a backend that has it.",
            reasons=[f"{placement.rule} ({placement.note})" for placement in settings],
        )
    first = placements[0]
    place = first.path or "the output"
    return SchemaUnsupported(
        f"{plan.backend} cannot give what the prompt asks for: {place}, {first.rule}: {first.note}",
        paths=[first.path],
        reasons=[f"{place}: {first.rule} ({first.note})"],
    )


def _of_schema(plan: Plan, spec: OutputSpec) -> Iterator[_Lack]:
    if spec.mode == "text":
        return
    constrained = {(constraint.path, constraint.rule.kind) for constraint in spec.constraints}
    named = [it for it in plan.placements if (it.path, it.rule) not in constrained and not it.waived]
    for placement in named:
        if placement.where not in _EARLY:
            yield _lack(placement, of_schema=True)
    if not named:
        yield _Lack(path="", rule="schema", why="the backend's plan does not name it", of_schema=True)


def _of_constraints(plan: Plan, spec: OutputSpec) -> Iterator[_Lack]:
    demanded = [constraint for constraint in spec.constraints if constraint.steers]
    for path, kind in dict.fromkeys((it.path, it.rule.kind) for it in demanded):
        named = [it for it in plan.placements if (it.path, it.rule) == (path, kind) and not it.waived]
        rules = [it.rule for it in demanded if (it.path, it.rule.kind) == (path, kind)]
        if spec.inputs is None and all(isinstance(rule, Binds) for rule in rules):
            continue
        for placement in named:
            if placement.where not in _EARLY:
                yield _lack(placement, of_schema=False)
        if not named:
            yield _Lack(path=path, rule=kind, why="the backend's plan does not name it", of_schema=False)


def _of_confidence(plan: Plan, spec: OutputSpec) -> Iterator[_Lack]:
    """Rules on how sure the model was that would stay unchecked."""
    asked = {(it.path, it.rule.kind) for it in spec.constraints if it.asks_confidence and it.fails}
    for placement in plan.placements:
        if (placement.path, placement.rule) in asked and not placement.waived:
            yield _lack(placement, of_schema=False)


def _lack(placement: Placement, *, of_schema: bool) -> _Lack:
    return _Lack(path=placement.path, rule=placement.rule, why=placement.note or _LATE, of_schema=of_schema)


def _message(plan: Plan, lacks: list[_Lack]) -> str:
    by_reason: dict[str, list[str]] = {}
    for lack in sorted(lacks, key=lambda lack: lack.rule not in _CAUSES):
        by_reason.setdefault(lack.why, []).append(f"{lack.path}.{lack.rule}" if lack.path else lack.rule)
    reasons = [f"the schema passes a limit ({limit})" for limit in plan.limits]
    reasons += [f"{_listed(rules)} ({why})" for why, rules in by_reason.items()]
    rule = "" if all(lack.of_schema for lack in lacks) else "enforce: check to a rule that may wait, or "
    return (
        f"the prompt says enforce: require, and {plan.backend} does not enforce all of it: {'; '.join(reasons)}. "
        f"Nothing was sent. Add {rule}enforce: prefer to the prompt, or use a backend that enforces it."
    )


def _listed(rules: list[str]) -> str:
    rest = len(rules) - _SHOWN
    return ", ".join(rules) if rest <= 1 else f"{', '.join(rules[:_SHOWN])} and {rest} more"
