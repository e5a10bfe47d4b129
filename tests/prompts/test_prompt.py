"""Prompt: what a user holds."""

from __future__ import annotations

import json
import pickle
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import (
    ConstraintViolated,
    InputError,
    PromptError,
    SchemaUnsupported,
    TemplateError,
    Unparseable,
)


class Ticket(BaseModel):
    subject: str
    body: str


class Triage(BaseModel):
    category: Literal["billing", "shipping", "technical", "account", "question"]
    sentiment: Literal["negative", "neutral", "positive"]
    urgency: Literal["low", "normal", "high"]
    order_id: str | None = None


class Strict(Triage):
    order_id: str | None = Field(...)


class Labelled(BaseModel):
    labels: list[str]
    text: str


class Wrong(BaseModel):
    category: Literal["billing", "login"]
    sentiment: str
    urgency: int


GOOD = {"category": "billing", "sentiment": "neutral", "urgency": "low", "order_id": None}
TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture
def library() -> pk.Library:
    return pk.library(TEMPLATES)


def test_the_files_own_schema_gives_an_instance_with_attributes(library: pk.Library) -> None:
    result = library["triage"].using(MockBackend([GOOD])).run(message="Hi")

    assert (result.value.category, result.value.order_id) == ("billing", None)
    assert [v.outcome for v in result.verdicts] == ["held"]


def test_a_type_of_the_users_own_is_what_comes_out(library: pk.Library) -> None:
    result = library.get("triage", output=Triage).using(MockBackend([GOOD])).run(message="Hi")

    assert result.value == Triage(**GOOD)  # type: ignore[arg-type]


def test_the_descriptions_of_the_file_are_said_whatever_the_type(library: pk.Library) -> None:
    plain, typed = library["triage"], library.get("triage", output=Triage)

    assert typed.render(message="Hi").messages == plain.render(message="Hi").messages


def test_a_type_that_disagrees_with_the_file_is_an_error_that_prints_the_difference(
    library: pk.Library,
) -> None:
    with pytest.raises(PromptError) as caught:
        library.get("triage", output=Wrong).check()

    said = str(caught.value)
    assert "category: the file says one of account, billing, question, shipping, technical" in said
    assert "the code says one of billing, login" in said
    assert (
        "urgency: the file says one of high, low, normal" in said or "urgency: the file says string" in said
    )
    assert "order_id: the file has it, the code does not" in said


def test_inputs_and_options_never_mix() -> None:
    prompt = pk.Prompt(template="{% user %}{{ attempts }} {{ backend }} {{ tags }}{% enduser %}")

    rendered = prompt.using("mock", attempts=3).render(attempts="a", backend="b", tags="c")

    assert rendered.messages[0].text == "a b c"


def test_using_returns_a_copy_and_keeps_what_is_left_out() -> None:
    prompt = pk.Prompt(template="{% user %}x{% enduser %}", generation={"temperature": 0.5, "max_tokens": 10})
    changed = prompt.using("mock", generation={"max_tokens": 20}).using(generation={"seed": 7})

    assert prompt.render().generation == pk.GenerationConfig(temperature=0.5, max_tokens=10)
    assert changed.render().generation == pk.GenerationConfig(temperature=0.5, max_tokens=20, seed=7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"attempts": 0}, "attempts is 0"),
        ({"attempts": 1.5}, "attempts is 1.5"),
        ({"deadline_s": "5"}, "deadline_s is '5'"),
        ({"deadline_s": 0}, "deadline_s is 0"),
        ({"backend": 5}, "5 is no backend"),
        ({"tags": "abc"}, "tags is 'abc'"),
        ({"tags": {"a": object()}}, "tags is"),
        ({"generation": {"temprature": 1}}, "did you mean temperature"),
    ],
)
def test_a_wrong_option_is_refused_at_once(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        pk.Prompt(template="{% user %}x{% enduser %}").using(**options)


def test_a_type_that_cannot_do_without_an_optional_field_is_told_to_give_it_a_default(
    library: pk.Library,
) -> None:
    with pytest.raises(
        PromptError, match=r"order_id: the file lets it be left out, .* `order_id: ... | None = None`"
    ):
        library.get("triage", output=Strict).check()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": "hot"}, "temperature is 'hot'; it must be a number"),
        ({"max_tokens": True}, "max_tokens is True; it must be a whole number"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"min_p": 1.5}, "min_p is 1.5"),
        ({"stop": "END"}, "stop is 'END'; it must be a list of texts"),
    ],
)
def test_a_wrong_generation_value_is_an_error_that_says_what_is_wanted(
    setting: dict[str, Any], said: str
) -> None:
    template = "{% user %}x{% enduser %}"

    with pytest.raises(InputError, match=said):
        pk.Prompt(template=template).using(generation=setting).render()
    with pytest.raises(TemplateError, match=said):
        pk.Prompt(template=template, generation=setting).render()


