"""A prompt with the signature of a function."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import PromptError

TEMPLATES = Path(__file__).parents[2] / "templates"
LIBRARY = pk.library(TEMPLATES)
Tone = Literal["friendly", "formal", "plain", "apologetic", "firm"]


class Rewritten(BaseModel):
    rewritten: str
    changed: list[str]


@LIBRARY.prompt("rewrite@^1")
def rewrite(text: str, tone: Tone, max_sentences: int = 3) -> Rewritten:
    """Say it differently."""
    raise NotImplementedError


REPLY = {"rewritten": "Please pay.", "changed": []}


def test_calling_it_gives_the_value_and_run_the_result() -> None:
    backend = MockBackend([REPLY, REPLY])
    typed = rewrite.using(backend)

    value = typed("Pay.", "formal")
    result = typed.run(text="Pay.", tone="formal", max_sentences=1)

    assert value == Rewritten(rewritten="Please pay.", changed=[])
    assert result.value == value
    assert "at most 3 sentences" in backend.requests[0].messages[0].text
    assert "at most 1 sentences" in backend.requests[1].messages[0].text


def test_the_other_calls_have_the_same_signature() -> None:
    async def both(typed: Any) -> Any:
        result = await typed.arun("Pay.", "formal")
        events = [event async for event in typed.astream("Pay.", "formal")]
        return result.value, events[-1].result.value

    typed = rewrite.using(MockBackend([REPLY] * 3), attempts=1)
    value = Rewritten(rewritten="Please pay.", changed=[])

    assert asyncio.run(both(typed)) == (value, value)
    assert list(typed.stream("Pay.", "formal"))[-1].result.value == value  # type: ignore[union-attr]
    assert typed.parse('{"rewritten":"x","changed":[]}', "Pay.", "formal").value.rewritten == "x"
    assert typed.render("Pay.", "formal").messages[-1].text.endswith("~~~")
    assert typed.__doc__ == "Say it differently."


def test_an_optional_input_may_have_a_default_of_its_plain_type(tmp_path: Path) -> None:
    (tmp_path / "a.prompt.j2").write_text(
        "---\ninput: {schema: {text: string, language?: string}}\n---\n{% user %}{{ language }}: {{ text }}{% enduser %}"
    )

    @pk.library(tmp_path).prompt("a")
    def ask(text: str, language: str = "en") -> str:
        raise NotImplementedError

    assert ask.render("hi").messages[0].text == "en: hi"


def test_the_decorator_without_a_name_says_how_to_write_it() -> None:
    with pytest.raises(PromptError, match=r"@library.prompt\('support/triage'\)"):
        LIBRARY.prompt(rewrite)  # type: ignore[arg-type]


def test_too_many_arguments_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="takes 3 inputs, 4 were given"):
        rewrite.render("a", "formal", 1, "x")  # type: ignore[call-arg]


def test_an_argument_given_twice_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="got two values for text"):
        rewrite.render("a", "formal", text="b")  # type: ignore[misc]


def declare_misspelt() -> Any:
    @LIBRARY.prompt("rewrite")
    def misspelt(txt: str, tone: Tone, max_sentences: int) -> Rewritten: ...  # type: ignore[empty-body]


def declare_wrong_type() -> Any:
    @LIBRARY.prompt("rewrite")
    def wrong(text: str, tone: Tone, max_sentences: str) -> Rewritten: ...  # type: ignore[empty-body]


def declare_wrong_choice() -> Any:
    @LIBRARY.prompt("rewrite")
    def wrong(text: str, tone: Literal["formal", "rude"], max_sentences: int) -> Rewritten: ...  # type: ignore[empty-body]


def declare_wrong_result() -> Any:
    class Other(BaseModel):
        text: str

    @LIBRARY.prompt("rewrite")
    def wrong(text: str, tone: Tone, max_sentences: int) -> Other: ...  # type: ignore[empty-body]


def declare_untyped() -> Any:
    @LIBRARY.prompt("rewrite")
    def untyped(text, tone: Tone, max_sentences: int) -> Rewritten: ...  # type: ignore[no-untyped-def, empty-body]


def declare_async() -> Any:
    @LIBRARY.prompt("rewrite")
    async def later(text: str, tone: Tone, max_sentences: int) -> Rewritten: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (declare_misspelt, "txt is no input of the prompt (did you mean text?)"),
        (declare_misspelt, "the input text is missing"),
        (declare_wrong_type, "max_sentences: the file says integer, the code says string"),
        (declare_wrong_choice, "the code says one of formal, rude"),
        (declare_wrong_result, "rewritten: the file has it, the code does not"),
        (declare_untyped, "text has no type"),
        (declare_async, "write def, and await later.arun(...)"),
    ],
)
def test_a_signature_that_does_not_fit_the_file_is_an_error_when_it_is_defined(
    declare: Any, said: str
) -> None:
    with pytest.raises(PromptError) as caught:
        declare()

    assert said in str(caught.value)
