"""Tests that stand in prompt files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.authoring import read_text
from promptkit.backends import MockBackend
from promptkit.checks import TestOutcome, run_file_tests
from promptkit.errors import PromptError

FILE = """\
---
format: promptkit/1
name: triage
attempts: {attempts}
input:
  schema:
    text: string
output:
  schema:
    mood(enum): [good, bad]
    score: number
    why:
      type: string
      max_words: 3
      quoted_from: text
    tone:
      type: string
      never_says: [sorry]
      severity: should
tests:
  - name: it is read
    input: {{{input}}}
    replies: [{replies}]
    expect: {{{expect}}}
---
{{% system %}}
Judge.
{{{{ constraints }}}}
{{% endsystem %}}
{{% user %}}
{{{{ text }}}}
{{% enduser %}}
"""
GOOD = "{mood: good, score: 4, why: fine, tone: calm}"
QUOTED = '{mood: good, score: 4, why: "made up", tone: calm}'
LONG = '{mood: good, score: 4, why: "it is so very fine", tone: calm}'
SORRY = '{mood: good, score: 4, why: fine, tone: "I am sorry"}'
NO_MOOD = "{mood: so so, score: 4, why: fine, tone: calm}"


def outcome(
    replies: str, expect: str, *, attempts: int = 2, given: str = "text: it is so fine"
) -> TestOutcome:
    text = FILE.format(attempts=attempts, replies=replies, expect=expect, input=given)
    prompt: pk.Prompt[Any] = pk.Prompt.declared(read_text(text, file="triage.prompt.j2"))
    (only,) = run_file_tests(prompt)
    return only


@pytest.mark.parametrize(
    ("replies", "expect"),
    [
        (GOOD, f"output: {GOOD}"),
        (GOOD, "output: {mood: good, score: 4.0, why: fine, tone: calm}"),
        (f"{QUOTED}, {GOOD}", f"output: {GOOD}"),
        (GOOD, "violates: []"),
        (QUOTED, "violates: [why.quoted_from]"),
        (LONG, "violates: [why.max_words, why.quoted_from]"),
        (SORRY, "violates: [tone.never_says]"),
        (f"{LONG}, {QUOTED}", "violates: [why.quoted_from]"),
        (f"{LONG}, {QUOTED}", "violates: [why.quoted_from], error: AttemptsExhausted"),
        (QUOTED, "error: ConstraintViolated"),
        (NO_MOOD, "error: Unparseable"),
        (f"{NO_MOOD}, {NO_MOOD}", "error: AttemptsExhausted"),
        (f"{NO_MOOD}, {NO_MOOD}", "error: Unparseable"),
        ('""', "error: Empty"),
        ("no json", "error: Unparseable"),
        (GOOD, "contains: [Judge., so fine]"),
        (GOOD, f"contains: Judge., output: {GOOD}, violates: []"),
    ],
)
def test_what_comes_about_as_expected_passes(replies: str, expect: str) -> None:
    assert outcome(replies, expect) == TestOutcome(
        prompt="triage", name="it is read", passed=True, message="", line=21
    )


@pytest.mark.parametrize(
    ("replies", "expect", "told"),
    [
        (GOOD, "output: {mood: bad, score: 4, why: fine, tone: calm}", 'expected the output {"mood":"bad"'),
        (GOOD, "output: {mood: good, score: true, why: fine, tone: calm}", "expected the output"),
        (GOOD, "output: {mood: good, score: 4, why: fine}", "expected the output"),
        (
            GOOD.replace("4", "1"),
            "output: {mood: good, score: true, why: fine, tone: calm}",
            '"score":true',
        ),
        (QUOTED, f"output: {GOOD}", "it failed with ConstraintViolated: "),
        (NO_MOOD, "violates: [why.max_words]", "it failed with Unparseable: "),
        (QUOTED, f"violates: [why.quoted_from], output: {GOOD}", "it failed with ConstraintViolated: "),
        (
            QUOTED,
            "violates: [why.max_words]",
            "expected the last reply to violate why.max_words, it violates why.quoted_from",
        ),
        (GOOD, "violates: [why.max_words]", "it violates nothing"),
        (GOOD, "error: Unparseable", 'expected Unparseable, but the call succeeded with {"mood":"good"'),
        (QUOTED, "error: Unparseable", "expected Unparseable, got ConstraintViolated: "),
        (
            QUOTED,
            "error: AttemptsExhausted",
            "(the file allows 2 attempts and the test gives 1 replies; give one for each attempt)",
        ),
        (f"{NO_MOOD}, {NO_MOOD}", "error: Empty", "got AttemptsExhausted over Unparseable: "),
        (GOOD, "contains: [Judge., awful]", 'no message contains "awful"'),
        (f"{GOOD}, {GOOD}", f"output: {GOOD}", "only 1 of 2 replies were asked for"),
        (f"{QUOTED}, {QUOTED}, {GOOD}", "error: AttemptsExhausted", "only 2 of 3 replies were asked for"),
    ],
)
def test_what_comes_about_otherwise_fails_with_a_sentence(replies: str, expect: str, told: str) -> None:
    found = outcome(replies, expect)

    assert not found.passed
    assert told in found.message


def test_each_expectation_that_fails_is_told() -> None:
    found = outcome(GOOD, "contains: [awful], violates: [why.max_words]")

    assert found.message == (
        'expected the last reply to violate why.max_words, it violates nothing; no message contains "awful"'
    )


@pytest.mark.parametrize(
    ("expect", "given", "passed"),
    [
        ("contains: it rains", "text: it rains", True),
        ("contains: it rains", "text: it snows", False),
        ("error: InputError", "txt: it rains", True),
        ("error: InputError", "text: it rains", False),
        ("contains: it rains", "txt: it rains", False),
    ],
)
def test_without_replies_the_prompt_is_rendered_and_nothing_is_asked(
    expect: str, given: str, passed: bool
) -> None:
    text = FILE.replace("    replies: [{replies}]\n", "").format(attempts=1, expect=expect, input=given)
    prompt = pk.Prompt.declared(read_text(text, file="triage.prompt.j2"))

    (only,) = run_file_tests(prompt)

    assert only.passed is passed
    assert bool(only.message) is not passed


def test_a_text_output_is_compared_as_text() -> None:
    text = (
        "---\nformat: promptkit/1\nname: say\ntests:\n"
        "  - {name: said, input: {x: a}, replies: [Hello.], expect: {output: Hello.}}\n"
        "  - {name: unsaid, input: {x: a}, replies: [Hello.], expect: {output: Bye.}}\n"
        "---\n{% user %}\n{{ x }}\n{% enduser %}\n"
    )
    prompt = pk.Prompt.declared(read_text(text, file="say.prompt.j2"))

    said, unsaid = run_file_tests(prompt)

    assert (said.passed, unsaid.passed) == (True, False)
    assert unsaid.message == 'expected the output "Bye.", got "Hello."'


def test_a_long_output_is_shortened_in_the_message() -> None:
    text = (
        "---\nformat: promptkit/1\nname: say\ntests:\n"
        f"  - {{name: said, input: {{x: a}}, replies: [{'long ' * 200}], expect: {{output: Bye.}}}}\n"
        "---\n{% user %}\n{{ x }}\n{% enduser %}\n"
    )
    prompt = pk.Prompt.declared(read_text(text, file="say.prompt.j2"))

    (said,) = run_file_tests(prompt)

    assert len(said.message) < 400
    assert said.message.endswith("...")


def test_neither_recorders_nor_the_backend_in_use_take_part(tmp_path: Path) -> None:
    other = MockBackend([])
    text = FILE.format(attempts=1, replies=GOOD, expect=f"output: {GOOD}", input="text: it is fine")
    prompt = pk.Prompt.declared(read_text(text, file="triage.prompt.j2"))

    with pk.record(tmp_path / "calls.jsonl"), pk.use(other):
        (only,) = run_file_tests(prompt)

    assert only.passed
    assert other.requests == []
    assert (tmp_path / "calls.jsonl").read_bytes() == b""


def test_a_contract_that_does_not_hold_is_raised() -> None:
    text = FILE.format(attempts=1, replies=GOOD, expect="violates: []", input="text: x")
    prompt = pk.Prompt.declared(read_text(text.replace("{{ text }}", "{{ txt }}"), file="triage.prompt.j2"))

    with pytest.raises(PromptError):
        run_file_tests(prompt)
