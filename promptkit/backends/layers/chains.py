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
    first = plans[0]
    if len(plans) == 1:
        return first
    by_rule = [_by_rule(plan) for plan in plans]
    keys = dict.fromkeys(key for placements in by_rule for key in placements)
    found: list[Placement] = []
    for key in keys:
        each = [
            (_unnamed(key) if key not in placements else placements[key], plan)
            for placements, plan in zip(by_rule, plans, strict=True)
        ]
        latest, plan = max(each, key=lambda it: _LATEST_LAST[it[0].where])
        if plan is not first:
            latest = replace(latest, note=f"{plan.backend}: {latest.note or latest.where.value}")
        found.append(latest)
    return replace(
        first,
        placements=tuple(found),
        limits=tuple(dict.fromkeys(limit for plan in plans for limit in plan.limits)),
        binding=all(plan.binding for plan in plans),
    )


def _unnamed(key: tuple[str, str, int]) -> Placement:
    """Where a rule is that a plan does not name: on the finished answer, and a sampling setting where it is sent."""
    path, rule, _ = key
    found = Placement(path=path, rule=rule, where=Enforcement.CHECK)
    return found if found.setting is None else replace(found, where=Enforcement.NATIVE)


def _by_rule(plan: Plan) -> dict[tuple[str, str, int], Placement]:
    """Placements by path, rule and number: a field may have several constraints of one kind."""
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    found: dict[tuple[str, str, int], Placement] = {}
    for placement in plan.placements:
        rule = (placement.path, placement.rule)
        found[*rule, seen[rule]] = placement
        seen[rule] += 1
    return found
