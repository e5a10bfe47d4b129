from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.models import LoadedModel, ModelKey
from promptkit.backends.llama.outputs import compile_output, decide
from promptkit.completions import Enforcement
from promptkit.constraints import Constraint, Excerpt, Form, Path, QuotedFrom, Scope, Whole, Without, parse
from promptkit.errors import GrammarInvalid
from promptkit.requests import GenerationConfig, OutputSpec
from promptkit.schemas import OutputSchema

TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Allowing:
    """A rule that a decoder can follow; what it allows is given."""

    allowed: Form
    kind: str = "allowing"

    def sentence(self, subject: str) -> str:
        return f"{subject} is as it must be."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        return self.allowed


def spec_of(*forms, schema=None, **more):
    """An output of one string ``a``, or of the given schema; ``forms`` are pairs of path and form."""
    whole = {"type": "object", "properties": {"a": schema or TEXT}, "required": ["a"]}
    output = OutputSchema.text() if schema == "text" else OutputSchema.from_json_schema(whole, "answer")
    constraints = [
        Constraint(path=path, rule=Allowing(form), id=str(number))
        for number, (path, form) in enumerate(forms)
    ]
    return OutputSpec(schema=output, constraints=constraints, **more)


def answer(text):
    return json.dumps({"a": text}, ensure_ascii=False, separators=(",", ":"))


SOURCE = 'One "two" three\\four.\n\nFünf\u00a0six 😀 7\x00eight\x7f; 日本語'
PASSAGES = [
    'One "two"',
    '"two',
    "three\\four",
    ".\n\nFünf",
    "Fünf\u00a0six",
    "😀 7\x00eight\x7f;",
    "本",
    SOURCE,
]
NO_PASSAGES = [
    "",
    " ",
    "\n\n",
    "ne",
    "One two",
    "one",
    "four.\nFünf",
    "Funf",
    "日語",
    SOURCE + ".",
    "n",
    "\\n",
]


@pytest.mark.parametrize("text", PASSAGES)
def test_a_passage_of_the_source_can_be_quoted_and_the_check_takes_it(takes, text):
    grammar = compile_output(spec_of(("a", Excerpt((SOURCE,)))))

    assert takes(grammar.text, answer(text).replace("\x7f", "\\u007f"))
    scope = Scope(output=None, inputs={"s": SOURCE})
    assert QuotedFrom("s").fault(text, scope) is None


@pytest.mark.parametrize("text", NO_PASSAGES)
def test_nothing_else_can_be_quoted(takes, text):
    grammar = compile_output(spec_of(("a", Excerpt((SOURCE,)))))

    assert not takes(grammar.text, answer(text))


def test_passages_of_several_sources_do_not_run_into_one_another(takes):
    grammar = compile_output(spec_of(("a", Excerpt(("one two", "three", "half \ud800 pair")))))

    assert takes(grammar.text, answer("two"))
    assert takes(grammar.text, answer("three"))
    assert takes(grammar.text, answer(" pair"))
    assert not takes(grammar.text, answer("twothree"))
    assert not takes(grammar.text, answer("two\uffffthree"))


def test_half_an_escape_is_no_passage(takes):
    grammar = compile_output(spec_of(("a", Excerpt(("a\nb",)))))

    assert takes(grammar.text, '{"a":"a\\nb"}')
    assert not takes(grammar.text, '{"a":"nb"}')
    assert not takes(grammar.text, '{"a":"a\\"}')


def test_a_long_source_is_followed_too(takes):
    words = [f"word{number}" for number in range(20_000)]
    grammar = compile_output(spec_of(("a", Excerpt((" ".join(words),)))))

    assert len(" ".join(words)) > 160_000
    assert takes(grammar.text, answer(" ".join(words[12_000:12_050])))
    assert not takes(grammar.text, answer("word12000 word12002"))


@pytest.mark.parametrize("texts", [(), ("",), (" \n\t",)])
def test_an_empty_source_is_an_error_before_anything_is_decoded(texts):
    with pytest.raises(GrammarInvalid, match="the source that it is to be quoted from is empty; give inputs"):
        compile_output(spec_of(("a", Excerpt(texts))))


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({**TEXT, "maxLength": 2}, "no word of the source has at most 2"),
        ({"enum": ["fours"]}, "no text fits"),
    ],
)
def test_a_source_without_a_passage_that_the_field_takes_is_an_error(schema, reason):
    with pytest.raises(GrammarInvalid, match=reason):
        compile_output(spec_of(("a", Excerpt(("four four",))), schema=schema))


@pytest.mark.parametrize(
    ("schema", "path", "written"),
    [
        ({"type": ["string", "null"]}, "a", None),
        ({"type": "array", "items": TEXT}, "a[]", []),
        ({"type": "object", "properties": {"q": TEXT}, "additionalProperties": False}, "a.q", {}),
    ],
)
def test_null_or_nothing_is_written_where_no_passage_can_be(takes, schema, path, written):
    grammar = compile_output(spec_of((path, Excerpt(("",))), schema=schema))

    assert takes(grammar.text, answer(written))
    assert not takes(grammar.text, answer("x"))


