"""Role blocks: what emits a message, what may stand around them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptkit.errors import TemplateError
from promptkit.messages import Message


def pairs(messages: tuple[Message, ...]) -> list[tuple[str, object]]:
    return [(message.role, message.content) for message in messages]


def test_each_block_emits_one_message_in_order(render: Callable[..., tuple[Message, ...]]) -> None:
    body = """
{% system %}
  Be brief.

{% endsystem %}

{% user %}
One {{ x }}
{% enduser %}
{% assistant %}ok{% endassistant %}
{% user %}Two{% enduser %}
"""

    assert pairs(render(body, {"x": "a"})) == [
        ("system", "Be brief."),
        ("user", "One a"),
        ("assistant", "ok"),
        ("user", "Two"),
    ]


def test_set_macro_import_include_if_for_and_comments_may_stand_outside(
    render: Callable[..., tuple[Message, ...]],
) -> None:
    body = """{# a comment #}
{% set name = x | upper %}
{% set block %}text {{ x }}{% endset %}
{% macro hi(who) %}hi {{ who }}{% endmacro %}
{% import 'm' as m %}
{% from 'm' import bye as ade %}
{% include 'top' %}
{% if n %}{% user %}{{ hi(name) }}{% enduser %}{% elif x %}{% user %}no{% enduser %}{% else %}{% endif %}
{% for t in tags %}
  {% user %}{{ t }} {{ loop.index }}{% enduser %}
{% else %}
  {% user %}none{% enduser %}
{% endfor %}
{% with a = 1 %}{% assistant %}{{ block }}, {{ m.bye(a) }}, {{ ade(2) }}{% endassistant %}{% endwith %}
"""
    files = {
        "m": "{% macro bye(n) %}bye {{ n }}{% endmacro %}",
        "top": "{% system %}top {{ x }}{% endsystem %}",
    }

    assert pairs(render(body, {"x": "ada", "n": 1, "tags": ["p", "q"]}, files=files)) == [
        ("system", "top ada"),
        ("user", "hi ADA"),
        ("user", "p 1"),
        ("user", "q 2"),
        ("assistant", "text ada, bye 1, bye 2"),
    ]


def test_a_block_that_renders_to_nothing_emits_no_message(render: Callable[..., tuple[Message, ...]]) -> None:
    body = "{% system %}\n\n{% endsystem %}{% user %}\n{{ kb }}\n{% if kb %}\nx\n{% endif %}\n{% enduser %}{% user %}u{% enduser %}"

    assert pairs(render(body)) == [("user", "u")]


def test_the_template_s_own_blanks_are_stripped_also_where_blocks_end(
    render: Callable[..., tuple[Message, ...]],
) -> None:
    body = "{% user %}\n{% if x %}\n\n  A\n\n{% endif %}\n{{ kb }}\n{% for t in tags %}\n{{ t }}\n{% endfor %}\n\n{% enduser %}"

    assert pairs(render(body, {"x": "x", "tags": [" b "]})) == [("user", "A\n\n\n b ")]


def test_blanks_of_a_macro_s_own_text_are_stripped_and_those_of_its_value_kept(
    text: Callable[..., str],
) -> None:
    body = "{% macro m(v) %}\n\n  Hi {{ v }}\n{% endmacro %}{{ m(x) }}"

    assert text(body, {"x": " v\n"}) == "Hi  v\n"


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        (
            "hello",
            10,
            "the text 'hello' stands outside a role block; put it between {% user %} and {% enduser %}",
        ),
        ("\n{% set a = 1 %}\n\n  late\n", 13, "the text 'late' stands outside"),
        ("{% user %}u{% enduser %}\n{{ x }}", 11, "{{ ... }} stands outside"),
        ("{% if x %}\nhey\n{% endif %}", 11, "the text 'hey' stands outside"),
        ("{% if x %}{% elif n %}\n\nhey{% endif %}", 12, "the text 'hey' stands outside"),
        ("{% for t in tags %}\n\n{{ t }}{% endfor %}", 12, "{{ ... }} stands outside"),
        ("{% filter upper %}a{% endfilter %}", 10, "this prints text outside a role block"),
        ("{% macro m() %}{% endmacro %}\n{% call m() %}a{% endcall %}", 11, "this prints text outside"),
        ("{% include 'plain' %}", 2, "the text 'plain text' stands outside"),
        ("{% user %}\n{% system %}a{% endsystem %}{% enduser %}", 11, "role blocks cannot be nested"),
        ("{% user %}{% if x %}\n{% examples %}{% endif %}{% enduser %}", 11, "role blocks cannot be nested"),
        ("{% user %}{% history %}{% enduser %}", 10, "role blocks cannot be nested"),
        (
            "{% macro m() %}{% user %}{% enduser %}{% endmacro %}",
            10,
            "cannot stand in a macro or a set block",
        ),
        ("{% set a %}{% user %}{% enduser %}{% endset %}", 10, "cannot stand in a macro or a set block"),
        ("{% user %}{% include 'roles' %}{% enduser %}", 1, "cannot hold role blocks"),
        ("{% import 'roles' as r %}", 1, "cannot hold role blocks"),
        ("{% user %}\nopen", 11, "the block {% user %} is still open; close it with {% enduser %}"),
        ("\n{% enduser %}", 11, "{% enduser %} closes a block that is not open"),
        ("{% usr %}a{% endusr %}", 10, "unknown tag usr (did you mean user?)"),
        ("{% user x %}a{% enduser %}", 10, "expected token"),
        ("{% user %}\n{% block a %}{% endblock %}{% enduser %}", 11, "do not extend one another"),
        ("{% extends 'a' %}", 10, "templates do not extend one another"),
        ("{% user %}{% extends 'a' %}{% enduser %}", 10, "do not extend one another"),
        ("{% user %}{% autoescape true %}a{% endautoescape %}{% enduser %}", 10, "a prompt is no HTML"),
    ],
)
def test_a_misplaced_block_or_text_is_an_error_at_its_own_line(
    body: str, line: int, problem: str, render: Callable[..., tuple[Message, ...]]
) -> None:
    files = {"plain": "{# x #}\nplain text", "roles": "{% user %}u{% enduser %}"}

    with pytest.raises(TemplateError) as caught:
        render(body, {"x": "x"}, files=files)

    assert problem in caught.value.problem
    assert caught.value.line == line
    assert caught.value.file == (
        "lib/plain.j2" if line == 2 else "lib/roles.j2" if line == 1 else "t.prompt.j2"
    )
