"""What ``{{ x }}`` prints for each kind of value."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from promptkit.declarations import ContextBlock
from promptkit.errors import TemplateError
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart

PHOTO = ImagePart(url="https://example.org/a.png")
FILE = DocumentPart(data=b"%PDF")


class Size(enum.Enum):
    BIG = "big"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (2.5, "2.5"),
        ("", ""),
        ([], ""),
        ({}, ""),
        (["a", "b c"], "- a\n- b c"),
        (["two\nlines", ""], "- two\nlines\n-"),
        ({"subject": "Offline", "body": "I need\nit."}, "subject: Offline\nbody:\nI need\nit."),
        ({"a": None, "b": 1}, "b: 1"),
        ({"a": "", "b": []}, "a:\nb:"),
        ({"tags": ["x", "y"], "n": 1}, "tags:\n  - x\n  - y\nn: 1"),
        ({"who": {"name": "Ada", "age": 3}}, "who:\n  name: Ada\n  age: 3"),
        ([{"doc": "a", "text": "T"}, {"doc": "b"}], "- doc: a\n  text: T\n- doc: b"),
        ([["a", "b"], ["c"]], "-\n  - a\n  - b\n-\n  - c"),
        (("a", 1), "- a\n- 1"),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Size.BIG, "big"),
        ({"size": Size.BIG}, "size: big"),
        (TextPart(text="said"), "said"),
    ],
)
def test_a_value_prints_as_plain_text_and_never_as_a_python_repr(
    value: Any, expected: str, text: Callable[..., str]
) -> None:
    assert text("[{{ x }}]", {"x": value}) == f"[{expected}]"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("kb", ""),
        ("kb | default('none')", "none"),
        ("[ticket.items(), n] | json", '[[["subject", "S"], ["body", "B\'ä"]], 3]'),
        ("'a' and 2.0 * 3", "6.0"),
        ("x | default('none')", "X y"),
        ("'' | default('none', true)", "none"),
        ("ticket | json", '{"subject": "S", "body": "B\'ä"}'),
        ("tags | tojson(indent=2)", '[\n  "a",\n  "b"\n]'),
        ("tags | map('upper') | json", '["A", "B"]'),
        ("x | upper", "X Y"),
        ("ticket | upper", "SUBJECT: S\nBODY: B'Ä"),
        ("x | replace('X', 'Z')", "Z y"),
        ("tags | join(', ')", "a, b"),
        ("'a\nb' | indent(2)", "a\n  b"),
        ("'a\n\nb' | indent('> ', first=true, blank=true)", "> a\n> \n> b"),
        ("x | length", "3"),
        ("'%s' | trim('%')", "s"),
        ("'one two three' | truncate(8, leeway=0)", "one..."),
        ("'aaa bbb' | wordwrap(3)", "aaa\nbbb"),
        ("n * 2 + 1", "7"),
        ("'ab' * 2 + 'c'", "ababc"),
        ("2 ** 10 % 1000", "24"),
        ("tags + ['c']", "- a\n- b\n- c"),
        ("x ~ n ~ kb ~ tags", "X y3- a\n- b"),
        ("tags | first", "a"),
        ("ticket.subject.lower()", "s"),
        ("ticket['subject']", "S"),
        ("ticket.get('nothing', 'else')", "else"),
        ("tags[-1]", "b"),
        ("x[0:1]", "X"),
        ("range(3)", "- 0\n- 1\n- 2"),
        ("namespace(a=1).a", "1"),
    ],
)
def test_expressions_and_filters(expression: str, expected: str, text: Callable[..., str]) -> None:
    values = {"x": "X y", "n": 3, "tags": ["a", "b"], "ticket": {"subject": "S", "body": "B'ä"}}

    assert text(f"[{{{{ {expression} }}}}]", values) == f"[{expected}]"


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "pop"])
def test_a_key_of_the_data_comes_before_a_method(name: str, text: Callable[..., str]) -> None:
    assert text(f"{{{{ x.{name} }}}} {{{{ x['{name}'] }}}}", {"x": {name: "data"}}) == "data data"


def test_json_takes_what_printing_takes(text: Callable[..., str]) -> None:
    value = {"day": dt.date(2026, 1, 31), "more": MappingProxyType({"a": (1, None)})}

    assert text("{{ x | json }}", {"x": value}) == '{"day": "2026-01-31", "more": {"a": [1, null]}}'


def test_the_result_of_a_macro_inside_a_list_keeps_its_text(text: Callable[..., str]) -> None:
    assert text("{% macro m(v) %} {{ v }} {% endmacro %}{{ [m(x), none] }}", {"x": "X"}) == "-  X \n-"


def test_methods_that_read_are_allowed_where_no_key_hides_them(text: Callable[..., str]) -> None:
    body = "{% for key, value in x.items() %}{{ key }}={{ value }};{% endfor %}"

    assert text(body, {"x": {"a": 1, "b": 2}}) == "a=1;b=2;"


def test_grouping_gives_names_to_its_pairs(text: Callable[..., str]) -> None:
    rows = [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}]
    body = "{% for g in x | groupby('k') %}{{ g.grouper }}:{{ g.list | map(attribute='v') | join('+') }} {% endfor %}"

    assert text(body, {"x": rows}) == "a:1+3 b:2"


def test_an_image_becomes_a_part_where_it_is_printed(render: Callable[..., tuple[Message, ...]]) -> None:
    [message] = render(
        "{% user %}\nLook:\n{{ photo }}\nand\n\n{{ file }}\n{% enduser %}", {"photo": PHOTO, "file": FILE}
    )

    assert message.content == (TextPart(text="Look:"), PHOTO, TextPart(text="and"), FILE)


@pytest.mark.parametrize(
    "content",
    [
        "{% macro m(p) %}a{{ p }}b{% endmacro %}{{ m(photo) }}",
        "{% set block %}a{{ photo }}b{% endset %}{{ block }}",
        "{% include 'part' %}",
        "{{ context.shown }}",
    ],
)
def test_an_image_keeps_its_place_through_macros_blocks_and_includes(
    content: str, render: Callable[..., tuple[Message, ...]]
) -> None:

    context = (ContextBlock(id="shown", text="a{{ photo }}b"),) if "context" in content else ()
    files = {"part": "a{{ photo }}b"}

    [message] = render(
        f"{{% user %}}({content}){{% enduser %}}", {"photo": PHOTO}, context=context, files=files
    )

    assert message.content == (TextPart(text="(a"), PHOTO, TextPart(text="b)"))


def test_a_message_of_one_image_has_no_empty_text(render: Callable[..., tuple[Message, ...]]) -> None:
    [message] = render("{% user %}\n{{ photo }}\n{{ photo }}\n{% enduser %}", {"photo": PHOTO})

    assert message.content == (PHOTO, PHOTO)


def test_blank_text_of_a_value_stays_beside_an_image(render: Callable[..., tuple[Message, ...]]) -> None:
    [message] = render("{% user %} {{ photo }} {{ x }}\n{% enduser %}", {"photo": PHOTO, "x": " \n"})

    assert message.content == (PHOTO, TextPart(text=" \n"))


def test_parts_in_objects_and_lists_are_parts(render: Callable[..., tuple[Message, ...]]) -> None:
    value = {"before": PHOTO, "all": [PHOTO, "x"]}

    [message] = render("{% user %}{{ x }}{% enduser %}", {"x": value})

    assert message.content == (
        TextPart(text="before:"),
        PHOTO,
        TextPart(text="all:"),
        PHOTO,
        TextPart(text="- x"),
    )


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("photo ~ 'x'", "an image or document is no text"),
        ("photo | upper", "an image or document is no text"),
        ("m(photo) + 'x'", "an image or document is no text"),
        ("m(photo).upper()", "an image or document is no text"),
        ("m", "a value of type Macro cannot be printed; call it, with () after its name"),
        ("x.upper", "call it, with () after its name"),
        ("turns", "print its .role and .text, or the whole conversation by {% history %}"),
        ("turns[1].content[0]", "a tool's part of a message cannot be printed"),
        ("photo | json", "the value cannot be written as JSON"),
        ("n | json(indent=99)", "indent is 99; it must be from 0 to 16"),
        ("1j_ | default", "expected token"),
        ("x.encode", "text.encode is not open to templates"),
    ],
)
def test_what_has_no_text_is_refused(expression: str, problem: str, text: Callable[..., str]) -> None:
    call = ToolCallPart(id="1", name="f", arguments="{}")
    turns = (Message(role="user", content="hey"), Message(role="assistant", content=(call,)))
    body = f"{{% macro m(p) %}}{{{{ p }}}}{{% endmacro %}}{{{{ {expression} }}}}"

    with pytest.raises(TemplateError, match=r"^t\.prompt\.j2:11:") as caught:
        text(body, {"photo": PHOTO, "x": "X", "turns": turns, "n": 1})

    assert problem in str(caught.value)


def test_bytes_cannot_be_printed(text: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match="a value of type bytes cannot be printed"):
        text("{{ x }}", {"x": b"raw"})


def test_turns_of_a_history_can_be_read_field_by_field(text: Callable[..., str]) -> None:
    turns = (Message(role="user", content="hey"), Message(role="assistant", content=(TextPart(text="ho"),)))

    assert text("{% for t in turns %}{{ t.role }}: {{ t.text }}\n{% endfor %}", {"turns": turns}) == (
        "user: hey\nassistant: ho"
    )
