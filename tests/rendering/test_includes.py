"""Files of the library in a prompt: includes, macros, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptkit.declarations import Clarity, ContextBlock, Declaration
from promptkit.errors import TemplateError
from promptkit.rendering import Source, Template, compile_template, undeclared_inputs
from promptkit.requests import OutputSpec
from promptkit.schemas import InputSchema, OutputSchema

FILES = {
    "tone": "Be {{ x }}.\n",
    "outer": "<{% include 'tone' %}>",
    "row": "{{ t }}={{ x }};",
    "macros": "{% macro hello(who) %}Hi {{ who }}{% endmacro %}{% set polite = 'please' %}",
    "sees": "{% macro hi() %}{{ x }}{% endmacro %}",
    "a": "{% include 'b' %}",
    "b": "one\n{% include 'a' %}",
    "self": "{% include 'self' %}",
    "zero": "ok\n\n{{ 1 / n }}",
    "typo": "\n{{ tickt }}",
    "broken": "\n{% if %}",
    "plain": "no templates here",
}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{% include 'tone' %}", "Be X."),
        ("{% include 'outer' %}", "<Be X.>"),
        ("{% for t in tags %}{% include 'row' %}{% endfor %}", "a=X;b=X;"),
        ("{% from 'macros' import hello, polite as p %}{{ hello(x) }} {{ p }}", "Hi X please"),
        ("{% import 'macros' as m %}{{ m.hello('you') }} {{ m.polite }}", "Hi you please"),
        ("{% from 'sees' import hi with context %}{{ hi() }}", "X"),
        ("{% include 'plain' without context %}", "no templates here"),
        ("{% include 'tone' %} {% include 'tone' %}", "Be X. Be X."),
    ],
)
def test_files_of_the_library_can_be_included_and_imported(
    content: str, expected: str, text: Callable[..., str]
) -> None:
    assert text(content, {"x": "X", "tags": ["a", "b"]}, files=FILES) == expected


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("\n{% include 'nope' %}", "t.prompt.j2:12", "there is no file nope"),
        ("{% include '../up' %}", "t.prompt.j2:11", "there is no file ../up"),
        ("{% include x %}", "t.prompt.j2:11", "the file must be named in the template itself"),
        ("{% include ['a', 'b'] %}", "t.prompt.j2:11", "the file must be named in the template itself"),
        ("{% include 'nope' ignore missing %}", "t.prompt.j2:11", "`ignore missing` would hide a mistake"),
        ("{% import x as m %}", "t.prompt.j2:11", "the file must be named in the template itself"),
        ("{% include 'a' %}", "lib/b.j2:2", "in a loop: lib/a.j2 -> lib/b.j2 -> lib/a.j2"),
        ("{% include 'self' %}", "lib/self.j2:1", "in a loop: lib/self.j2 -> lib/self.j2"),
        ("{% import 'a' as a %}", "lib/b.j2:2", "in a loop: lib/a.j2 -> lib/b.j2 -> lib/a.j2"),
        ("{% include 'zero' %}", "lib/zero.j2:3", "division by zero"),
        ("{% include 'typo' %}", "lib/typo.j2:2", "tickt is no input of this prompt (did you mean ticket?)"),
        ("{% include 'broken' %}", "lib/broken.j2:2", "Expected an expression"),
        (
            "{% include 'tone' without context %}",
            "lib/tone.j2:1",
            "x is an input, which a file imported without context",
        ),
        ("{% include 'row' %}", "lib/row.j2:1", "t is no input of this prompt"),
        (
            "{% import 'sees' as s %}",
            "lib/sees.j2:1",
            "pass it to the macro, or import the file `with context`",
        ),
        (
            "{% from 'macros' import helo %}",
            "t.prompt.j2:11",
            "the imported file sets no name helo (did you mean hello?)",
        ),
        (
            "{% import 'macros' as m %}\n{{ m.helo() }}",
            "t.prompt.j2:12",
            "the imported file sets no name helo (did you mean hello?)",
        ),
        (
            "{% import 'macros' as m %}\n{{ m }}",
            "t.prompt.j2:12",
            "a value of type TemplateModule cannot be printed",
        ),
        ("{% import 'macros' as m %}{{ m.hello(1, 2) }}", "t.prompt.j2:11", "takes not more than 1 argument"),
    ],
)
def test_a_fault_names_the_file_and_line_that_hold_it(
    content: str, place: str, problem: str, text: Callable[..., str]
) -> None:
    with pytest.raises(TemplateError) as caught:
        text(content, {"x": "X", "n": 0}, files=FILES)

    assert str(caught.value).startswith(f"{place}:")
    assert problem in caught.value.problem


def test_a_file_cannot_include_the_prompt_that_includes_it(text: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match=r"in a loop: lib/t\.j2 -> lib/tone\.j2 -> lib/t\.j2"):
        text("{% include 'tone' %}", files={"tone": "{% include 't' %}", "t": "x"}, file="lib/t.j2")


def test_a_fragment_of_context_cannot_print_sections(text: Callable[..., str]) -> None:
    files = {"policy": "\n{{ clarity }}"}

    with pytest.raises(TemplateError, match=r"^lib/policy\.j2:2:4: clarity is a section"):
        text("{{ context.policy }}", files=files, context=(ContextBlock(id="policy", include="policy"),))


def test_an_included_file_of_a_body_can_print_sections(text: Callable[..., str]) -> None:
    assert (
        text("{% include 'part' %}", files={"part": "{{ clarity }}"}, clarity=Clarity(task="T")) == "Task: T"
    )


@pytest.mark.parametrize(
    ("line", "expected"), [(1, "lib/f.j2:2:4: division by zero"), (5, "lib/f.j2:6:4: division by zero")]
)
def test_a_source_may_begin_below_the_first_line_of_its_file(line: int, expected: str) -> None:
    declaration = Declaration(name="t", body="{% user %}{% include 'f' %}{% enduser %}")

    template = compile_template(
        declaration,
        inputs=InputSchema.inferred([]),
        output=OutputSpec(schema=OutputSchema.text()),
        load=lambda name: Source("\n{{ 1 / 0 }}", f"lib/{name}.j2", line),
    )

    with pytest.raises(TemplateError) as caught:
        template.render({})

    assert str(caught.value).startswith(expected)


def undeclared(body: str, **declared: object) -> tuple[str, ...]:
    def load(name: str) -> Source:
        return Source(FILES[name], f"lib/{name}.j2")

    return undeclared_inputs(Declaration(name="t", file="t.j2", body=body, **declared), load)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{% user %}{{ b }} {{ a }} {{ b }}{% enduser %}", ("b", "a")),
        ("{% set c = z %}{% user %}{{ c }}{{ range(3) }}{% enduser %}", ("z",)),
        (
            "{% user %}{% for t in tags %}{{ t }}{{ loop.index }}{{ who }}{% endfor %}{% enduser %}",
            ("tags", "who"),
        ),
        ("{% user %}{{ q }}{% include 'outer' %}{{ r }}{% enduser %}", ("q", "x", "r")),
        ("{% user %}{% for t in tags %}{% include 'row' %}{% endfor %}{% enduser %}", ("tags", "x")),
        ("{% user %}{% if y is defined %}{{ y.a.b }}{% endif %}{% enduser %}", ("y",)),
        ("{% macro m(a) %}{{ a }}{{ g }}{% endmacro %}{% user %}{{ m(1) }}{% enduser %}", ("g",)),
        ("{% user %}plain{% enduser %}", ()),
        ("{% if not name %}{% set name = 'you' %}{% endif %}{% user %}{{ name }}{% enduser %}", ("name",)),
        ("{% set name = name | upper %}{% user %}{{ name }}{% enduser %}", ("name",)),
        ("{% if a %}{% set b = 1 %}{% endif %}{% user %}{% if a %}{{ b }}{% endif %}{% enduser %}", ("a",)),
        ("{% user %}{% for t in t %}{{ t }}{% endfor %}{% enduser %}", ("t",)),
    ],
)
def test_inputs_that_nobody_declared_are_read_from_the_body_in_order(
    body: str, expected: tuple[str, ...]
) -> None:
    assert undeclared(body) == expected


def test_undeclared_inputs_are_read_from_the_sections_too() -> None:
    found = undeclared(
        "{% user %}{{ u }}{{ clarity }}{% enduser %}",
        clarity=Clarity(role="{{ r }}", steps=("plain", "{{ s }}")),
        context=(ContextBlock(id="a", source="d.x"), ContextBlock(id="b", text="{{ t }}{{ u }}")),
    )

    assert found == ("u", "r", "s", "t", "d")


def test_a_reserved_name_cannot_become_an_input() -> None:
    with pytest.raises(
        TemplateError, match=r"^t\.j2:2: output is a reserved name; call the input something else"
    ):
        undeclared("{% user %}\n{{ output }}{% enduser %}")


def test_files_that_include_the_next_one_twice_are_read_once_and_stopped(text: Callable[..., str]) -> None:
    files = {f"f{n}": f"{{% include 'f{n + 1}' %}}{{% include 'f{n + 1}' %}}" for n in range(25)}
    files["f25"] = "{{ x }}"

    with pytest.raises(TemplateError, match=r"100,000 turns in one render, includes counted"):
        text("{% include 'f0' %}", {"x": "x"}, files=files)


def test_names_are_found_in_files_that_include_the_next_one_twice(compiled: Callable[..., Template]) -> None:
    files = {f"f{n}": f"{{% include 'f{n + 1}' %}}{{% include 'f{n + 1}' %}}" for n in range(25)}
    files["f25"] = "{{ xx }}"

    with pytest.raises(TemplateError, match=r"^lib/f25\.j2:1:4: xx is no input"):
        compiled("{% user %}{% include 'f0' %}{% enduser %}", files=files)
