"""output.reasoning: thoughts first, then the answer, from the file to the record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.authoring import read_text
from promptkit.backends import MockBackend
from promptkit.backends.dialects.openai_chat import OPENAI, plan
from promptkit.completions import Completion, Enforcement
from promptkit.errors import TemplateError
from promptkit.prompts import Prompt
from promptkit.requests import OutputSpec, Request, refusal, think_first

FILE = """\
output:
  reasoning: {reasoning}
  schema:
    kind(enum): [bill, other]
    reply:
      type: string
      never_says: [refund]
attempts: 2
---
{{% user %}}{{{{ output_format }}}} {{{{ constraints }}}} {{{{ text }}}}{{% enduser %}}
"""
THOUGHT = 'It names a bill.\nAnswer:\n{"kind":"bill","reply":"ok"}'


class Kind(BaseModel):
    kind: str


def prompt_of(reasoning: Any = "true", file: str = FILE) -> Prompt[Any]:
    return Prompt.declared(read_text(f"---\n{file.format(reasoning=reasoning)}", file="p.prompt.j2"))


def answered(text: str) -> Completion:
    return Completion(text=text, finish_reason="stop", model="mock")


@pytest.mark.parametrize(("said", "bound"), [("true", 512), ("false", 0), ("300", 300)])
def test_a_file_says_whether_and_how_long_the_model_thinks(said: str, bound: int) -> None:
    assert prompt_of(said).render(text="x").output.reasoning == bound


def test_another_way_to_enforce_leaves_the_reasoning() -> None:
    assert prompt_of().using(enforce="off").render(text="x").output.reasoning == 512


@pytest.mark.parametrize("said", ["maybe", "0", "-3", "1.5", "[1]", "~"])
def test_a_wrong_reasoning_is_told_with_its_line(said: str) -> None:
    with pytest.raises(
        TemplateError, match=r"output\.reasoning is .*; it is true, false, or the most tokens"
    ) as told:
        prompt_of(said)

    assert told.value.line == 3


def test_the_prompt_asks_for_thoughts_before_it_says_the_form_of_the_answer() -> None:
    text = prompt_of().render(text="x").messages[-1].text

    assert f"{think_first()}\nAnswer with one JSON object and nothing else." in text
    assert think_first().startswith("Think before you answer.")
    assert think_first() not in prompt_of("false").render(text="x").messages[-1].text


def test_a_body_that_never_asks_for_thoughts_is_refused_at_load() -> None:
    silent = FILE.replace("{{{{ output_format }}}} ", "")

    with pytest.raises(TemplateError, match=r"output_format is declared but never printed") as told:
        prompt_of(file=silent).check()

    assert told.value.line == 2
    prompt_of("false", silent).check()


def test_thoughts_in_the_text_are_taken_apart_and_recorded() -> None:
    result = prompt_of().using(MockBackend([THOUGHT])).run(text="x")

    assert result.value.kind == "bill"
    assert result.messages[-1].text == '{"kind":"bill","reply":"ok"}'
    completion = result.attempts[0].completion
    assert completion is not None
    assert completion.reasoning == "It names a bill."


def test_text_is_read_as_it_is_where_nothing_is_to_be_thought() -> None:
    strict = prompt_of("false").using(MockBackend([THOUGHT]), attempts=1, repair="off")

    with pytest.raises(pk.errors.Unparseable):
        strict.run(text="x")


def test_thoughts_that_nobody_asked_for_are_left_out_with_a_receipt() -> None:
    result = prompt_of("false").using(MockBackend([THOUGHT]), attempts=1).run(text="x")

    assert result.value.kind == "bill"
    assert [repair.rule for repair in result.repairs] == ["prose"]


def test_a_question_about_some_fields_asks_for_thoughts_again() -> None:
    bad = THOUGHT.replace("ok", "a refund")
    backend = MockBackend([bad, 'Say less.\nAnswer:\n{"reply":"ok"}'])

    result = prompt_of().using(backend).run(text="x")

    assert result.value.reply == "ok"
    asked = result.attempts[1].messages[-1]["content"]
    assert f"{think_first()}\nAnswer with one JSON object and nothing else." in asked


def test_text_outputs_may_be_thought_about_too() -> None:
    file = "output:\n  schema: text\n  reasoning: true\n"
    prompt: Prompt[Any] = Prompt.declared(read_text(f"---\n{file}---\n", file="p.prompt.j2"))

    assert prompt.using(MockBackend(["Hm.\nAnswer:\nYes"])).run().value == "Yes"
    with pytest.raises(TemplateError, match="output.schema is 'text'"):
        read_text("---\noutput:\n  schema: text\n---\n", file="p.prompt.j2")


def test_a_prompt_in_python_takes_it_too() -> None:
    template = "{% user %}{{ output_format }}{% enduser %}"

    assert pk.Prompt(template=template, output=Kind, reasoning=True).render().output.reasoning == 512
    assert pk.Prompt(template=template, output=Kind, reasoning=64).render().output.reasoning == 64
    with pytest.raises(TemplateError, match="reasoning is 0; it is true, false"):
        pk.Prompt(template=template, output=Kind, reasoning=0)


def test_examples_show_the_line_and_their_thoughts() -> None:
    examples = (
        "examples:\n"
        "  - {{input: {{text: a}}, reasoning: It names a bill., output: {{kind: bill, reply: a}}}}\n"
        "  - {{input: {{text: b}}, output: {{kind: other, reply: b}}}}\n"
    )
    body = "---\n{{% system %}}{{{{ output_format }}}} {{{{ constraints }}}}{{% endsystem %}}{{% examples %}}{{% user %}}"
    body += "{{{{ text }}}}{{% enduser %}}\n"
    file = FILE.partition("---\n")[0] + examples + body

    shown = [message.text for message in prompt_of(file=file).render(text="x").messages[1:-1]]

    assert shown[1] == 'It names a bill.\n\nAnswer:\n{"kind":"bill","reply":"a"}'
    assert shown[3] == 'Answer:\n{"kind":"other","reply":"b"}'
    with pytest.raises(TemplateError, match="example 1: it has reasoning, and the output has none"):
        prompt_of("false", file).render(text="x")


def test_reasoning_shapes_the_answer_and_so_the_fingerprint() -> None:
    rendered = prompt_of().render(text="x")
    request = Request(
        messages=rendered.messages,
        output=rendered.output,
        generation=rendered.generation,
        prompt=rendered.prompt,
    )

    def of(reasoning: int) -> str:
        spec = rendered.output
        other = OutputSpec(schema=spec.schema, constraints=spec.constraints, reasoning=reasoning)
        return replace(request, output=other).fingerprint()

    assert request.fingerprint() == of(512)
    assert len({of(0), of(100), of(512)}) == 3


def test_the_plan_says_what_becomes_of_reasoning_and_require_asks_nothing_for_it() -> None:
    schema = prompt_of().render(text="x").output.schema
    spec = OutputSpec(schema=schema, reasoning=100, enforce="require")

    made = plan(spec, OPENAI, "openai:m")

    assert made.where("", "reasoning") is Enforcement.PROMPT
    assert made.placements[0].note.startswith("said in the prompt; taken from reasoning_content")
    backend = MockBackend([])
    assert refusal(made, spec, backend.capabilities) is None
    assert backend.plan(spec, pk.GenerationConfig()).where("", "reasoning") is Enforcement.PROMPT
    without = plan(OutputSpec(schema=schema), OPENAI, "openai:m")
    assert all(placement.rule != "reasoning" for placement in without.placements)
