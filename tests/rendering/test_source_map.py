"""Where each character of a prompt comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

import promptkit as pk
from promptkit.requests import Origin

ROOT = Path(__file__).parents[2]

FRONT = """---
name: mapped
input:
  schema:
    ticket(object):
      subject: string
      body: string
    names?(array): string
    photo?: image
    history?: messages
clarity:
  role: "An agent for {{ ticket.subject }}."
  task: Answer.
context:
  - from: ticket.body
  - id: rules
    text: Be brief.
constraints:
  - max_words: 9
examples:
  - input: {ticket: {subject: s, body: b}}
    output: Fine.
---
"""
BODY = """\
{% macro shout(x) %}<{{ x | upper }}>{% endmacro %}
{% set line %}set {{ ticket.subject }}{% endset %}
{% system %}
{{ clarity }}
{{ constraints }}
{{ context.rules }}
{% endsystem %}
{% examples %}
{% history %}
{% user %}
First {{ ticket.subject }} {{ shout(ticket.subject) }}
{% for name in names or [] %}
- {{ name }}
{% endfor %}
{{ line }}
{{ photo }}
{{ context.body }}
{% enduser %}
"""
INPUTS = {
    "ticket": {"subject": "  Router ", "body": "It broke.\n~~~\nHelp!"},
    "names": ["a", "b"],
    "photo": pk.ImagePart(data=b"\x89PNG\r\n\x1a\n", media_type="image/png"),
    "history": [pk.Message(role="user", content="Hi"), pk.Message(role="assistant", content="Ho")],
}


@pytest.fixture
def mapped(tmp_path):
    path = tmp_path / "mapped.prompt.j2"
    path.write_text(FRONT + BODY, encoding="utf-8")
    return pk.load(path).render(**INPUTS)


def texts(rendered):
    return {
        (number, at): part.text
        for number, message in enumerate(rendered.messages)
        for at, part in enumerate(message.parts)
        if isinstance(getattr(part, "text", None), str)
    }


def origin_of(rendered, text):
    """The origin of the first character of ``text`` in the last message that holds it."""
    for (message, part), whole in reversed(texts(rendered).items()):
        if text in whole:
            return rendered.source_map.at(message, whole.index(text), part)
    raise AssertionError(f"{text!r} is in no message")


def covered(rendered):
    found: dict[tuple[int, int], str] = {}
    for each in rendered.source_map.ranges:
        key = (each.message, each.part)
        assert each.start == len(found.get(key, ""))
        found[key] = found.get(key, "") + each.text
        assert each.end == len(found[key])
    return found


def test_the_ranges_are_the_messages_without_a_gap(mapped) -> None:
    assert covered(mapped) == texts(mapped)
    assert all(type(text) is str for text in texts(mapped).values())


@pytest.mark.parametrize(
    ("text", "kind", "name", "section", "beside"),
    [
        ("First", "text", "", "", "First {{"),
        ("Router  <", "value", "ticket.subject", "", "First {{"),
        ("ROUTER", "value", "x", "", "{% macro"),
        ("set ", "text", "", "", "{% set line"),
        ("Role: ", "section", "", "clarity", "{{ clarity }}"),
        ("An agent for", "text", "clarity.role", "clarity", "An agent"),
        ("Answer.", "text", "clarity.task", "clarity", "task: "),
        ("Be brief.", "text", "context.rules", "context.rules", "Be brief"),
        ("~~~~ body", "section", "", "context.body", "{{ context.body }}"),
        ("It broke.", "value", "ticket.body", "context.body", "from: ticket.body"),
        ("Fine.", "example", "examples[0]", "", None),
        ("Ho", "history", "history", "", None),
    ],
)
def test_every_text_leads_to_its_line_and_name(mapped, text, kind, name, section, beside) -> None:
    found = origin_of(mapped, text)

    lines = (FRONT + BODY).splitlines()
    line = None if beside is None else next(at for at, it in enumerate(lines, 1) if beside in it)
    assert (found.kind, found.name, found.section, found.line) == (kind, name, section, line)


ORIGINS = """---
input:
  schema:
    x: string
    tags(array): string
    docs(array):
      id: string
      text: string
