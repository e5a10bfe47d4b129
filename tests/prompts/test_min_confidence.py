"""The rule min_confidence: judged by what the backend tells, unchecked where it does not, and able to hand a case on."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from promptkit.backends import MockBackend, layers
from promptkit.completions import Completion, TokenLogprob
from promptkit.constraints import Constraint, from_file, min_confidence
from promptkit.errors import CapabilityMissing, ConstraintViolated
from promptkit.libraries import load
from promptkit.prompts import Prompt
from promptkit.requests import Capabilities, Plan


class Triage(BaseModel):
    kind: Literal["billing", "other"]
    note: str


class Telling(MockBackend):
    """A mock that has log-probabilities and says so in its plan."""

    def capabilities(self) -> Capabilities:
        return Capabilities(logprobs=True)

    def plan(self, spec: Any, generation: Any) -> Plan:
        return Plan.unenforced(spec, self.name, "a stand-in")


class Silent(Telling):
    def capabilities(self) -> Capabilities:
        return Capabilities(logprobs=False)


def answer(kind: str, sure: float | None, **parts: Any) -> Completion:
    confidence = None if sure is None else {"kind": sure}
    text = json.dumps({"kind": kind, "note": "n"})
    return Completion(text=text, finish_reason="stop", model="m", confidence=confidence, **parts)


def prompt(*, share: float = 0.8, attempts: int = 1, **options: Any) -> Prompt[Triage]:
    return Prompt(
        template="{% user %}{{ text }}{% enduser %}",
        output=Triage,
        constraints=[min_confidence("kind", share, **options)],
        attempts=attempts,
    )


def test_an_answer_that_is_sure_enough_holds() -> None:
    result = prompt().using(MockBackend([answer("billing", 0.8)])).run(text="x")

    assert [(v.constraint, v.outcome) for v in result.verdicts] == [("kind.min_confidence", "held")]


def test_an_answer_that_is_not_sure_is_asked_again_or_is_an_error() -> None:
    backend = MockBackend([answer("billing", 0.79), answer("other", 0.9)])
    assert prompt(attempts=2).using(backend).run(text="x").value.kind == "other"
    assert "confidence of 0.79" in backend.requests[1].messages[-1].text

    backend = MockBackend([answer("billing", 0.5), answer("other", 0.9)])
    with pytest.raises(ConstraintViolated, match="a confidence of 0.50"):
        prompt(attempts=2, on_fail="error").using(backend).run(text="x")
    assert len(backend.requests) == 1

    wish = prompt(severity="should").using(MockBackend([answer("billing", 0.5)])).run(text="x")
    assert [v.outcome for v in wish.verdicts] == ["violated"]


@pytest.mark.parametrize(("sure", "why"), [(None, "does not tell how sure"), ({}, "only enums, booleans")])
def test_where_the_backend_does_not_tell_it_stays_unchecked(sure: Any, why: str) -> None:
    told = Completion(text='{"kind":"billing","note":"n"}', finish_reason="stop", model="m", confidence=sure)

    result = prompt().using(MockBackend([told])).run(text="x")

    assert [v.outcome for v in result.verdicts] == ["unchecked"]
    assert why in (result.verdicts[0].got or "")


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_of_a_server_are_enough(stream: bool) -> None:
    tokens = (
        TokenLogprob(text='{"kind":"', logprob=0.0),
        TokenLogprob(
            text="billing", logprob=math.log(0.5), top=(("billing", math.log(0.5)), ("other", math.log(0.5)))
        ),
        TokenLogprob(text='","note":"n"}', logprob=0.0),
    )
    told = Completion(text='{"kind":"billing","note":"n"}', finish_reason="stop", model="m", logprobs=tokens)
    asked = prompt(severity="should").using(MockBackend([told]))

    result = list(asked.stream(text="x"))[-1].result if stream else asked.run(text="x")

    assert result.confidence == {"kind": pytest.approx(0.5)}
    assert [v.outcome for v in result.verdicts] == ["violated"]


def test_the_rule_asks_for_log_probabilities_where_there_are_some_and_is_not_said() -> None:
    telling, silent = Telling([answer("billing", 0.9)]), Silent([answer("billing", None)])

    prompt().using(telling).run(text="x")
    prompt().using(silent).run(text="x")

    assert telling.requests[0].generation.logprobs == 5
    assert silent.requests[0].generation.logprobs is None
    assert telling.requests[0].messages[0].text == "x"
    own = Telling([answer("billing", 0.9)])
    prompt().using(own, generation={"logprobs": 2}).run(text="x")
    assert own.requests[0].generation.logprobs == 2


def test_the_plan_says_where_it_stays_unchecked_and_require_refuses_that() -> None:
    told = prompt().using(Telling()).plan()
    untold = prompt().using(Silent()).plan()

    notes = [
        next(it.note for it in plan.placements if it.rule == "min_confidence") for plan in (told, untold)
    ]
    assert notes[1] == "stays unchecked: the backend does not tell how sure the model was"
    assert notes[0] != notes[1]
    required = prompt().using(Silent([answer("billing", None)]), enforce="require")
    with pytest.raises(CapabilityMissing) as caught:
        required.run(text="x")
    assert any("does not tell how sure" in reason for reason in caught.value.reasons)
    reasons = prompt().using(Telling(), enforce="require").refusal()
    assert not any("min_confidence" in reason for reason in (reasons.reasons if reasons is not None else ()))


def test_an_answer_that_is_not_sure_is_handed_to_the_next_backend() -> None:
    small = MockBackend([answer("billing", 0.4)], name="small")
    large = MockBackend([answer("other", 0.95)], name="large")

    result = prompt().using(layers.fallback(small, large, invalid=True)).run(text="x")

    assert result.value.kind == "other"
    assert (len(small.requests), len(large.requests)) == (1, 1)


def test_a_re_ask_of_the_field_alone_is_judged_by_its_own_confidence() -> None:
    again = Completion(text='{"kind":"other"}', finish_reason="stop", model="m", confidence={"kind": 0.99})
    backend = MockBackend([answer("billing", 0.4), again])

    class Wide(Triage):
        a: str = "a"

    first = Completion(
        text='{"kind":"billing","note":"n","a":"b"}',
        finish_reason="stop",
        model="m",
        confidence={"kind": 0.4},
    )
    backend = MockBackend([first, again])
    asked = Prompt(
        template="{% user %}{{ text }}{% enduser %}",
        output=Wide,
        constraints=[min_confidence("kind", 0.8)],
        attempts=2,
    )

    result = asked.using(backend).run(text="x")

    assert result.attempts[1].asked == ("kind",)
    assert result.confidence == {"kind": 0.99}
    assert result.value.kind == "other"


@pytest.mark.parametrize("share", [0, 1.1, True, "0.8", None])
def test_a_share_is_a_number_above_0_and_at_most_1(share: Any) -> None:
    with pytest.raises(ValueError, match="min_confidence: 0.8"):
        from_file("min_confidence", share, path="kind", options={})


def test_a_file_says_it_beside_a_field(tmp_path: Any) -> None:
    path = tmp_path / "a.prompt.j2"
    path.write_text(
        "---\nformat: promptkit/1\nname: a\noutput:\n  schema:\n    kind:\n      type: string\n      one_of: [x, y]\n"
        "      min_confidence: 0.8\n---\n{% user %}Hi\n{{ output_format }}{% enduser %}\n"
    )

    loaded = load(path)
    loaded.check()

    rules = [it for it in loaded.declaration.constraints if it.rule.kind == "min_confidence"]
    assert rules == [Constraint(path="kind", rule=rules[0].rule, line=9)]
    assert "confidence" not in loaded.render().messages[0].text


def test_a_say_of_ones_own_is_said() -> None:
    asked = Prompt(
        template="{% user %}{{ text }} {{ constraints }}{% enduser %}",
        output=Triage,
        constraints=[min_confidence("kind", 0.8, say="Choose a kind only when you are sure.")],
    )

    assert "only when you are sure" in asked.render(text="x").messages[0].text
