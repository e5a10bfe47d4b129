"""Prompts that are built in Python: fields in the place of types, languages, and parts of the wrong kind."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import promptkit as pk
from promptkit.constraints import Constraint
from promptkit.errors import InputError, TemplateError

SORT: dict[str, Any] = {
    "name": "sort",
    "clarity": {"task": "Sort it."},
    "input": {"message": "string", "product(enum)": ["router", "camera"]},
    "output": {"kind(enum)": ["fault", "wish"], "why?": {"type": "string, the reason", "max_words": 3}},
}


def test_fields_stand_in_the_place_of_types() -> None:
    prompt = pk.Prompt(**SORT)

    result = prompt.parse('{"kind": "fault", "why": "It is dead."}', message="x", product="router")

    assert (result.value.kind, result.value.why) == ("fault", "It is dead.")
    assert [verdict.constraint for verdict in result.verdicts] == ["why.max_words"]
    with pytest.raises(InputError, match='product: "app" is not one of'):
        prompt.render(message="x", product="app")


def test_such_a_prompt_says_what_a_file_with_the_same_fields_says(tmp_path: Any) -> None:
    (tmp_path / "sort.prompt.j2").write_text(
        "---\nclarity:\n  task: Sort it.\ninput:\n  schema:\n    message: string\n"
        "    product(enum): [router, camera]\noutput:\n  schema:\n    kind(enum): [fault, wish]\n"
        "    why?:\n      type: string, the reason\n      max_words: 3\n---\n"
    )
    inputs = {"message": "x", "product": "router"}

    built = pk.Prompt(**SORT).render(**inputs)

    assert built.messages == pk.load(tmp_path / "sort.prompt.j2").render(**inputs).messages


def test_a_json_schema_gives_plain_data() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

    assert pk.Prompt(output=schema).parse('{"n": 3}').value == {"n": 3}


def test_rules_beside_fields_come_before_those_that_are_listed() -> None:
    prompt = pk.Prompt(**SORT, constraints=[pk.constraints.one_of("kind", ["fault"])])

    assert [constraint.id for constraint in prompt.declaration.constraints] == [
        "why.max_words",
        "kind.one_of",
    ]


def test_a_prompt_with_fields_pickles() -> None:
    prompt: Any = pickle.loads(pickle.dumps(pk.Prompt(**SORT)))

    assert prompt.parse('{"kind": "wish", "why": null}', message="x", product="camera").value.kind == "wish"


def test_a_language_is_spoken_throughout() -> None:
    prompt = pk.Prompt(**SORT, language="de", constraints=[pk.constraints.one_of("kind", ["fault"])])

    text = prompt.render(message="x", product="router").messages[0].text

    assert "Aufgabe: Sort it." in text
    assert "`why` hat höchstens 3 Wörter" in text
    assert '`kind` ist genau "fault".' in text
    assert pk.Prompt(language="en").declaration.wording is None


class Rhymes:
    kind = "rhymes"

    def sentence(self, subject: str) -> str:
        return f"{subject} rhymes."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"output": {"x": "strng"}}, "output: x has the unknown type 'strng' .did you mean string?"),
        ({"output": {"x": str}}, "<class 'str'> is no plain data. .* types are words, such as string"),
        ({"output": {}}, "p: output.schema has no fields"),
        ({"output": {3: "string"}}, "'3' cannot be the name of a field"),
        ({"output": {"x": {"type": "string", "max_word": 3}}}, "did you mean max_words?"),
        ({"output": {"schema": {"x": "string"}}}, "it is the fields themselves: output={'name': 'string'}"),
        ({"output": {"type": "object", "properties": {"x": {"type": "strin"}}}}, "strin is no type of JSON"),
        ({"output": "text"}, "output is 'text'; it is a type, .* leave it out for plain text"),
        ({"output": ["a", "b"]}, "output is .'a', 'b'.; it is a type"),
        ({"input": {"history": "string"}}, "input: history has a meaning of its own"),
        ({"input": {"schema": {"x": "string"}}}, "it is the fields themselves: input={'name': 'string'}"),
        ({"language": "dee"}, "no catalogue of the language 'dee' .did you mean de?"),
        ({"language": 3}, "language is 3; it is a text"),
        (
            {"language": "de", "constraints": [Constraint(path="", rule=Rhymes())]},
            "rhymes is a rule of your own, .* add `say:`",
        ),
        ({"version": "1.2"}, "'1.2' is no semantic version, .* write version='1.2.0'"),
        ({"attempts": "two"}, "attempts is 'two'; it is a whole number"),
        ({"clarity": "Sort it."}, "clarity is 'Sort it.'; give a mapping"),
        ({"context": {"from": "x"}}, "context is {'from': 'x'}; it is a list"),
        ({"context": ["x"]}, "context is 'x'; give a mapping"),
        (
            {"constraints": ["max_words: 3"]},
            r"constraints\[0\] is 'max_words: 3'; give what promptkit.constraints",
        ),
        ({"constraints": [pk.constraints.max_words("", 3)] * 2}, "two constraints are called max_words"),
        ({"examples": [("a", "b")]}, "examples is .'a', 'b'.; give a mapping"),
        ({"generation": 3}, "generation is 3; give a mapping"),
        ({"template": None}, "template is None; it is a text"),
    ],
)
def test_a_part_of_the_wrong_kind_is_told_when_the_prompt_is_built(parts: dict[str, Any], told: str) -> None:
    with pytest.raises(TemplateError, match=told.replace("?", r"\?")) as caught:
        pk.Prompt(**{"name": "p", **parts})

    assert str(caught.value).startswith("p: ")
