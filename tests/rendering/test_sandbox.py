"""What templates cannot do, whatever their text says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.errors import TemplateError
from promptkit.rendering import Template


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''['__class__']",
        "x.__class__.__mro__",
        "tags.__init__",
        "ticket.__class__",
        "ticket['__class__']",
        "cycler.__init__.__globals__",
        "lipsum.__globals__",
        "joiner()",
        "self.__init__",
        "self._TemplateReference__context",
        "x | attr('__class__')",
        "tags | map(attribute='__class__') | list",
        "tags | map('attr', '__class__') | list",
        "tags | selectattr('__class__') | list",
        "tags | sort(attribute='__class__')",
        "'{0.__class__}'.format(x)",
        "'{x.__class__}'.format_map(ticket)",
        "'%s' % x",
        "'%s' | format(x)",
        "x.encode()",
        "x.join(tags)",
        "x.ljust(9)",
        "tags.append('x')",
        "tags.pop()",
        "ticket.update(a=1)",
        "ticket.pop('body')",
        "ticket.clear()",
        "x | random",
        "x | pprint",
        "x | safe",
        "x | e",
        "x | xmlattr",
        "m.__globals__",
        "m._func",
        "m.arguments",
        "range.__class__",
        "namespace.__init__",
        "namespace(a=1).__class__",
        "(range(3) | map('string')).gi_frame",
        "loop",
        "caller()",
        "photo.data",
        "x.format",
        "dict(a=1)",
    ],
)
def test_the_sandbox_refuses(expression: str, text: Callable[..., str]) -> None:
    body = f"{{% macro m(p) %}}{{% endmacro %}}{{{{ {expression} }}}}"
    values = {"x": "X", "tags": ["a", "b"], "ticket": {"body": "b"}}

    with pytest.raises(TemplateError, match=r"^t\.prompt\.j2:11(:\d+)?: .") as caught:
        text(body, values)

    column, start = caught.value.column, body.index(expression)
    assert column is None or start < column <= start + len(expression)
    assert "Traceback" not in str(caught.value)
    assert values == {"x": "X", "tags": ["a", "b"], "ticket": {"body": "b"}}


_DOUBLING = "{%% set n = namespace(a=['x']) %%}{%% for i in range(60) %%}{%% set n.a = %s %%}{%% endfor %%}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{{ 'a' * 10 ** 9 }}", "longer than 8,000,000"),
        ("{{ 10 ** 9 * ['a'] }}", "more than 2,000,000 items"),
        (f"{_DOUBLING % '[n.a, n.a]'}{{{{ n.a }}}}", "more than 2,000,000 items"),
        (f"{_DOUBLING % '[n.a, n.a]'}{{{{ n.a | json }}}}", "more than 2,000,000 items"),
        (f"{_DOUBLING % '(n.a, n.a)'}{{{{ n.a == n.b }}}}", "more than 2,000,000 items"),
        (f"{_DOUBLING % '{1: n.a, 2: n.a}.items()'}{{{{ n.a }}}}", "more than 2,000,000 items"),
        (
            f"{_DOUBLING % '[0, 0] | map(chr, n.a, true) | list'}".replace("chr", "'default'"),
            "2,000,000 items",
        ),
        (f"{_DOUBLING % 'n.a + n.a'}", "more than 2,000,000 items"),
        (
            "{% macro m(a, i) %}{% if i %}{{ m([a, a], i - 1) }}{% endif %}{% endmacro %}{{ m('x', 60) }}",
            "more than 2,000,000 items",
        ),
        ("{{ 10 | round(-9999999) }}", "round to -9999999 digits is too far"),
        ("{{ [[1] * 1000000] * 1000 }}", "more than 2,000,000 items"),
        ("{{ ([1] * 8000000) | string | length }}", "more than 2,000,000 items"),
        ("{{ ([[1]] * 400000) | sum(start=[]) }}", "2,000,000 items"),
        ("{{ ('a' * 4000000) | wordwrap(1) }}", "wordwrap cannot break a word of 4,000,000 characters"),
        ("{{ ('a\n' * 400000) | wordwrap(9, wrapstring='b' * 99) }}", "longer than 8,000,000"),
        ("{{ ('\u0390' * 2700000) | upper }}", "longer than 8,000,000"),
        ("{{ ('\u0390' * 2700000).upper() }}", "longer than 8,000,000"),
        ("{{ (['a' * 4000000] * 99) | map('upper') | join }}", "characters"),
        ("{{ ('f' * 4000000) | int(base=16) }}", "too long to write"),
        (
            "{% for i in range(9999) %}{% set y = x * 4000000 %}{% endfor %}",
            "more than 64,000,000 characters",
        ),
        (
            "{% for i in range(9999) %}{% set y %}{{ 'a' * 99999 }}{% endset %}{% endfor %}",
            "64,000,000 characters",
        ),
        ("{{ 10 ** 9999 }}", "too long to write"),
        ("{% set n = 10 ** 3000 %}{{ n * n }}", "too long to write"),
        ("{{ ('a' * 5000000) ~ ('a' * 5000000) }}", "longer than 8,000,000 characters"),
        ("{{ ('a' * 5000000) + ('a' * 5000000) }}", "longer than 8,000,000"),
        ("{{ ('a' * 5000) | replace('a', 'b' * 5000) }}", "longer than 8,000,000"),
        ("{{ (['a'] * 5000) | join('b' * 5000) }}", "longer than 8,000,000"),
        ("{{ ('\n' * 5000) | indent(5000, blank=true) }}", "longer than 8,000,000"),
        ("{% for i in range(100) %}{{ 'a' * 100000 }}{% endfor %}", "longer than 8,000,000 characters"),
        ("{% for i in range(400) %}{% for j in range(400) %}{% endfor %}{% endfor %}", "100,000 turns"),
        (
            "{% for i in range(2000) | map('string') %}{% for j in range(99) %}{% endfor %}{% endfor %}",
            "100,000 turns",
        ),
        ("{% for i in range(100001) %}{% endfor %}", "Range too big"),
        (
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(20) }}",
            "100,000 turns",
        ),
        ("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", "macros call one another without end"),
        ("{% for i in tags recursive %}{{ loop(tags) }}{% endfor %}", "a loop cannot be recursive"),
        ("{{ 'a' | truncate(1) }}", "expected length"),
    ],
)
def test_what_grows_without_bound_is_stopped(content: str, problem: str, text: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match=r"^t\.prompt\.j2:1[0-2](:\d+)?: ") as caught:
        text(content, {"x": "x", "tags": ["a", "b"]})

    assert problem in str(caught.value)


def test_an_input_that_is_too_large_is_a_typed_error(text: Callable[..., str]) -> None:
    with pytest.raises(TemplateError, match=r"longer than 8,000,000 characters; shorten the inputs"):
        text("{{ x }}", {"x": "a" * 10_000_000})


def test_all_messages_together_are_bounded(compiled: Callable[..., Template]) -> None:
    template = compiled("{% system %}{{ x }}{% endsystem %}{% user %}{{ x }}{{ photo }}{% enduser %}")

    with pytest.raises(TemplateError, match="longer than 8,000,000 characters together"):
        template.render({"x": "a" * 5_000_000, "photo": None})


def test_macros_that_are_imported_without_context_are_bounded_too(text: Callable[..., str]) -> None:
    files = {"m": "{% macro f() %}{% for i in range(90000) %}{% endfor %}{% endmacro %}"}

    with pytest.raises(TemplateError, match=r"^lib/m\.j2:1: loops and macros take more than 100,000 turns"):
        text("{% import 'm' as m %}{{ m.f() }}{{ m.f() }}", files=files)


def test_a_bound_counts_anew_for_each_render(compiled: Callable[..., Template]) -> None:
    template = compiled("{% user %}{% for i in range(60000) %}{{ x }}{% endfor %}{% enduser %}")

    assert template.render({"x": "a"}) == template.render({"x": "a"})


def test_inputs_hide_globals_of_the_same_name(render: Callable[..., object]) -> None:
    [message] = render(
        "{% user %}{{ range }}{% enduser %}", {"range": "far"}, inputs={"range": {"type": "string"}}
    )  # type: ignore[misc]

    assert message.content == "far"


def test_texts_of_a_role_block_that_are_too_long_together_are_told_at_the_block(tmp_path: Path) -> None:
    file = tmp_path / "long.prompt.j2"
    front = f"---\ncontext:\n  - id: terms\n    text: {'a' * 900_000}\n---\n"
    file.write_text(front + "{% system %}\n" + "{{ context.terms }}\n" * 9 + "{% endsystem %}\n")

    with pytest.raises(TemplateError, match="longer than 8,000,000 characters") as caught:
        pk.load(file).render()

    assert (caught.value.file, caught.value.line) == (str(file), 6)
