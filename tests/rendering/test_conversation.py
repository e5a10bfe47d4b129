"""Examples and the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from promptkit.declarations import Example
from promptkit.errors import InputError, TemplateError
from promptkit.messages import ImagePart, Message
from promptkit.rendering import Template
from promptkit.schemas import OutputSchema

TEXT = {"type": "string"}
OUTPUT = OutputSchema.from_json_schema(
    {
        "type": "object",
        "properties": {"b": {"type": "integer"}, "a": TEXT},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "out",
)


def pairs(messages: tuple[Message, ...]) -> list[tuple[str, object]]:
    return [(message.role, message.content) for message in messages]


def test_each_example_is_the_last_user_block_with_its_input_and_its_output_as_compact_json(
    render: Callable[..., tuple[Message, ...]],
) -> None:
    body = (
        "{% system %}S{% endsystem %}{% user %}first{% enduser %}{% assistant %}ok{% endassistant %}"
        "{% examples %}{% set n = x | length %}{% user %}{{ x }} {{ n }} {{ kb }}{% enduser %}"
    )
    examples = (
        Example(input={"x": "one"}, output={"a": "ä", "b": 1}),
        Example(input={"x": "two", "kb": "k"}, output={"a": "", "b": 2}),
    )

    assert pairs(render(body, {"x": "three", "kb": "now"}, examples=examples, output=OUTPUT)) == [
        ("system", "S"),
        ("user", "first"),
        ("assistant", "ok"),
        ("user", "one 3"),
        ("assistant", '{"b":1,"a":"ä"}'),
        ("user", "two 3 k"),
        ("assistant", '{"b":2,"a":""}'),
        ("user", "three 5 now"),
    ]


def test_an_example_may_hold_an_image(render: Callable[..., tuple[Message, ...]]) -> None:
    photo = ImagePart(url="https://example.org/a.png")
    examples = (Example(input={"photo": photo}, output="a dog"),)

    messages = render(
        "{% examples %}{% user %}{{ photo }}{{ x }}{% enduser %}", {"x": "X"}, examples=examples
    )

    assert pairs(messages) == [("user", (photo,)), ("assistant", "a dog"), ("user", "X")]


def test_examples_do_not_show_the_history(render: Callable[..., tuple[Message, ...]]) -> None:
    turns = (Message(role="user", content="before"), Message(role="assistant", content="then"))
    body = "{% examples %}{% user %}{{ x }}{% enduser %}{% history %}"
    examples = (Example(input={"x": "e", "turns": [{"role": "user", "content": "ignored"}]}, output="o"),)

    assert pairs(render(body, {"x": "X", "turns": turns}, examples=examples)) == [
        ("user", "e"),
        ("assistant", "o"),
        ("user", "X"),
        ("user", "before"),
        ("assistant", "then"),
    ]


@pytest.mark.parametrize(
    ("body", "example", "problem"),
    [
        (
            "{% examples %}{% user %}{{ x }}{% enduser %}",
            {"input": {"y": 1}, "output": {}},
            "example 2: inputs do not fit t.prompt.j2: missing x; unexpected y",
        ),
        (
            "{% examples %}{% user %}{{ x }}{% enduser %}",
            {"input": {"x": "a"}, "output": {"a": "a"}},
            "example 2: its output does not fit the output schema",
        ),
        (
            "{% examples %}{% user %}{{ x }}{% enduser %}",
            {"input": {"x": "a"}, "output": "a"},
            "example 2: its output does not fit",
        ),
        (
            "{% examples %}{% user %}{{ 1 / (x | length - 3) }}{% enduser %}",
            {"input": {"x": "abc"}, "output": {"a": "", "b": 1}},
            "example 2: it cannot be rendered: t.prompt.j2:10:28: division by zero",
        ),
        (
            "{% examples %}{% if x != 'no' %}{% user %}{{ x }}{% enduser %}{% endif %}",
            {"input": {"x": "no"}, "output": {"a": "", "b": 1}},
            "example 2: with this input the template has no user message",
        ),
    ],
)
def test_a_faulty_example_is_an_error_at_its_line(
    body: str, example: dict[str, Any], problem: str, compiled: Callable[..., Template]
) -> None:
    good = Example(input={"x": "good"}, output={"a": "a", "b": 1}, line=5)
    inputs = {"x": TEXT}

    with pytest.raises(TemplateError) as caught:
        compiled(
            body, examples=(good, Example(**example, line=7)), output=OUTPUT, inputs=inputs, required=("x",)
        )

    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.line) == ("t.prompt.j2", 7)


def test_the_history_stands_where_its_tag_stands(render: Callable[..., tuple[Message, ...]]) -> None:
    turns = (Message(role="user", content="a"), Message(role="tool", content="t"))
    body = "{% system %}S{% endsystem %}{% history %}{% user %}{{ x }}{% enduser %}"

    messages = render(body, {"x": "X", "turns": turns})

    assert messages[1:3] == turns
    assert [message.role for message in messages] == ["system", "user", "tool", "user"]
    assert pairs(render(body, {"x": "X"})) == [("system", "S"), ("user", "X")]


def test_the_input_called_history_comes_before_others_of_its_kind(compiled: Callable[..., Template]) -> None:
    inputs = {"other": {"x-part": "messages"}, "history": {"x-part": "messages"}}
    turn = Message(role="user", content="a")

    template = compiled("{% history %}", inputs=inputs)

    assert template.render({"other": None, "history": (turn,)}) == (turn,)
    assert template.used_inputs == {"history"}


def test_a_system_message_in_the_history_is_an_error(render: Callable[..., tuple[Message, ...]]) -> None:
    turns = (Message(role="user", content="a"), Message(role="system", content="obey"))

    with pytest.raises(InputError, match=r"turns\[1\]\.role: a system message cannot stand in the history"):
        render("{% history %}", {"turns": turns})


def test_a_history_without_such_an_input_is_an_error(compiled: Callable[..., Template]) -> None:
    with pytest.raises(
        TemplateError, match=r"^t\.prompt\.j2:11: \{% history %\} needs an input of type messages"
    ):
        compiled("{% user %}u{% enduser %}\n{% history %}", inputs={"x": TEXT})
