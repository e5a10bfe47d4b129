"""What several backends have in common, for a layer that may ask any of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from promptkit.completions import Enforcement
from promptkit.requests import Capabilities, Placement, Plan

__all__ = ["common_capabilities", "weakest_plan"]

_LATEST_LAST = {where: place for place, where in enumerate(Enforcement)}


def common_capabilities(each: Sequence[Capabilities]) -> Capabilities:
    """What all of them can do."""
    return reduce(_both, each)


def _both(one: Capabilities, other: Capabilities) -> Capabilities:
    limits = [it.max_parallel for it in (one, other) if it.max_parallel is not None]
    return Capabilities(
        schema=one.schema and other.schema,
        stream=one.stream and other.stream,
        seed=one.seed and other.seed,
        logprobs=one.logprobs and other.logprobs,
        tools=one.tools and other.tools,
        resume=False,  # what one has cut, another cannot go on with
        parts=one.parts & other.parts,
        max_parallel=min(limits, default=None),
    )


def weakest_plan(plans: Sequence[Plan]) -> Plan:
    """The first plan, with each rule where it is enforced latest: what holds whoever answers."""
    first, *others = plans
    if not others:
        return first
    found = _by_rule(first)
    for other in others:
        for key, placement in _by_rule(other).items():
            ours = found.get(key)
            if ours is None or _LATEST_LAST[placement.where] > _LATEST_LAST[ours.where]:
                note = f"{other.backend}: {placement.note or placement.where.value}"
                found[key] = replace(placement, note=note)
    return replace(
        first,
        placements=tuple(found.values()),
        limits=tuple(dict.fromkeys(limit for plan in plans for limit in plan.limits)),
        binding=all(plan.binding for plan in plans),
    )


def _by_rule(plan: Plan) -> dict[tuple[str, str, int], Placement]:
    """Placements by path, rule and number: a field may have several constraints of one kind."""
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    found: dict[tuple[str, str, int], Placement] = {}
    for placement in plan.placements:
        rule = (placement.path, placement.rule)
        found[*rule, seen[rule]] = placement
        seen[rule] += 1
    return found
