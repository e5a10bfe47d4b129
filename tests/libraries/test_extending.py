"""Variants: what they take over, what they may change, and where their errors point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import LockError, PromptError, TemplateError
from promptkit.libraries.freezing import freeze
from promptkit.libraries.locking import lock_library

BASE = """\
---
version: 1.0.0
description: Sort a message.
generation: {temperature: 0, max_tokens: 50}
input:
  schema:
    text: string
    note?: string
clarity:
  role: A support agent.
  task: Sort the message.
  steps: [Read., Sort.]
context:
  - id: policy
    text: Refunds take a week.
  - id: text
    from: text
output:
  schema:
    kind(enum): [fault, wish]
    reply:
      type: string
      max_words: 40
attempts: 2
examples:
  - input: {text: It is dead.}
    output: {kind: fault, reply: Hold reset.}
tests:
  - name: a test of the base
    input: {text: a}
    expect: {contains: a}
---
{% system %}
{{ clarity }}
{{ constraints }}
{{ output_format }}
{{ context.policy }}
{% include "tone" %}

{% endsystem %}
{% examples %}
{% user %}
{{ context.text }} {{ note }}
{% enduser %}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "triage.prompt.j2").write_text(BASE)
    (tmp_path / "tone.md").write_text("Stay calm.\n")
    return tmp_path


@pytest.fixture
def variant(folder: Path) -> Any:
    """Writes the front matter of a variant, and gives the prompt."""

    def written(front: str = "", body: str = "") -> pk.Prompt[Any]:
        (folder / "kids.prompt.j2").write_text(f"---\nextends: triage\n{front}---\n{body}")
        return pk.library(folder)["kids"]

    return written


def test_a_variant_that_says_nothing_renders_as_its_base(folder: Path, variant: Any) -> None:
    prompt, base = variant(), pk.library(folder)["triage"]

    assert prompt.render(text="x").messages == base.render(text="x").messages
    assert (prompt.name, prompt.version, prompt.declaration.attempts) == ("kids", None, 2)
    assert prompt.declaration.tests == ()
    assert prompt.contract.ref.digest != base.contract.ref.digest
    answer = prompt.using(MockBackend([{"kind": "wish", "reply": "Yes."}])).run(text="x")
    assert answer.value.kind == "wish"


def test_sections_are_overridden_key_by_key_and_block_by_block(variant: Any) -> None:
    prompt = variant(
        "description: For children.\n"
        "generation: {max_tokens: 90}\n"
        "clarity: {task: Sort it and explain., audience: A child of ten.}\n"
        "context:\n  - {id: policy, text: Refunds take long.}\n"
        "constraints:\n  - {field: reply, never_says: [sorry]}\n"
        "examples: []\n"
    )

    system = prompt.render(text="x").messages[0].text
    assert (
        "Role: A support agent.\nTask: Sort it and explain.\nAudience: A child of ten.\nSteps:\n1. Read."
        in system
    )
    assert "Refunds take long." in system
    assert "at most 40 words" in system
    assert 'never says "sorry"' in system
    assert [message.role for message in prompt.render(text="x").messages] == ["system", "user"]
    assert dict(prompt.declaration.generation) == {"temperature": 0, "max_tokens": 90}
    assert prompt.declaration.description == "For children."


def test_a_body_of_its_own_keeps_the_sections(variant: Any) -> None:
    prompt = variant(
        body="{% user %}{{ clarity }} {{ constraints }} {{ context.policy }} {{ context.text }}{% enduser %}{% examples %}"
    )

    assert prompt.render(text="x").messages[0].role == "user"


