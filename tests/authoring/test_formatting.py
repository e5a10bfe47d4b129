"""Formatting: one way to write a file, the same when done twice, and never another rendered byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import promptkit as pk
from promptkit.authoring import read_text
from promptkit.authoring.formatting import formatted
from promptkit.authoring.jinja_spacing import spaced
from promptkit.authoring.surroundings import Surroundings
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from tests.authoring.test_editor_schema import BLOCKS

UGLY = """\
# Written by hand.

output:
    schema:
        kind(enum): [fault,
            wish]   # the two
        reply:
              type:    string
              about: |
                  one sentence
                    indented
              max_words: 5
name: ugly


# What goes in.
input:
  schema:
   text: string, a long
     description
   rows(array):
       n: integer
constraints:
# a comment of the list
- expr: "output.kind != ''"
- field: reply
  never_says:
  -   a
  - b


version: 1.0.0@@@
"""
UGLY = UGLY.replace("@@@", "   ")
NEAT = """\
# Written by hand.

name: ugly

version: 1.0.0

# What goes in.
input:
  schema:
    text: string, a long
      description
    rows(array):
      n: integer
output:
  schema:
    kind(enum): [fault,
        wish]   # the two
    reply:
      type: string
      about: |
        one sentence
          indented
      max_words: 5
constraints:
  # a comment of the list
  - expr: "output.kind != ''"
  - field: reply
    never_says:
      - a
      - b
