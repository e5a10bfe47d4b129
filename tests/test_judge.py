"""The judge that the engine puts on a request, by which a layer asks whether an answer holds its contract."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import pytest

from promptkit.backends import MockBackend
from promptkit.completions import Completion
from promptkit.constraints import Constraint, max_words, one_of
from promptkit.errors import ConstraintViolated, Truncated, Unparseable
from promptkit.prompts import Prompt
from promptkit.requests import OutputSpec, Request
from promptkit.schemas import OutputSchema

PROMPT = Prompt(
    name="colour",
    clarity={"task": "Name a colour."},
    output=dict[str, str],
    constraints=[max_words("name", 2)],
)


def answer(text: str, **parts: Any) -> Completion:
    return Completion(**{"text": text, "finish_reason": "stop", "model": "m", **parts})


def without_schema(request: Request) -> Request:
    """The request without what is made at run time and does not pickle."""
    return replace(request, output=OutputSpec(schema=OutputSchema.text()))


def asked(prompt: Prompt[Any] = PROMPT) -> Request:
    backend = MockBackend(['{"name": "red"}'])
    prompt.using(backend).run()
    return backend.requests[0]


@pytest.mark.parametrize(
    ("completion", "refused_by"),
    [
        (answer('{"name": "dark red"}'), None),
        (answer('{"name": "a very dark red"}'), ConstraintViolated),
        (answer("red"), Unparseable),
        (answer('{"name": "red"}', finish_reason="length"), Truncated),
    ],
)
def test_the_judge_says_by_which_error_an_answer_would_be_refused(completion, refused_by) -> None:
    request = asked()

    assert request.judge is not None
    verdict = request.judge(completion)
    assert type(verdict) is (refused_by or type(None))


def test_thoughts_are_taken_out_before_an_answer_is_judged() -> None:
    prompt = Prompt(clarity={"task": "x"}, output=dict[str, str], reasoning=True)

    request = asked(prompt)

    assert request.judge is not None
    assert request.judge(answer('<think>hm</think>{"name": "red"}')) is None


def test_the_judge_of_a_question_about_some_fields_judges_the_whole() -> None:
    prompt = Prompt(
        clarity={"task": "x"},
        output=dict[str, str],
        constraints=[one_of("a", ["x"]), one_of("b", ["x"]), one_of("c", ["x"])],
        attempts=2,
    )
    backend = MockBackend(['{"a": "x", "b": "x", "c": "y"}', '{"a": "x", "b": "x", "c": "x"}'])

    prompt.using(backend).run()

    judge = backend.requests[1].judge
    assert judge is not None
    assert isinstance(judge(answer('{"c": "z"}')), ConstraintViolated)


def test_the_judge_is_no_part_of_what_a_request_is() -> None:
    request = asked()
    bare = replace(request, judge=None)

    assert request == bare
    assert request.fingerprint() == bare.fingerprint()
    assert "judge" not in repr(request)
    assert pickle.loads(pickle.dumps(without_schema(request))).judge is None


@dataclass(frozen=True)
class Counted:
    """A rule that every text holds, and that counts how often it was asked."""

    asked: list[str]
    kind = "counted"

    def sentence(self, subject: str) -> str:
        return f"{subject} is text."

    def fault(self, value: Any, scope: Any) -> str | None:
        self.asked.append(value)
        return None


class Judging(MockBackend):
    """Asks the judge, as a layer does, and gives the answer on with another name."""

    def complete(self, request: Any, **options: Any) -> Completion:
        completion = super().complete(request, **options)
        assert request.judge(completion) is None
        return replace(completion, model="renamed")


def test_an_answer_that_a_layer_asked_about_is_read_once() -> None:
    rule = Counted([])
    prompt = Prompt(
        clarity={"task": "x"},
        output=dict[str, str],
        constraints=[Constraint(path="name", rule=rule)],
    )

    result = prompt.using(Judging(['{"name": "red"}'])).run()

    assert result.record.attempts[0].completion.model == "renamed"
    assert rule.asked == ["red"]