@pytest.mark.parametrize(
    ("front", "line", "broken"),
    [
        (
            "output:\n  schema:\n    kind(enum): [fault, wish, other]\n    reply: string\n",
            3,
            'output kind takes "other" as well',
        ),
        ("output:\n  schema:\n    kind(enum): [fault, wish]\n", 3, "output reply is removed"),
        (
            "input:\n  schema:\n    text: string\n    note?: string\n    age: integer\n",
            3,
            "input age is added",
        ),
        ("constraints:\n  - {id: reply.max_words, field: reply, max_words: 60}\n", 3, "is loosened"),
    ],
)
def test_a_variant_that_breaks_the_contract_is_refused_at_its_line(
    variant: Any, front: str, line: int, broken: str
) -> None:
    if "age" in broken:
        front += "examples: []\n"
    if "reply is removed" in broken:
        front += "examples: []\nconstraints: [{id: reply.max_words, field: kind, max_words: 1}]\n"
    with pytest.raises(TemplateError) as caught:
        variant(front)

    assert "kids extends triage and breaks its contract: " in str(caught.value)
    assert broken in str(caught.value)
    assert (caught.value.file or "").endswith("kids.prompt.j2")
    assert caught.value.line == line


def test_a_variant_may_take_more_and_promise_more(variant: Any) -> None:
    prompt = variant(
        "input:\n  schema:\n    text: string\n    note?: string\n    age?: integer\n"
        "constraints:\n  - {id: reply.max_words, field: reply, max_words: 20}\n"
    )

    assert "at most 20 words" in prompt.render(text="x", age=3).messages[0].text


def test_faults_in_what_was_taken_over_point_to_its_own_file(folder: Path, variant: Any) -> None:
    with pytest.raises(TemplateError, match=r"triage\.prompt\.j2:\d+:12: .*polcy"):
        (folder / "triage.prompt.j2").write_text(BASE.replace("context.policy }}", "context.polcy }}"))
        variant().check()
    (folder / "triage.prompt.j2").write_text(BASE)
    with pytest.raises(TemplateError, match=r"kids\.prompt\.j2:4: .*nme"):
        variant("clarity:\n  task: Sort {{ nme }}.\n").check()
    prompt = variant()
    (folder / "triage.prompt.j2").write_text(
        BASE.replace("{{ note }}", "{% if note %}{{ note.upper.x }}{% endif %}")
    )
    with pytest.raises(TemplateError) as caught:
        pk.library(folder)["kids"].render(text="x", note="y")
    assert (caught.value.file or "").endswith("triage.prompt.j2")
    assert BASE.splitlines()[(caught.value.line or 0) - 1].endswith("{{ note }}")
    assert prompt.declaration.place_of("clarity.role").endswith("triage.prompt.j2")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "trage",
            r"kids\.prompt\.j2:2:10: trage cannot be extended: there is no prompt trage.*did you mean triage",
        ),
        ("triage@^2", r"triage@\^2 cannot be extended: triage@\^2 is wanted"),
        ("../triage", "is no prompt that can be extended"),
        ("triage@", "is no prompt that can be extended"),
        ("kids", r"kids cannot be extended: the way leads back: kids\.prompt\.j2 -> kids\.prompt\.j2"),
    ],
)
def test_what_cannot_be_extended_is_said_at_its_place(folder: Path, reference: str, message: str) -> None:
    (folder / "kids.prompt.j2").write_text(f"---\nextends: {reference}\n---\n")

    with pytest.raises(TemplateError, match=message):
        pk.library(folder).get("kids")


def test_a_circle_of_three_is_told_with_its_way(folder: Path) -> None:
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        (folder / f"{name}.prompt.j2").write_text(f"---\nextends: {base}\n---\n")

    with pytest.raises(
        PromptError, match=r"a\.prompt\.j2 -> b\.prompt\.j2 -> c\.prompt\.j2 -> a\.prompt\.j2"
    ):
        pk.library(folder).get("a")


def test_variants_of_variants_take_over_all(folder: Path, variant: Any) -> None:
    variant("clarity: {audience: A child.}\n")
    (folder / "teens.prompt.yaml").write_text("extends: kids\nclarity: {role: A teacher.}\n")

    system = pk.library(folder)["teens"].render(text="x").messages[0].text

    assert system.startswith("Role: A teacher.\nTask: Sort the message.\nAudience: A child.\n")


def test_tests_of_a_variant_may_name_rules_that_it_took_over(variant: Any) -> None:
    prompt = variant(
        "tests:\n  - {name: long, input: {text: a}, replies: [{kind: wish, reply: x}], expect: {violates: [reply.max_words]}}\n"
    )

    assert prompt.declaration.tests[0].expect["violates"] == ("reply.max_words",)