def test_a_templated_rule_is_said_the_same_way_in_prompt_verdict_and_reask() -> None:
    rule = pk.constraints.expr(
        "output in inputs.labels", say="The answer is one of {{ labels | join(', ') }}."
    )
    prompt = pk.Prompt(
        template="{% system %}{{ constraints }}{% endsystem %}{% user %}{{ text }}{% enduser %}",
        input=Labelled,
        constraints=[rule],
    )
    backend = MockBackend(["c", "a"])

    result = prompt.using(backend, attempts=2).run(labels=["a", "b"], text="x")

    said = "The answer is one of a, b."
    assert said in backend.requests[0].messages[0].text
    assert said in backend.requests[1].messages[-1].text
    assert result.verdicts[0].expected == said


def test_a_prompt_that_renders_to_no_message_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "a.prompt.j2").write_text(
        "---\ninput: {schema: {x?: string}}\n---\n{% if x %}{% user %}{{ x }}{% enduser %}{% endif %}"
    )
    backend = MockBackend(["never"])

    with pytest.raises(TemplateError, match="renders to no message"):
        pk.load(tmp_path / "a.prompt.j2").using(backend).run()

    assert backend.requests == []


def test_a_backend_that_cannot_give_the_output_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "a.prompt.j2").write_text(
        "---\noutput:\n  json_schema:\n    type: object\n    properties: {n: {type: integer, minimum: 3, maximum: 2}}\n"
        "    required: [n]\n---\n{% user %}x{% enduser %}"
    )

    with pytest.raises(SchemaUnsupported, match="llama:demo cannot give what the prompt asks for"):
        pk.load(tmp_path / "a.prompt.j2").using("llama:demo").run()


def test_an_optional_field_that_was_left_out_is_null_in_the_record(library: pk.Library) -> None:
    reply = '{"category":"billing","sentiment":"neutral","urgency":"low"}'

    result = library["triage"].using(MockBackend([reply])).run(message="Hi")

    assert result.record.output == {**GOOD, "order_id": None}


def test_parse_counts_no_tokens(library: pk.Library) -> None:
    assert library["triage"].parse(json.dumps(GOOD), message="Hi").usage is None


def test_everything_wrong_with_the_inputs_is_said_at_once(library: pk.Library) -> None:
    with pytest.raises(InputError) as caught:
        library["rewrite"].render(txt="x", tone="angry", max_sentences="3")

    said = str(caught.value)
    assert said.startswith("inputs do not fit rewrite@1.0.0: ")
    assert "missing text" in said
    assert "unexpected txt (did you mean text?)" in said
    assert {problem.path for problem in caught.value.problems} == {"text", "txt", "tone", "max_sentences"}


def test_parse_reads_a_text_without_a_call(library: pk.Library) -> None:
    prompt = library["triage"]

    assert prompt.parse(json.dumps(GOOD), message="Hi").value.category == "billing"
    with pytest.raises(Unparseable):
        prompt.parse("billing", message="Hi")
    with pytest.raises(ConstraintViolated, match="order_id"):
        prompt.parse(json.dumps({**GOOD, "order_id": "77"}), message="Hi")