---
{% macro card(doc, note) %}<{{ doc.text | trim }}|{{ note }}|{{ note | upper }}>{% endmacro %}
{% macro framed() %}[{{ caller() }}]{% endmacro %}
{% set copy = docs[0].id %}
{% set page %}{% for doc in docs %}({{ doc.text | indent }}){% endfor %}{% endset %}
{% user %}
CONTENT
{% enduser %}
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{{ card(docs[0], x) }}", {"one": "docs[0].text", "Xx": "x", "XX": "note"}),
        (
            "{{ page }}",
            {"one": "docs[0].text", "two": "docs[1].text", "lines": "docs[1].text", "    ": "doc.text"},
        ),
        ("{{ copy }}", {"a": "docs[0].id"}),
        ("{% call framed() %}{{ x }}{% endcall %}", {"[": "", "Xx": "x"}),
        ("{{ x ~ '-' ~ tags[1] }}", {"Xx": "x", "-": "x, tags[1]", "red": "tags[1]"}),
        ("{{ x + docs[0].id }}", {"Xx": "x", "a": "docs[0].id"}),
        ("{{ tags | sort | join(', ') }}", {"big": "tags[0]", ", ": "tags", "red": "tags[1]"}),
        ("{{ docs | map(attribute='text') | join('+') }}", {"one": "docs[0].text", "two": "docs[1].text"}),
        (
            "{{ docs | map(attribute='text') | last | truncate(4, true, '~', 0) }}",
            {"two": "docs[1].text", "~": "docs"},
        ),
        ("{{ tags[0] | default('q') | string }}", {"big": "tags[0]"}),
        ("{{ x[:1] }}{{ x.lower() }}", {"X": "x", "xx": "x"}),
        ("{{ docs[1].text | upper }}", {"TWO": "docs[1].text"}),
        ("{% filter upper %}Hi {{ docs[0].id }}{% endfilter %}", {"HI": "docs[0].id"}),
        ("{% filter trim %} Hi {{ x }}{% endfilter %}", {"Hi": "", "Xx": "x"}),
        ("{{ docs }}", {"id: a": "docs", "two": "docs"}),
        (
            "{% set t %}{{ tags[0] | fence }}{% endset %}{{ t | fence }}",
            {"~~~ data\n": "tags[0]", "big": "tags[0]"},
        ),
        (
            "{{ tags | map('fence') | join('\n') | fence }}",
            {"~~~ data\n": "tags", "big": "tags[0]", "red": "tags[1]"},
        ),
    ],
)
def test_values_are_known_by_their_paths_on_their_way_through_a_template(tmp_path, content, expected) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(ORIGINS.replace("CONTENT", content), encoding="utf-8")
    docs = [{"id": "a", "text": " one "}, {"id": "b", "text": "two\nlines"}]

    rendered = pk.load(path).render(x="Xx", tags=["big", "red"], docs=docs)

    assert covered(rendered) == texts(rendered)
    assert {text: origin_of(rendered, text).name for text in expected} == expected
    named = [found for found in rendered.source_map.ranges if found.origin.name]
    assert all((found.origin.kind, found.origin.file) == ("value", str(path)) for found in named)
    assert all(found.origin.line is not None for found in rendered.source_map.ranges)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{% filter upper %}{{ tags[2] }} z{% endfilter %}", "Z"),
        ("{% filter upper %}\n a {{ x }}\n{% endfilter %}", "A XX"),
        ("{% filter default('q') %}{{ tags[2] }} z\n{% endfilter %}", "z"),
        ("{% filter replace('z', 'y') | length %}{{ x }}{% endfilter %}", "2"),
    ],
)
def test_what_a_filter_makes_of_a_block_is_mapped_as_it_is_said(tmp_path, content, said) -> None:
    path = tmp_path / "t.prompt.j2"
    path.write_text(ORIGINS.replace("CONTENT", content), encoding="utf-8")

    rendered = pk.load(path).render(
        x="Xx", tags=["big", "red", ""], docs=[{"id": "a", "text": ""}, {"id": "b", "text": ""}]
    )

    assert covered(rendered) == texts(rendered)
    assert rendered.messages[-1].text == said


def test_tokens_are_told_by_section_and_by_value(mapped) -> None:
    tokens = mapped.source_map.tokens(len)

    assert tokens["values"]["ticket.body"] == len("It broke.\n~~~\nHelp!")
    assert tokens["sections"]["history"] == len("HiHo")
    assert sum(tokens["sections"].values()) == sum(len(text) for text in texts(mapped).values())


def test_a_prompt_is_mapped_as_it_was_cut() -> None:
    prompt = pk.Prompt(context=[{"id": "log", "from": "log", "shrink": "drop_first"}], template="")

    rendered = prompt.using(max_input_tokens=80).render(log="line\n" * 50)

    assert covered(rendered) == texts(rendered)
    assert "[…]" in rendered.messages[-1].text


def test_a_place_that_is_not_there_is_said(mapped) -> None:
    with pytest.raises(IndexError, match="message 0, part 0 has no character 9999"):
        mapped.source_map.at(0, 9999)


def test_plain_data_and_a_name_for_people(mapped) -> None:
    first = mapped.source_map.to_dicts()[0]

    assert (first["message"], first["start"], first["section"]) == (0, 0, "clarity")
    assert str(Origin(kind="value", name="kb", file="a.j2", line=3)) == "kb (a.j2:3)"
    assert str(Origin(kind="history")) == "history"


@pytest.mark.parametrize("name", sorted(pk.library(ROOT / "templates").names()))
def test_every_shipped_prompt_is_mapped_whole(name) -> None:
    prompt = pk.library(ROOT / "templates")[name]
    given = prompt.declaration.examples[0].input if prompt.declaration.examples else None
    if given is None:
        tests = prompt.declaration.tests
        given = tests[0].input if tests else {}

    rendered = prompt.render(**given)

    assert covered(rendered) == texts(rendered)


def test_what_no_prompt_rendered_has_no_map(mapped) -> None:
    from dataclasses import replace

    with pytest.raises(ValueError, match="not rendered by a prompt"):
        _ = replace(mapped, tracer=None).source_map