def test_a_single_file_extends_what_lies_in_its_folder(folder: Path, variant: Any) -> None:
    variant("clarity: {audience: A child.}\n")

    prompt = pk.load(folder / "kids.prompt.j2")

    assert "Audience: A child." in prompt.render(text="x").messages[0].text


def test_a_text_without_a_library_extends_nothing() -> None:
    from promptkit.authoring import read_text

    with pytest.raises(TemplateError, match="this text belongs to none"):
        read_text("---\nextends: triage\n---\n", file="x")


def test_a_frozen_variant_keeps_its_base(folder: Path, variant: Any) -> None:
    variant("version: 1.0.0\nclarity: {audience: A child.}\n")
    library = pk.library(folder)
    before = library["kids"].render(text="x").messages

    made = freeze(library, "kids")
    lock_library(library)
    (folder / "triage.prompt.j2").write_text(BASE.replace("Sort the message.", "Do it."))

    assert made.fragments == ("tone.md", "triage.prompt.j2")
    assert library["kids@1.0.0"].render(text="x").messages == before
    assert library["kids"].render(text="x").messages != before
    assert pk.library(folder, strict=True)["kids@1.0.0"].render(text="x").messages == before
    (folder / "kids.prompt.j2").rename(folder / "other.prompt.j2")
    with pytest.raises(LockError):
        pk.library(folder, strict=True).get("kids")


def test_strict_loading_refuses_a_base_that_changed(folder: Path, variant: Any) -> None:
    variant()
    lock_library(pk.library(folder))
    (folder / "triage.prompt.j2").write_text(BASE.replace("Sort the message.", "Do it."))

    with pytest.raises(LockError, match=r"includes another text than is locked in triage\.prompt\.j2"):
        pk.library(folder, strict=True).get("kids")


def test_an_example_that_was_taken_over_and_does_not_fit_points_to_its_own_file(
    folder: Path, variant: Any
) -> None:
    narrowed = "    kind(enum): [wish]\n    reply:\n      type: string\n      max_words: 20\n"
    prompt = variant(f"output:\n  schema:\n{narrowed}")

    with pytest.raises(TemplateError, match=r"triage\.prompt\.j2:26: example 1: .*kind"):
        prompt.check()
    (finding,) = pk.library(folder).check(["kids"]).faults
    assert finding.message.endswith("(in kids, which extends triage)")


def test_an_input_that_a_variant_adds_is_a_breach_and_no_fault_of_the_base(variant: Any) -> None:
    with pytest.raises(
        TemplateError, match=r"kids\.prompt\.j2:3: .* breaks its contract: input age is added"
    ):
        variant("input:\n  schema:\n    text: string\n    note?: string\n    age: integer\n")
    with pytest.raises(TemplateError, match=r"kids\.prompt\.j2:3: .* contract: input note is removed"):
        variant("input:\n  schema:\n    text: string\n")


def test_steps_are_replaced_as_a_whole_and_their_faults_point_to_the_variant(variant: Any) -> None:
    prompt = variant("clarity:\n  steps:\n    - Look.\n")

    assert "Steps:\n1. Look.\nText between" in prompt.render(text="x").messages[0].text
    with pytest.raises(TemplateError, match=r"kids\.prompt\.j2:5: .*nme"):
        variant("clarity:\n  steps:\n    - Look at {{ nme }}.\n").check()


def test_a_block_that_a_variant_took_over_and_does_not_print_is_told_of_in_the_variant(
    tmp_path: Path,
) -> None:
    (tmp_path / "base.prompt.j2").write_text("---\n\n\ncontext:\n  - {id: rules, text: Be kind.}\n---\n")
    (tmp_path / "own.prompt.j2").write_text("---\nextends: base\n---\n{% user %}Go.{% enduser %}")

    with pytest.raises(TemplateError, match="context.rules is declared but never printed") as caught:
        pk.library(tmp_path)["own"].check()
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "own.prompt.j2"), 2)
