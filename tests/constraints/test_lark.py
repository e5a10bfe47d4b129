"""The rule grammar: what it takes, what it finds, and what becomes of it where nothing can check it."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from promptkit.authoring import read_text
from promptkit.constraints import Derived, Grammar, Scope, grammar
from promptkit.constraints import lark as lark_module
from promptkit.errors import TemplateError
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema

SUM = 'start: NUMBER ("+" NUMBER)*\nNUMBER: /[0-9]+/\n%ignore / +/\n'
NESTED = 'start: "(" start* ")"'
NOWHERE = Scope(output=None, inputs={})


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """llguidance cannot be imported."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name == "llguidance":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    lark_module._engine.cache_clear()
    yield
    lark_module._engine.cache_clear()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (SUM, "1"),
        (SUM, "12 + 3 +  4"),
        (NESTED, "(()(()))"),
        ('start: "é" /[ß-ÿ]/ "日"', "éü日"),
        ('start: "<a>" /<b>/ "//" // <c>', "<a><b>//"),
        ('start: %json {"type": "integer"}', "12"),
    ],
)
def test_a_text_that_the_grammar_derives_holds(text: str, value: str) -> None:
    assert Grammar(text).fault(value, NOWHERE) is None


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        (SUM, "12 + x", 'it goes wrong at character 6: "x"'),
        (SUM, "12 +", 'it ends too early: "12 +"'),
        (SUM, "", 'it ends too early: ""'),
        (NESTED, "(()", 'it ends too early: "(()"'),
        (NESTED, "()()", 'it goes wrong at character 3: "()"'),
        ('start: "é" "日"', "é本x", 'it goes wrong at character 2: "本x"'),
        (SUM, 5, "an integer"),
        (SUM, "1" * 100_001, "a text of 100001 characters, more than the 100000 that are checked"),
    ],
)
def test_what_is_found_says_where(text: str, value: Any, found: str) -> None:
    assert Grammar(text).fault(value, NOWHERE) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('start: "a" | d\n', 'grammar is wrong in its line 1, column 8: unknown name: "d"'),
        ('start: "a"\n\nb: "c" (\n', "grammar is wrong in its line 3, column 9: Expected token"),
        ("start: /(?=a)b/", "grammar is wrong in its line 1, column 8: invalid regex"),
        ('starts: "a"', "grammar is wrong: no start rule found"),
        ("", "grammar is wrong: Empty grammar"),
        ("start: <|im_end|>", r"grammar names the token <\|im_end\|>, which only some models have"),
        ("start: <[5]>", r"grammar names the token <\[5\]>"),
        ("start: /a/\n" * 2_000, "grammar has 22,000 characters; at most 20,000 are allowed"),
    ],
)
def test_a_wrong_grammar_is_told_by_its_own_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Grammar(text)


def test_a_wrong_grammar_in_a_file_is_an_error_of_the_file_at_its_line() -> None:
    file = "---\noutput: text\nconstraints:\n  - grammar: |\n      start: a\n      b: /x/\n---\n"

    with pytest.raises(
        TemplateError, match='grammar is wrong in its line 1, column 8: unknown name: "a"'
    ) as told:
        read_text(file, file="p.prompt.j2")

    assert (told.value.file, told.value.line) == ("p.prompt.j2", 4)


def test_a_grammar_that_is_no_text_is_refused_with_an_example() -> None:
    with pytest.raises(
        ValueError, match=r"grammar takes a grammar in Lark's notation as a text, as in grammar: "
    ):
        Grammar.from_argument(["start"])


def test_a_decoder_is_given_the_grammar_itself() -> None:
    spec = OutputSpec(schema=OutputSchema.text(), constraints=[grammar("", SUM)])

    ((_, form),) = spec.forms

    assert form == Derived(SUM)


@pytest.mark.usefixtures("without_engine")
def test_without_the_engine_the_rule_is_said_and_its_verdict_is_unchecked() -> None:
    rule = grammar("", "start: no sense")

    verdict = rule.check("1 + 2", {})

    assert verdict.outcome == "unchecked"
    assert verdict.got is not None
    assert verdict.got.startswith("llguidance is not installed")
    assert rule.sentence().startswith("The answer is a text of this grammar in Lark's notation:\n")
