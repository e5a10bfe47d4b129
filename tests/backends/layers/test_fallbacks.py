"""Who is asked in whose place, and that it can be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from four_ways import WAYS
from made_up_time import MadeUpTime

from promptkit.backends import MockBackend, Paced, layers, open_backend
from promptkit.backends.layers.chains import common_capabilities
from promptkit.completions import Completion, Detour, Enforcement, Unfinished, Usage
from promptkit.errors import (
    BudgetExceeded,
    ConfigurationError,
    ConnectionFailed,
    ConstraintViolated,
    ContextOverflow,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    ServerError,
    StreamInterrupted,
    TimedOut,
    Unauthorized,
)
from promptkit.messages import DocumentPart
from promptkit.prompts import Prompt
from promptkit.requests import AsyncBackend, Backend, Capabilities, GenerationConfig, OutputSpec
from promptkit.schemas import OutputSchema

SPENT = Usage(input_tokens=9, output_tokens=1)


def mocks(*replies: Any) -> list[MockBackend]:
    return [MockBackend([reply], name=name) for name, reply in zip("abc", replies, strict=False)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "error",
    [
        ConnectionFailed("nobody", usage=SPENT),
        TimedOut("late", kind="first_token", usage=SPENT),
        RateLimited("slow", usage=SPENT),
        QuotaExhausted("no money", usage=SPENT),
        Overloaded("full", usage=SPENT),
        ServerError("boom", usage=SPENT),
    ],
)
def test_the_next_is_asked_after_a_failure_and_the_answer_says_so(way, text_question, error) -> None:
    first, second, third = mocks(error, "yes", "never")
    backend = layers.fallback(first, second, third)

    completion = way(backend, text_question)

    reason = f"{type(error).__name__}: {error}"
    assert completion.text == "yes"
    assert completion.detours == (Detour(layer="fallback", backend="a", to="b", reason=reason, usage=SPENT),)
    assert completion.spent == SPENT + completion.usage
    assert backend.name == "a"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "error",
    [
        Unauthorized("no"),
        ModelNotFound("who"),
        RequestRejected("wrong"),
        ContextOverflow("too long"),
        BudgetExceeded("no more"),
    ],
)
def test_what_somebody_should_mend_is_raised(way, text_question, error) -> None:
    first, second = mocks(error, "never")

    with pytest.raises(type(error)):
        way(layers.fallback(first, second), text_question)

    assert second.requests == []


@pytest.mark.parametrize("way", WAYS)
def test_any_failure_may_be_named(way, text_question) -> None:
    first, second, third = mocks(ContextOverflow("too long"), BudgetExceeded("no more"), "yes")
    backend = layers.fallback(first, second, third, on=["ContextOverflow", BudgetExceeded])

    completion = way(backend, text_question)

    assert [(it.backend, it.to) for it in completion.detours] == [("a", "b"), ("b", "c")]
    assert way(layers.fallback(*mocks(ContextOverflow("x"), "yes"), on=[ContextOverflow]), text_question)
    with pytest.raises(ServerError):
        way(layers.fallback(*mocks(ServerError("x"), "no"), on=[ContextOverflow]), text_question)


@pytest.mark.parametrize("way", WAYS)
def test_the_last_failure_tells_of_all_before(way, text_question) -> None:
    first, second = mocks(ServerError("one", usage=SPENT), Unauthorized("two"))

    with pytest.raises(Unauthorized, match="two") as caught:
        way(layers.fallback(first, second), text_question)

    assert [it.reason for it in caught.value.detours] == ["ServerError: one"]
    assert caught.value.spent == SPENT


@pytest.mark.parametrize("way", WAYS)
def test_the_deadline_comes_first(way, text_question) -> None:
    time = MadeUpTime()
    first, second = mocks(TimedOut("late", kind="deadline"), "never")

    with pytest.raises(TimedOut):
        way(layers.fallback(first, second, clock=time.clock), text_question, time.at)

    assert second.requests == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", ["a", '{"colour": "green"}', ""])
def test_an_answer_that_does_not_hold_may_be_put_aside(way, question, bad) -> None:
    good = '{"colour": "red"}'
    tried = Detour(layer="retry", backend="a", reason="TimedOut: x", usage=SPENT)
    answer = Completion(text=bad, finish_reason="stop", model="m", usage=SPENT, detours=(tried,))

    assert way(layers.fallback(*mocks(bad, good)), question).text == bad
    completion = way(layers.fallback(*mocks(answer, good), invalid=True), question)

    assert completion.text == good
    before, own = completion.detours
    assert before == tried
    assert (own.backend, own.to, own.usage) == ("a", "b", SPENT)
    assert own.reason.startswith(("Unparseable: ", "Empty: "))


@pytest.mark.parametrize("way", WAYS)
def test_the_judge_of_the_request_decides_what_holds(way, text_question) -> None:
    judged = replace(text_question, judge=lambda it: ConstraintViolated("rude") if it.text == "no" else None)

    completion = way(layers.fallback(*mocks("no", "yes"), invalid=True), judged)

    assert completion.text == "yes"
    assert completion.detours[0].reason == "ConstraintViolated: rude"


@pytest.mark.parametrize("way", WAYS)
def test_the_last_answer_is_taken_as_it_is(way, question) -> None:
    completion = way(layers.fallback(*mocks("one", "two"), invalid=True), question)

    assert completion.text == "two"
    assert len(completion.detours) == 1


BREAKS = Paced(pieces=("half", StreamInterrupted("cut", partial="half")))


@pytest.mark.parametrize("way", WAYS[2:])
def test_nobody_else_is_asked_once_a_piece_was_shown(way, text_question) -> None:
    (second,) = mocks("never")

    with pytest.raises(StreamInterrupted):
        way(layers.fallback(MockBackend([BREAKS]), second), text_question)

    assert second.requests == []


@pytest.mark.parametrize("way", WAYS[2:])
def test_pieces_that_were_held_back_can_be_put_aside(way, text_question) -> None:
    (second,) = mocks("whole")

    assert way(layers.fallback(MockBackend([BREAKS]), second, invalid=True), text_question).text == "whole"


def test_only_its_own_backend_goes_on_with_a_cut_answer(text_question) -> None:
    cut = Completion(text="half", finish_reason="length", model="m", unfinished=Unfinished(tokens=(1,)))
    first, second = mocks(ServerError("boom"), "never")

    with pytest.raises(ServerError):
        layers.fallback(first, second).complete(replace(text_question, resumes=cut))

    assert second.requests == []


def test_the_plan_holds_whoever_answers(question) -> None:
    ours = open_backend("openai:gpt-5")
    theirs = open_backend("openai+http://127.0.0.1:1/v1:m", response_format="none")
    generation = GenerationConfig(top_k=5)
    plan = layers.fallback(theirs, ours).plan(question.output, generation)
    turned = layers.fallback(ours, theirs).plan(question.output, generation)

    assert ours.plan(question.output, generation).where("colour", "enum") is Enforcement.NATIVE
    for each in (plan, turned):
        assert each.where("colour", "enum") is Enforcement.CHECK
        assert each.where("", "generation.top_k") is Enforcement.IMPOSSIBLE
    (setting,) = [it for it in plan.placements if it.setting == "top_k"]
    assert setting.note.startswith("openai:gpt-5: ")
    assert (plan.backend, turned.backend) == (theirs.name, ours.name)


def test_a_mock_in_the_chain_binds_nothing() -> None:
    spec = OutputSpec(schema=OutputSchema.from_type(dict[str, int]))

    plan = layers.fallback(open_backend("openai:gpt-5"), MockBackend()).plan(spec, GenerationConfig())

    assert not plan.binding


def test_capabilities_are_what_all_can() -> None:
    can = common_capabilities(
        [
            Capabilities(
                schema=True, seed=True, resume=True, parts=frozenset({DocumentPart}), max_parallel=4
            ),
            Capabilities(schema=True, logprobs=True, resume=True, max_parallel=9),
            Capabilities(schema=True),
        ]
    )

    assert can == Capabilities(schema=True, max_parallel=4)


class SyncOnly:
    """The half of a backend that has no async calls."""

    name = "half"

    def __init__(self, reply: str) -> None:
        inner = MockBackend([reply])
        self.capabilities, self.plan, self.count_tokens = inner.capabilities, inner.plan, inner.count_tokens
        self.complete, self.stream, self.close = inner.complete, inner.stream, inner.close


def test_a_chain_is_of_the_kind_that_all_are(text_question) -> None:
    backend = layers.fallback(MockBackend([ServerError("x")]), SyncOnly("yes"))

    assert isinstance(backend, Backend)
    assert not isinstance(backend, AsyncBackend)
    assert backend.complete(text_question).text == "yes"


def test_the_record_of_a_call_says_who_failed() -> None:
    prompt = Prompt(name="greet", clarity={"task": "Greet."})
    first, second = mocks(ServerError("boom", usage=SPENT), "hello")

    result = prompt.using(layers.fallback(first, second)).run()

    (attempt,) = result.record.attempts
    assert attempt.detours[0].to == "b"
    assert result.usage == SPENT + attempt.completion.usage


@pytest.mark.parametrize(
    ("others", "on", "said"),
    [
        ([], ["RateLimited"], "takes at least one more backend"),
        (["b"], ["RateLimitd"], r"'RateLimitd' is no failure of a backend \(did you mean RateLimited\?\)"),
        (["b"], [ValueError], "is no failure of a backend; on takes BackendError, ConnectionFailed"),
    ],
)
def test_what_makes_no_chain_is_refused(others, on, said) -> None:
    with pytest.raises(ConfigurationError, match=said):
        layers.fallback(MockBackend(), *mocks(*others), on=on)
