"""On every shipped template, what is said, planned, checked and reported is one and the same set of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.constraints import predicate_of, subject_of
from promptkit.constraints.paths import parse
from promptkit.libraries import check_file

TEMPLATES = sorted((Path(__file__).parents[1] / "templates").glob("*.prompt.*"))


def example_of(prompt: pk.Prompt[Any]) -> tuple[dict[str, Any], Any]:
    example = prompt.declaration.examples[0]
    return dict(example.input), example.output


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.name.split(".")[0])
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_each_rule_is_said_planned_and_judged(path: Path) -> None:
    prompt = pk.load(path)
    inputs, output = example_of(prompt)
    llm = MockBackend([output])

    said = "\n".join(message.text for message in prompt.render(**inputs).messages)
    result = prompt.using(llm).run(**inputs)

    rules = prompt.declaration.constraints
    for rule in rules:
        predicate = predicate_of(rule.sentence(), subject_of(parse(rule.path)))
        assert rule.sentence() in said or predicate in said
    for backend in ("llama:demo", "openai:gpt-5-mini"):
        placed = [(it.path, it.rule) for it in prompt.using(backend).plan().placements]
        assert all((rule.path, rule.rule.kind) in placed for rule in rules)
    assert [verdict.constraint for verdict in result.verdicts] == [rule.id for rule in rules]
    assert all(verdict.outcome == "held" for verdict in result.verdicts)


def test_what_check_finds_is_nothing_and_the_rules_edges_are_judged_as_they_say(path: Path) -> None:
    prompt = pk.load(path)
    inputs, _output = example_of(prompt)
    rules = {rule.id: rule for rule in prompt.declaration.constraints}
    shown = prompt.render(**inputs).inputs

    cases = prompt.boundary_cases(**inputs)

    assert check_file(path).faults == ()
    for case in cases:
        verdict = rules[case.constraint].check(case.output, shown)
        assert (verdict.outcome != "violated") is case.holds, str(case)
