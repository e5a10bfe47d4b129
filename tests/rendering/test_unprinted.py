"""What is declared and never printed is a fault when the prompt is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptkit.constraints import max_words
from promptkit.declarations import Clarity, ContextBlock, Declaration, Example
from promptkit.errors import TemplateError
from promptkit.messages import Message
from promptkit.rendering import Source, Template, undeclared_inputs

USER = "{% user %}{{ x }}{% enduser %}"
CLARITY = Clarity(role="A clerk.")
TERMS = ContextBlock(id="terms", text="Terms.", line=5)
NOTE = ContextBlock(id="note", source="x", line=7)
EXAMPLE = Example(input={"x": "a"}, output="b", line=9)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (
            {"clarity": CLARITY, "lines": {"clarity": 3}},
            (
                "t.prompt.j2:3: clarity is declared but never printed by the template, so no model would see it; "
                "print it with {{ clarity }} in a role block, or leave it out of the file"
            ),
        ),
        ({"context": (TERMS,)}, "t.prompt.j2:5: context.terms is declared but never printed"),
        ({"context": (NOTE,)}, "t.prompt.j2:7: context.note is declared but never printed"),
        ({"constraints": (max_words("", 3),)}, "t.prompt.j2: constraints is declared but never printed"),
        ({"examples": (EXAMPLE,)}, "t.prompt.j2:9: examples is declared but never printed"),
        (
            {"clarity": CLARITY, "context": (TERMS, NOTE), "examples": (EXAMPLE,), "lines": {"clarity": 3}},
            "t.prompt.j2:3: clarity, context.terms, context.note, examples are declared but never printed",
        ),
    ],
)
def test_a_part_that_the_body_never_prints_is_a_fault(
    declared: dict[str, Any], message: str, compiled: Callable[..., Template]
) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(USER, **declared)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        "{% user %}{{ clarity }}{{ x }}{% enduser %}",
        "{% if n %}{% system %}{{ clarity }}{% endsystem %}{% endif %}{% user %}{{ x }}{% enduser %}",
        "{% user %}{% include 'said' %}{{ x }}{% enduser %}",
        "{% macro m() %}{{ clarity }}{% endmacro %}{% user %}{{ m() }}{{ x }}{% enduser %}",
    ],
)
def test_what_an_include_a_macro_or_a_branch_prints_counts(
    body: str, render: Callable[..., tuple[Message, ...]]
) -> None:
    messages = render(body, {"x": "hi"}, clarity=CLARITY, files={"said": "{{ clarity }}"})

    assert messages[-1].text.endswith("hi")


def test_context_alone_prints_texts_and_no_sources(compiled: Callable[..., Template]) -> None:
    body = "{% user %}{{ context }}{{ x }}{% enduser %}"

    with pytest.raises(TemplateError, match=r"^t\.prompt\.j2:7: context\.note is declared"):
        compiled(body, context=(TERMS, NOTE))


def test_the_standard_layout_prints_all(render: Callable[..., tuple[Message, ...]]) -> None:
    messages = render("", {"x": "q"}, clarity=CLARITY, context=(TERMS, NOTE), examples=(EXAMPLE,))

    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("name", ["caller", "kwargs", "varargs"])
def test_names_that_jinja_gives_macros_are_reserved(name: str) -> None:
    declaration = Declaration(name="t", body=f"{{% user %}}{{{{ {name} }}}}{{% enduser %}}")

    with pytest.raises(TemplateError, match=f"{name} is a reserved name; call the input something else"):
        undeclared_inputs(declaration, Source)
