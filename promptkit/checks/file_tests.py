"""Tests that stand in a prompt file: each runs against a mocked backend that gives the test's replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from promptkit.backends.mock import MockBackend
from promptkit.checks.report import TestOutcome
from promptkit.constraints.evaluation import same
from promptkit.declarations import FileTest
from promptkit.engine import Result
from promptkit.errors import AttemptsExhausted, ConstraintViolated, OutputError, PromptKitError
from promptkit.messages import Message
from promptkit.prompts import Prompt
from promptkit.requests import Rendered, canonical_json
from promptkit.schemas import Valid

__all__ = ["run_file_test", "run_file_tests"]


def run_file_tests(prompt: Prompt[Any]) -> tuple[TestOutcome, ...]:
    """Run every test of the prompt's file; no model is called and no observer is told.

    A test's conversation is as long as its replies, and never longer than the file's ``attempts``: one reply
    that breaks the contract ends it, so that a test can look at a single answer. A test without replies
    renders and asks nothing.

    Raises:
        PromptError: When the prompt's contract does not hold together.
    """
    prompt.check()
    return tuple(run_file_test(prompt, test) for test in prompt.declaration.tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """How a test's call went.

    Attributes:
        rendered: The messages; None when the inputs did not fit.
        result: The result; None when the call failed or nothing was asked.
        error: The error; None when the call succeeded.
        asked: How many replies were used.
    """

    rendered: Rendered | None = None
    result: Result[Any] | None = None
    error: PromptKitError | None = None
    asked: int = 0


def run_file_test(prompt: Prompt[Any], test: FileTest) -> TestOutcome:
    """Run one test of the prompt's file, as `run_file_tests` does."""
    # A fresh context: a recorder or a `pk.use` of the caller has no part in a file's own test.
    run = Context().run(_run, prompt, test)
    problems = _problems(prompt, test, run)
    return TestOutcome(
        prompt=prompt.name, name=test.name, passed=not problems, message="; ".join(problems), line=test.line
    )


def _run(prompt: Prompt[Any], test: FileTest) -> _Run:
    try:
        rendered = prompt.render(**test.input)
    except PromptKitError as error:
        return _Run(error=error)
    if not test.replies:
        return _Run(rendered=rendered)
    attempts = min(prompt.declaration.attempts, len(test.replies))
    backend = MockBackend(list(test.replies))
    try:
        result = prompt.using(backend, attempts=attempts).run(**test.input)
    except PromptKitError as error:
        return _Run(rendered=rendered, error=error, asked=len(error.attempts))
    return _Run(rendered=rendered, result=result, asked=len(result.attempts))


def _problems(prompt: Prompt[Any], test: FileTest, run: _Run) -> list[str]:
    expect = test.expect
    problems: list[str] = []
    if run.error is not None and not _foreseen(run.error, expect):
        problems.append(f"it failed with {type(run.error).__name__}: {run.error}")
    if "error" in expect:
        problems += _about_error(prompt, test, run)
    if "violates" in expect:
        problems += _about_violations(expect["violates"], run)
    if "output" in expect and run.result is not None:
        wanted = _filled_in(prompt, expect["output"])
        problems += _about_output(wanted, run.result.record.output)
    if "contains" in expect and run.rendered is not None:
        problems += _about_texts(expect["contains"], run.rendered.messages)
    unused = len(test.replies) - run.asked
    if unused > 0 and not problems:
        problems.append(
            f"only {run.asked} of {len(test.replies)} replies were asked for; remove the rest or raise attempts"
        )
    return problems


def _foreseen(error: PromptKitError, expect: Mapping[str, Any]) -> bool:
    if "error" in expect:  # what it must be is compared by name
        return True
    return "violates" in expect and "output" not in expect and isinstance(_last(error), ConstraintViolated)


def _last(error: PromptKitError) -> PromptKitError:
    return error.last if isinstance(error, AttemptsExhausted) else error


def _about_error(prompt: Prompt[Any], test: FileTest, run: _Run) -> list[str]:
    wanted = test.expect["error"]
    if run.error is None:
        if run.result is None:
            return [f"expected {wanted}, but it renders without a fault and has no replies to answer with"]
        return [f"expected {wanted}, but the call succeeded with {_json(run.result.record.output)}"]
    names = {type(run.error).__name__, type(_last(run.error)).__name__}
    if wanted in names:
        return []
    got = " over ".join(dict.fromkeys((type(run.error).__name__, type(_last(run.error)).__name__)))
    more = ""
    if wanted == AttemptsExhausted.__name__ and isinstance(run.error, OutputError):
        more = (
            f" (the file allows {prompt.declaration.attempts} attempts and the test gives "
            f"{len(test.replies)} replies; give one for each attempt)"
        )
    return [f"expected {wanted}, got {got}: {run.error}{more}"]


def _about_violations(wanted: Sequence[str], run: _Run) -> list[str]:
    if run.result is not None:
        verdicts = run.result.verdicts
    elif run.error is not None and isinstance(_last(run.error), ConstraintViolated):
        verdicts = run.error.attempts[-1].verdicts
    else:
        return []  # another error, already told
    violated = {verdict.constraint for verdict in verdicts if verdict.outcome == "violated"}
    if violated == set(wanted):
        return []
    return [f"expected the last reply to violate {_list(wanted)}, it violates {_list(violated)}"]


def _filled_in(prompt: Prompt[Any], wanted: Any) -> Any:
    """The expected value with null for optional fields that it leaves out; as it stands where it is no value."""
    schema = prompt.contract.output.schema
    read = schema.validate(wanted)
    return schema.dump(read.value) if isinstance(read, Valid) else wanted


def _about_output(wanted: Any, got: Any) -> list[str]:
    return [] if same(wanted, got) else [f"expected the output {_json(wanted)}, got {_json(got)}"]


def _about_texts(wanted: Sequence[str], messages: Sequence[Message]) -> list[str]:
    return [
        f"no message contains {_json(text)}"
        for text in wanted
        if not any(text in message.text for message in messages)
    ]


def _list(ids: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"


def _json(data: Any) -> str:
    text = canonical_json(data).decode("utf-8", "backslashreplace")
    return text if len(text) <= 300 else f"{text[:300]}..."  # noqa: PLR2004 - about four lines of a terminal