def test_rules_on_one_string_hold_together(takes):
    forms = [("a", Whole("Dear .*")), ("a", Without(("promise",))), ("a", Whole(r"[\s\S]*[.!]"))]
    grammar = compile_output(spec_of(*forms, schema={**TEXT, "maxLength": 20}))

    assert takes(grammar.text, answer("Dear Ann, hello."))
    assert not takes(grammar.text, answer("Dear Ann, hello"))
    assert not takes(grammar.text, answer("Hello Ann."))
    assert not takes(grammar.text, answer("Dear Ann: Promise!"))
    assert not takes(grammar.text, answer("Dear Ann, how are you."))


def test_a_plain_text_is_masked_as_it_is_written(takes):
    grammar = compile_output(spec_of(("", Whole('"\\\\\n[\\s\\S]*')), ("", Without(("no",))), schema="text"))

    assert not grammar.is_json
    assert takes(grammar.text, '"\\\nyes\x00')
    assert not takes(grammar.text, '"\\\nso, no')


def test_a_plain_text_without_rules_to_follow_is_not_masked():
    assert compile_output(spec_of(schema="text")) is None
    assert compile_output(spec_of(("", Whole("(?=a)b")), schema="text")) is None


def test_without_forms_the_grammar_is_the_schemas():
    spec = spec_of()

    assert compile_output(spec).text == compile_output(spec_of(("a", Whole("(?=x)y")))).text


@pytest.mark.parametrize(
    ("forms", "reasons"),
    [
        ([("a", Whole("x+")), ("a", Without(("x x",)))], [None, None]),
        ([("a", Whole("(?=x)y")), ("a", Whole("x"))], ["look-around", None]),
        ([("a", Whole("Dear")), ("a", Whole("Hello"))], [None, "no text fits all"]),
        ([("a", Without(("x",))), ("a", Excerpt(None))], ["a quotation cannot be combined", None]),
        ([("a", Whole("[a ]{0,999}")), ("a", Whole("(?:a ){0,999}"))], [None, "two long counts"]),
        ([("b", Whole("x")), ("a", Whole("x"))], ["declares no b", None]),
    ],
)
def test_a_form_that_is_not_followed_has_a_reason(forms, reasons):
    found = decide(spec_of(*forms)).reasons

    assert [reason is None for reason in found] == [reason is None for reason in reasons]
    assert all(
        expected is None or expected in reason for reason, expected in zip(found, reasons, strict=True)
    )


def test_the_source_makes_no_difference_to_what_is_decided():
    plans = [
        decide(spec_of(("a", Without(("x",))), ("a", Excerpt(texts)))) for texts in (None, ("x",), ("",))
    ]

    assert plans[0] == plans[1] == plans[2]


def test_enforce_off_follows_nothing():
    spec = spec_of(("a", Whole("x")), enforce="off")

    assert decide(spec).reasons == ()
    assert compile_output(spec) is None


@pytest.fixture(scope="module")
def model(tiny):
    made = LoadedModel(ModelKey(tiny, None, 1), threads=1)
    yield made
    made.free()


def test_grammars_of_sources_do_not_push_others_out(model):
    lasting = compile_output(spec_of(("a", Whole("x+"))))
    model.masks.masks(lasting)
    for number in range(100):
        model.masks.masks(compile_output(spec_of(("a", Excerpt((f"source {number}",))))))

    assert lasting.text in model.masks._made
    assert len(model.masks._fleeting) <= 4


def test_the_plan_says_where_each_rule_is():
    forms = [("a", Whole("x+")), ("a", Whole("(?=x)y"))]
    plan = LlamaBackend("/nowhere/model.gguf").plan(spec_of(*forms), GenerationConfig())

    rules = [(it.where, it.note) for it in plan.placements if it.rule == "allowing"]

    assert rules == [
        (Enforcement.GRAMMAR, ""),
        (Enforcement.CHECK, "the pattern has look-around or flags other than i"),
    ]


@dataclass(frozen=True, slots=True)
class Judged(Allowing):
    """A rule that only a judge can decide."""

    judge: str = "judges/tone"


@dataclass(frozen=True, slots=True)
class Reading(Allowing):
    """A rule that reads an input."""

    def reads(self) -> tuple[Path, ...]:
        return (parse("ticket"),)


@pytest.mark.parametrize(
    ("rule", "inputs", "where", "note"),
    [
        (Judged(Whole("(?=x)")), None, Enforcement.PROMPT, "only a judge can tell"),
        (Reading(Excerpt(None)), None, Enforcement.GRAMMAR, "once the inputs are known"),
        (Reading(Excerpt(("x",))), {"ticket": "x"}, Enforcement.GRAMMAR, ""),
    ],
)
def test_a_placement_notes_what_the_rule_waits_for(rule, inputs, where, note):
    whole = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
    spec = OutputSpec(
        schema=OutputSchema.from_json_schema(whole, "answer"),
        constraints=[Constraint(path="a", rule=rule)],
        inputs=inputs,
    )

    plan = LlamaBackend("/nowhere/model.gguf").plan(spec, GenerationConfig())

    assert [(it.where, it.note) for it in plan.placements if it.rule == "allowing"] == [(where, note)]


def test_a_request_is_decoded_under_its_rules(backend, ask):
    request = ask(
        "x", schema=spec_of().schema.json_schema, constraints=spec_of(("a", Whole("[xy]{3}"))).constraints
    )

    completion = backend.complete(request)

    assert set(json.loads(completion.text)["a"]) <= {"x", "y"}