def test_to_openai_gives_the_keyword_arguments_of_a_client(library: pk.Library) -> None:
    given = library["triage"].render(message="Where is A-1?").to_openai()

    assert [m["role"] for m in given["messages"]] == [
        "system", "user", "assistant", "user", "assistant", "user",
    ]  # fmt: skip
    schema = given["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["category", "sentiment", "urgency", "order_id"]
    assert given["temperature"] == 0
    assert "model" not in given
    json.dumps(given)


def test_a_prompt_in_python_needs_no_file() -> None:
    class Summary(BaseModel):
        text: str

    class Inputs(BaseModel):
        article: str

    prompt = pk.Prompt(
        clarity={"task": "Summarise the article.", "steps": ["Read it.", "Shorten it."]},
        context=[{"id": "article", "from": "article"}],
        constraints=[pk.constraints.max_words("text", 3)],
        input=Inputs,
        output=Summary,
        examples=[{"input": {"article": "Long."}, "output": {"text": "Short."}}],
    )

    system, shown, answer, user = prompt.render(article="It rained.").messages

    assert "Task: Summarise the article." in system.text
    assert "`text` has at most 3 words." in system.text
    assert (shown.text, answer.text) == ("~~~ article\nLong.\n~~~", '{"text":"Short."}')
    assert user.text == "~~~ article\nIt rained.\n~~~"
    result = prompt.using(MockBackend([{"text": "It rained today."}])).run(article="It rained.")
    assert result.value == Summary(text="It rained today.")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"clarity": {"taks": "x"}}, "unknown key taks (did you mean task?)"),
        ({"context": [{"id": "a", "form": "x"}]}, "unknown key form (did you mean from?)"),
        ({"attempts": 0}, "attempts is 0"),
        ({"context": [{"from": "x"}]}, "context: id missing"),
        ({"generation": {"temp": 1}}, "generation: unknown key temp"),
    ],
)
def test_a_wrong_part_of_a_prompt_in_python_is_named(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        pk.Prompt(**parts)

    assert said in str(caught.value)


def test_inputs_may_be_models_dataclasses_and_mappings_alike(tmp_path: Path) -> None:
    @dataclass
    class Letter:
        subject: str
        body: str

    (tmp_path / "a.prompt.j2").write_text(
        "---\ninput:\n  schema:\n    ticket(object):\n      subject: string\n      body: string\n---\n"
        "{% user %}{{ ticket.subject }}/{{ ticket.body }}{% enduser %}"
    )
    prompt = pk.load(tmp_path / "a.prompt.j2")

    for ticket in (Ticket(subject="s", body="b"), Letter("s", "b"), {"subject": "s", "body": "b"}):
        assert prompt.render(ticket=ticket).messages[0].text == "s/b"


def test_history_goes_where_the_template_says_and_the_result_is_the_next_history(library: pk.Library) -> None:
    answer = {"answered": True, "evidence": "Ann wrote it.", "answer": "Ann."}
    prompt = library["answer"].using(MockBackend([answer, answer]))
    passages = [{"id": "a", "text": "Ann wrote it."}]

    first = prompt.run(question="Who wrote it?", passages=passages)
    second = prompt.run(question="Who?", passages=passages, history=first.messages)

    assert [m.role for m in first.messages] == ["user", "assistant"]
    assert [m.role for m in second.messages] == ["user", "assistant", "user", "assistant"]
    assert second.messages[:2] == first.messages
    sent = second.record.request.messages
    assert [m["role"] for m in sent] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert sent[3:5] == tuple(m.to_dict() for m in first.messages)


def test_a_prompt_pickles_as_its_declaration() -> None:
    prompt = pk.Prompt(template="{% user %}{{ x }}{% enduser %}", output=Ticket).using(attempts=2)
    prompt.render(x="compiled")

    again: Any = pickle.loads(pickle.dumps(prompt))

    assert again.render(x="1").messages == prompt.render(x="1").messages
    assert again.contract.output.schema.python_type is Ticket


def test_many_threads_may_use_one_prompt(library: pk.Library) -> None:
    prompt = library["translate"]
    seen: list[str] = []

    def render(number: int) -> None:
        seen.extend(
            prompt.render(text=f"text {number}.{i}", language="German").messages[-1].text for i in range(50)
        )

    threads = [threading.Thread(target=render, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 200


def test_a_model_reference_resolves_only_in_named_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_schemas.py").write_text(
        "from pydantic import BaseModel\nclass Answer(BaseModel):\n    ok: bool\nclass Ask(BaseModel):\n    q: str\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "p.prompt.j2").write_text(
        "---\ninput: {model: 'shop_schemas:Ask'}\noutput: {model: 'shop_schemas:Answer'}\n---\n"
        "{% user %}{{ q }}{% enduser %}"
    )

    closed, opened = pk.library(tmp_path), pk.library(tmp_path, models=["shop_schemas"])

    with pytest.raises(TemplateError, match="not among the modules"):
        closed["p"].check()
    result = opened["p"].using(MockBackend(['{"ok":true}'])).run(q="Well?")
    assert type(result.value).__name__ == "Answer"
    (tmp_path / "q.prompt.j2").write_text(
        "---\noutput: {model: 'shop_schemas:Anser'}\n---\n{% user %}x{% enduser %}"
    )
    with pytest.raises(TemplateError, match="cannot be resolved"):
        opened["q"].check()


def test_the_plan_is_offline_and_names_the_backend(library: pk.Library) -> None:
    plan = library["triage"].using("openai:gpt-x").plan()

    assert plan.backend == "openai:gpt-x"
    assert plan.placements


def test_a_rule_that_is_to_be_judged_in_the_run_is_refused_rather_than_left_unjudged(tmp_path):
    path = tmp_path / "p.prompt.j2"
    path.write_text(
        "---\noutput:\n  schema:\n    a:\n      type: string\n      tone: calm\n      judge: judges/tone\n"
        "      when: run\n---\n"
    )

    with pytest.raises(
        TemplateError, match=r"p.prompt.j2:6: a.tone says when: run, which is not in this version"
    ):
        pk.load(path).check()


@pytest.mark.parametrize(
    ("template", "examples", "unchanging"),
    [
        ("{% system %}{{ clarity }}{% endsystem %}{% user %}{{ thing }}{% enduser %}", (), 1),
        ("{% system %}About {{ thing }}.{% endsystem %}{% user %}Go.{% enduser %}", (), 0),
        (
            "{% system %}{{ clarity }}{% endsystem %}{% examples %}{% user %}{{ thing }}{% enduser %}",
            [{"input": {"thing": "a"}, "output": "b"}],
            3,
        ),
        ("{% user %}Hi.{% enduser %}", (), 1),
    ],
)
def test_a_request_says_how_many_of_its_messages_never_change(template, examples, unchanging) -> None:
    backend = MockBackend(["x"])
    clarity = {"task": "Name it."} if "clarity" in template else None
    prompt = pk.Prompt(template=template, clarity=clarity, examples=examples).using(backend)

    prompt.run(**({"thing": "c"} if "thing" in template else {}))

    assert backend.requests[0].unchanging == unchanging
