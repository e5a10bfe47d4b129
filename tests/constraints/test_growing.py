"""Rules judged while the output is being written: once each, and with the verdicts of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from promptkit.completions import Enforcement
from promptkit.constraints import (
    Constraint,
    GrowingVerdicts,
    expr,
    max_words,
    never_says,
    one_of_input,
    quoted_from,
    unique,
)

OUTPUT = {
    "name": "Ann",
    "doc": "b",
    "quotes": [{"doc": "a", "text": "hello there"}, {"doc": "b", "text": "good bye"}],
    "none": None,
}
INPUTS = {
    "docs": [{"id": "a", "text": "Oh, hello there!"}, {"id": "b", "text": "So good bye"}],
    "names": ["Ann"],
}


class Looks:
    """A rule that looks around, or not."""

    kind = "looks"

    def __init__(self, at: str) -> None:
        self.at = at
        self.times = 0

    def __repr__(self) -> str:
        return f"Looks({self.at!r})"  # names of tests are the same in every process

    def sentence(self, subject: str) -> str:
        return f"{subject} is fine."

    def fault(self, value: Any, scope: Any) -> str | None:
        self.times += 1
        if self.at:
            getattr(scope, self.at)
        return None


def grown(
    constraints: list[Constraint], output: Any = OUTPUT, *, alone: bool = True
) -> tuple[Any, list[Any]]:
    """The verdicts on the whole after each field was judged, and what broke on the way, by place."""
    growing = GrowingVerdicts(constraints, INPUTS, None, alone=alone)
    broken: list[Any] = []
    so_far: dict[str, Any] = {}

    def judge(place: tuple[str | int, ...], value: Any) -> None:
        members = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for name, member in members:
            judge((*place, name), member)
        broken.extend((place, verdict.constraint) for verdict in growing.judge(place, value, so_far))

    for name, value in output.items():
        so_far[name] = value
        judge((name,), value)
    return growing.verdicts(output, [Enforcement.CHECK] * len(constraints)), broken


RULES = [
    max_words("name", 1),
    max_words("quotes[].text", 1),
    max_words("quotes[1].text", 1),
    max_words('quotes[doc="a"].text', 1),
    max_words("none", 1),
    max_words("absent", 1),
    never_says("name", ["Ann"]),
    unique("quotes"),
    one_of_input("name", "names"),
    quoted_from("quotes[].text", "docs[id=.doc].text"),
    quoted_from("name", "docs[].text"),
    expr("output.name == 'Bob'"),
    expr("output.name == 'Ann' and output.absent is None"),
    expr("output.quotes[0].doc == output.doc"),
    expr("output.quotes[-1].doc == output.doc"),
    expr("output.none > 3"),
    Constraint(path="", rule=Looks("")),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.path} {rule.rule!r}"[:60])
@pytest.mark.parametrize("alone", [True, False])
def test_the_verdict_is_that_on_the_whole(rule: Constraint, alone: bool) -> None:
    verdicts, broken = grown([rule], alone=alone)

    assert verdicts == (rule.check(OUTPUT, INPUTS),)
    if broken:
        assert verdicts[0].outcome == "violated"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (max_words("quotes[].text", 1), ("quotes", 0, "text")),
        (max_words("quotes[1].text", 1), ("quotes", 1, "text")),
        (never_says("name", ["Ann"]), ("name",)),
        (quoted_from("name", "docs[].text"), ("name",)),
        (expr("output.name == 'Bob'"), ("name",)),
        (expr("output.name == 'Ann' and output.doc == 'c'"), ("doc",)),
        (expr("output.quotes[0].doc == output.doc"), ("quotes", 0, "doc")),
        (expr("len(output.quotes) == 3"), ("quotes",)),
    ],
)
def test_a_broken_rule_is_found_at_the_field_that_settles_it(rule: Constraint, place: Any) -> None:
    _, broken = grown([rule])

    assert broken[0] == (place, rule.id)


@pytest.mark.parametrize(("looks", "times"), [("", 2), ("inputs", 2), ("output", 4), ("parent", 4)])
def test_a_rule_that_looks_beyond_its_value_is_judged_when_the_output_is_whole(
    looks: str, times: int
) -> None:
    rule = Looks(looks)

    verdicts, broken = grown([Constraint(path="quotes[].text", rule=rule)])

    assert (verdicts[0].outcome, broken) == ("held", [])
    assert rule.times == times


def test_a_condition_waits_where_only_some_fields_are_written() -> None:
    _, broken = grown([expr("output.name == 'Bob'")], alone=False)

    assert broken == []