"""
BODY = "\n\n{%user%}\nHi {{name}}, {{- text|upper -}}\n  keep  \n{#no#}{%-if x%}{{ {'a':{}}['a'] }}{%endif-%}\n{% raw %}{{x}}{% endraw %}\n{%enduser%}  \n\n\n"
NEAT_BODY = "{% user %}\nHi {{ name }}, {{- text|upper -}}\n  keep  \n{#no#}{%- if x %}{{ {'a':{}}['a'] }}{% endif -%}\n{% raw %}{{x}}{% endraw %}\n{% enduser %}\n"


def made(text: str, *, whole: bool = False) -> str:
    return formatted(text, file="x.prompt.j2", yaml_document=whole)


def test_keys_come_in_order_levels_by_two_blanks_and_comments_stay() -> None:
    assert (
        made(f"---\n{UGLY}---\n{BODY.replace('{{- text', '{{-text').replace('upper -}}', 'upper-}}')}")
        == f"---\n{NEAT}---\n{NEAT_BODY}"
    )


def test_line_breaks_byte_order_marks_and_blank_ends_go() -> None:
    assert (
        made("\ufeff---\r\nname: a\r\n\r\n---\r\n\r\n{% user %}x{% enduser %}\r\n\r\n")
        == "---\nname: a\n---\n{% user %}x{% enduser %}\n"
    )


def test_a_body_alone_and_front_matter_alone() -> None:
    assert made("{%user%}x{%enduser%}") == "{% user %}x{% enduser %}\n"
    assert made("---\nclarity:\n   task: x\n---") == "---\nclarity:\n  task: x\n---\n"
    assert made("---\n---\n{% user %}x{% enduser %}") == "---\n---\n{% user %}x{% enduser %}\n"


def test_a_yaml_document_keeps_its_template() -> None:
    text = "template: |\n    {%user%}\n      Hi {{name}}\n    {%enduser%}\nname: a\n"

    assert (
        made(text, whole=True) == "name: a\ntemplate: |\n  {% user %}\n    Hi {{ name }}\n  {% enduser %}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "---\n'name': a\ninput: {schema: {a: string}}\n---\n",
        "---\n{name: a,\n   version: 1.0.0}\n---\n",
        "---\nclarity:\n  task: a\u2028b\n---\n",
        "---\n# nothing but a comment\n---\n",
    ],
)
def test_what_cannot_be_put_in_order_is_left(text: str) -> None:
    assert made(text) == text


def test_a_list_at_its_keys_own_column_and_deep_dashes() -> None:
    text = "---\nexamples:\n-   input: {a: b}\n    output:\n    - - x\n      - y\n-\n  input: {}\n  output: z\n---\n"

    assert made(text) == (
        "---\nexamples:\n  - input: {a: b}\n    output:\n      - - x\n        - y\n  -\n    input: {}\n    output: z\n---\n"
    )


def test_a_text_with_an_indentation_of_its_own_keeps_it() -> None:
    text = "---\nclarity:\n    task: |2\n         x\n       y\n---\n"

    again = made(text)

    assert read(again).clarity == read(text).clarity
    assert made(again) == again


@pytest.mark.parametrize("text", ["{{ 'a", "{% if", "{# x", "{% raw %}{{ x }}", "{{ x }"])
def test_a_template_whose_tags_do_not_close_is_left(text: str) -> None:
    assert spaced(text) == text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{'}}'}}", "{{ '}}' }}"),
        ('{{"\\"}}"}}', '{{ "\\"}}" }}'),
        ("{%set x={'a':1}%}", "{% set x={'a':1} %}"),
        ("{{+x}}{%+if y+%}", "{{+ x }}{%+ if y +%}"),
        ("{{\nx\n}}", "{{\nx\n}}"),
        ("{{}}{{ }}", "{{}}{{ }}"),
        ("{{ -x }}", "{{ -x }}"),
        ("{%raw%}{{x}}{%endraw%}{{y}}", "{% raw %}{{x}}{% endraw %}{{ y }}"),
    ],
)
def test_one_blank_stands_inside_each_delimiter(text: str, made: str) -> None:
    assert spaced(text) == made
    assert spaced(made) == made


def read(text: str, *, whole: bool = False) -> Declaration:
    around = Surroundings(base_of=lambda _: Declaration(name="b"), wording_of=lambda _: None)  # type: ignore[arg-type, return-value]
    return read_text(text, file="x", yaml_document=whole, around=around)


def meaning(declared: Declaration) -> dict[str, Any]:
    """A declaration without what only tells where its parts stand."""
    kept = {
        name: getattr(declared, name)
        for name in (
            "name",
            "version",
            "description",
            "generation",
            "clarity",
            "output",
            "attempts",
            "enforce",
            "extends",
            "deprecated",
        )
    }
    kept["input"] = (declared.input.json_schema, declared.input.model, dict(declared.input.trust))
    kept["context"] = [(block.id, block.source, block.text, block.include) for block in declared.context]
    kept["constraints"] = [
        (rule.path, rule.rule, rule.id, rule.severity, rule.on_fail, rule.say, rule.enforce)
        for rule in declared.constraints
    ]
    kept["examples"] = [(one.input, one.output, one.reasoning) for one in declared.examples]
    kept["tests"] = [(one.name, one.input, one.replies, one.expect) for one in declared.tests]
    return kept


@pytest.mark.parametrize(
    ("text", "whole"), [(text, whole) for _, text, whole in BLOCKS], ids=[name for name, _, _ in BLOCKS]
)
def test_every_file_of_templates_and_documentation_means_the_same_and_is_stable(
    text: str, whole: bool
) -> None:
    try:
        before = read(text, whole=whole)
    except TemplateError:
        return

    once = made(text, whole=whole)

    after = read(once, whole=whole)
    assert meaning(after) == meaning(before)
    assert "".join(after.body.split()) == "".join(before.body.split())
    assert made(once, whole=whole) == once
    assert sorted(line.strip() for line in once.splitlines() if line.strip().startswith("#")) == sorted(
        line.strip() for line in text.splitlines() if line.strip().startswith("#")
    )


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "templates").glob("*.prompt.*")), ids=lambda path: path.name
)
def test_what_the_templates_render_does_not_change(path: Path, tmp_path: Path) -> None:
    before = pk.load(path)
    text = path.read_text().replace("{{ ", "{{").replace(" %}", "%}")
    copy = tmp_path / path.name
    copy.write_text(made(text, whole=path.name.endswith(".yaml")))
    after = pk.load(copy)

    for example in before.declaration.examples or [None]:
        inputs = dict(example.input) if example else dict.fromkeys(before.contract.inputs.fields, "x")
        assert after.render(**inputs).messages == before.render(**inputs).messages


YAML_PARTS = st.recursive(
    st.text(alphabet="abc xyz:#-'\"{}[]\n", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet="abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["name", "output", "input", "tests", "clarity"]), YAML_PARTS, min_size=1),
    st.integers(2, 6),
    st.booleans(),
)
def test_any_yaml_keeps_its_values_and_is_stable(data: dict[str, Any], indent: int, compact: bool) -> None:
    import yaml

    from promptkit.authoring.nodes import Source, plain
    from promptkit.authoring.yaml_text import load

    text = yaml.safe_dump(
        data, indent=indent, sort_keys=False, default_flow_style=None if compact else False, width=20
    )
    source = Source("x", tuple(text.split("\n")))
    try:
        before = load(text, source=source)
    except TemplateError:
        return  # PyYAML writes what promptkit's own rules refuse

    once = made(f"---\n{text}---\n")

    inner = once.removeprefix("---\n").removesuffix("---\n")
    after = load(inner, source=Source("x", tuple(inner.split("\n"))))
    assert before is None or after is None or plain(after) == plain(before)
    assert made(once) == once


@pytest.mark.parametrize(
    "front",
    [
        "clarity:\n  task: |+\n    x\n\n\nname: a\n",
        "name: a\nclarity:\n  task: |+\n    x\n\n\n",
        "name: a\nclarity:\n      task: >-\n         x\n\n         y\n      # last\n",
        "name: a\n\n# at the end\n",
        "tests:\n- name: |\n    x\n  input: {}\n# between\n  # inside\n  expect: {contains: x}\n",
        "input: {schema: {a?: string}}\nname:\n  a\n",
    ],
)
def test_texts_keep_their_line_breaks_and_comments_their_place(
    front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    from promptkit.authoring.nodes import Source, plain
    from promptkit.authoring.yaml_text import load

    def data(text: str) -> Any:
        inner = text.removeprefix("---\n").removesuffix("---\n")
        node = load(inner, source=Source("x", tuple(inner.split("\n"))))
        return None if node is None else plain(node)

    text = f"---\n{front}---\n"
    once = made(text)

    assert data(once) == data(text)
    assert made(once) == once
    assert once.count("#") == text.count("#")
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert data(made(text)) == data(text)


@pytest.mark.parametrize(
    "text",
    [
        "name: a\ntemplate: |\n  {% user %}\n  {{\n  a\n  }}{{a\n    }}\n  {%enduser%}\n",
        "template: |\n  {%user%}\n  {{a}}\n  {%enduser%}  ",
        "clarity:\n  task:   x\ntemplate: |\n  {% user %}{{clarity}}{% enduser %}\nexamples:\n- input: {}\n  output: |\n    y",
    ],
)
def test_a_yaml_document_is_formatted_once_and_means_the_same(text: str) -> None:
    once = formatted(text, file="a.prompt.yaml", yaml_document=True)

    before, after = (read_text(one, file="a.prompt.yaml", yaml_document=True) for one in (text, once))
    assert (after.examples, after.clarity) == (before.examples, before.clarity)
    assert "".join(after.body.split()) == "".join(before.body.split())
    assert formatted(once, file="a.prompt.yaml", yaml_document=True) == once
    assert once != text
