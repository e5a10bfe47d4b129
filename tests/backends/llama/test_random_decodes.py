"""What a plan calls GRAMMAR holds in every answer that a model without any sense writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs
import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.completions import Enforcement
from promptkit.constraints import (
    Constraint,
    Excerpt,
    Form,
    Matches,
    NeverSays,
    OneOf,
    Path,
    QuotedFrom,
    Rule,
    Whole,
    Without,
    between,
    one_of,
    parse,
)
from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

SOURCE = (
    'The lamp "Äolus" is broken.\n\nIt cost 12 €\tand came on\u20282 May 😀\\o/. I want my money back\x00now.'
)
INPUTS = {"ticket": {"body": SOURCE}, "labels": ["red", "green blue", 'a "b"\\']}


@dataclass(frozen=True, slots=True)
class Followed:
    """A rule as it is, with what it allows said beside it."""

    rule: Rule
    allowed: Form
    kind: str = "followed"

    def sentence(self, subject: str) -> str:
        return self.rule.sentence(subject)

    def fault(self, value: Any, scope: Any) -> str | None:
        return self.rule.fault(value, scope)

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        if isinstance(self.allowed, Excerpt):
            return Excerpt(None if inputs is None else (inputs["ticket"]["body"],))
        return self.allowed


@dataclass(frozen=True, slots=True)
class OneOfLabels:
    """One of the labels of the inputs."""

    kind: str = "one_of_labels"

    def sentence(self, subject: str) -> str:
        return f"{subject} is one of the labels."

    def reads(self) -> tuple[Path, ...]:
        return (parse("labels"),)

    def bound(self, inputs: Mapping[str, Any]) -> Rule:
        return OneOf(tuple(inputs["labels"]))

    def fault(self, value: Any, scope: Any) -> str | None:
        return self.bound(scope.inputs).fault(value, scope)


def says_never(path: str, *phrases: str) -> Constraint:
    return Constraint(path=path, rule=Followed(NeverSays(phrases), Without(phrases)), id=f"{path}.{phrases}")


def is_whole(path: str, pattern: str) -> Constraint:
    return Constraint(path=path, rule=Followed(Matches(pattern), Whole(pattern)), id=f"{path}.{pattern}")


def is_quoted(path: str) -> Constraint:
    rule = Followed(QuotedFrom("ticket.body"), Excerpt(None))
    return Constraint(path=path, rule=rule, id=f"{path}.quoted")


def closed(properties: Mapping[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }


def text(most: int = 6, **rules: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": most, **rules}


ANSWERS = 67  # of each case: 1,139 in all

# Few letters, so that chance alone would often break the rule.
NARROW = '^[aAtToO \\u00ad\\n\\uff41"\\\\-]*$'
CASES = {
    "numbers": (
        closed(
            {
                "i": {"type": "integer"},
                "n": {"type": "number", "minimum": -2.5, "exclusiveMaximum": 7.25},
                "m": {"type": "integer", "multipleOf": 7, "minimum": 0, "maximum": 500},
                "x": {"type": "integer", "exclusiveMinimum": 3, "maximum": 11},
            }
        ),
        [between("i", -3, 12)],
    ),
    "choices": (
        closed(
            {
                "e": {"type": "string"},
                "l": {"type": ["string", "null"]},
                "c": {"const": 'x"\\é\n'},
                "mixed": {"enum": [1, "one", None, True]},
                "b": {"type": "boolean"},
            }
        ),
        [one_of("e", ["low", 'h"gh', "é"]), Constraint(path="l", rule=OneOfLabels())],
    ),
    "lengths": (
        closed(
            {
                "s": {"type": "string", "minLength": 2, "maxLength": 5},
                "l": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
                "p": {"type": "string", "pattern": "^[a-c]{1,4}$"},
                "w": {"type": "string", "pattern": "^\\s\\S[^\\s]{0,2}$"},
                "q": {
                    "type": "array",
                    "prefixItems": [{"type": "integer", "minimum": 0, "maximum": 9}],
                    "items": False,
                },
            },
            ["s", "l", "p", "w"],
        ),
        [],
    ),
    "formats": (
        closed(
            {
                "u": {"type": "string", "format": "uuid"},
                "v4": {"type": "string", "format": "ipv4"},
                "v6": {"type": "string", "format": "ipv6"},
                "dt": {"type": "string", "format": "duration"},
            }
        ),
        [],
    ),
    "alternatives": (
        {
            "anyOf": [
                closed({"kind": {"const": "a"}, "v": text(4)}),
                closed({"kind": {"const": "b"}, "v": {"type": "integer", "minimum": 0, "maximum": 9}}),
            ]
        },
        [],
    ),
    "never says a phrase": (
        closed({"a": text(7, pattern=NARROW), "n": {"type": "integer", "minimum": 0, "maximum": 9}}),
        [says_never("a", "tt", "ta", "a", "t t", 'tT"')],
    ),
    # Of all letters: the automaton has to see at once that behind a phrase nothing is left.
    "never says it in any letters": (closed({"a": text(14)}), [says_never("a", "tt", "ta", "a", "4")]),
    "never says it at length": (
        closed({"a": text(60, minLength=30)}),
        [says_never("a", "refund guaranteed", "we promise", "t", "100 % certain", "4z")],
    ),
    "never says it in a list": (
        closed({"l": {"type": "array", "items": closed({"s": text(5, pattern=NARROW)}), "maxItems": 3}}, []),
        [says_never("l[].s", "t", "tt", "\\")],
    ),
    "matches": (
        closed({"a": text(9), "b": text(9)}),
        [is_whole("a", '[A-Z]{2}\\s?"?[0-9]{1,4}'), is_whole("b", ".*x")],
    ),
    "starts and ends": (
        closed({"a": text(9), "b": {"type": ["string", "null"], "maxLength": 3}}),
        [is_whole("a", r"Dear [\s\S]*"), is_whole("a", r"[\s\S]*[.!]"), is_whole("b", "x+")],
    ),
    "matches and never says": (
        closed({"a": text(8)}),
        [is_whole("a", "[at\\s\\u00ad]+"), says_never("a", "t", "at", "a a")],
    ),
    "quoted": (closed({"q": {"type": "string"}, "r": text(12)}), [is_quoted("q"), is_quoted("r")]),
    "quoted in a list": (
        closed(
            {
                "l": {
                    "type": "array",
                    "items": closed({"q": text(30), "n": {"type": "boolean"}}),
                    "maxItems": 2,
                }
            }
        ),
        [is_quoted("l[].q")],
    ),
    "text that never says": (None, [is_whole("", r"[\s\S]{0,5}"), says_never("", "a", "\\", "!")]),
    "text": (None, [is_whole("", "[at\\s\\u00ad]{0,9}"), says_never("", "t", "at a")]),
    "text quoted": (None, [is_quoted("")]),
}


@pytest.fixture(scope="module")
def writer(tiny):
    made = LlamaBackend(str(tiny), threads=1)
    yield made
    made.close()


@cache
def spec_of(name: str) -> OutputSpec:
    schema, constraints = CASES[name]
    output = OutputSchema.text() if schema is None else OutputSchema.from_json_schema(schema, "answer")
    return OutputSpec(schema=output, constraints=constraints, inputs=INPUTS)


def faults(spec: OutputSpec, answer: str) -> list[str]:
    """What the schema and the rules find in a finished answer."""
    if spec.mode == "text":
        value, found = answer, []
    else:
        value = json.loads(answer)
        validator = jsonschema_rs.validator_for(spec.json_schema, validate_formats=True)
        found = [error.message for error in validator.iter_errors(value)]
    verdicts = [constraint.check(value, INPUTS) for constraint in spec.constraints]
    return found + [
        f"{verdict.constraint}: {verdict.got}" for verdict in verdicts if verdict.outcome != "held"
    ]


def written(writer: LlamaBackend, spec: OutputSpec, seed: int) -> str | None:
    """An answer that came to its end; None for one that was cut."""
    request = Request(
        messages=(Message(role="user", content="?"),),
        output=spec,
        generation=GenerationConfig(temperature=1.0 + seed % 3, seed=seed, max_tokens=250),
        prompt=PromptRef(name="test"),
    )
    completion = writer.complete(request)
    return completion.text if completion.finish_reason == "stop" else None


@pytest.mark.parametrize("name", CASES)
def test_the_plan_gives_everything_to_the_grammar(writer, name):
    plan = writer.plan(spec_of(name), GenerationConfig())

    assert {placement.where for placement in plan.placements} == {Enforcement.GRAMMAR}


@pytest.mark.parametrize("name", CASES)
def test_no_answer_breaks_what_the_grammar_enforces(writer, name):
    spec = spec_of(name)

    answers = [written(writer, spec, seed) for seed in range(ANSWERS)]

    finished = [answer for answer in answers if answer is not None]
    assert [(answer, faults(spec, answer)) for answer in finished if faults(spec, answer)] == []
    assert len(finished) >= 0.9 * ANSWERS  # what max_tokens cut says nothing
    assert len(set(finished)) > 1


@pytest.mark.parametrize("name", ["never says a phrase", "matches", "quoted", "text"])
def test_the_same_model_breaks_the_rules_when_they_are_only_checked(writer, name):
    spec = spec_of(name)
    unmasked = [Constraint(path=it.path, rule=it.rule, id=it.id, enforce="check") for it in spec.constraints]
    checked = OutputSpec(schema=spec.schema, constraints=unmasked, inputs=INPUTS)

    answers = [written(writer, checked, seed) for seed in range(20)]

    assert any(faults(spec, answer) for answer in answers if answer is not None)
