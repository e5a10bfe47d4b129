"""The JSON Schema for editors says what reading a file says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from promptkit.authoring import cases, contracts, document, picoschema, read_text, rules, sections
from promptkit.authoring.editor_schema import editor_schema
from promptkit.authoring.front_matter import split_text
from promptkit.authoring.nodes import Source, plain
from promptkit.authoring.surroundings import Surroundings
from promptkit.authoring.yaml_text import load
from promptkit.constraints import KINDS
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError

ROOT = Path(__file__).parents[2]
AROUND = Surroundings(base_of=lambda _: Declaration(name="b"), wording_of=lambda _: None)  # type: ignore[arg-type, return-value]
FRONT = jsonschema_rs.validator_for(editor_schema(front_matter=True))
WHOLE = jsonschema_rs.validator_for(editor_schema())
DEFINITIONS = editor_schema()["$defs"]

FULL = """\
format: promptkit/1
name: a/b
version: 1.0.0
description: x
language: de
deprecated: use b
extends: other@^1
generation: {temperature: 0, max_tokens: 5, seed: 1, top_p: 0.5, top_k: 3, min_p: 0.1, repetition_penalty: 1.1, stop: [a], logprobs: 2}
input:
  schema:
    text: string, the text
    tags?(array): string
    who(object):
      name: string
    kind(enum): [a, b]
    rows(array):
      n: integer
    deep: {type: [a, b], about: x, default: a}
  trust: {text: trusted}
  clean: {text: [controls, tokens], tags: tokens}
  max_tokens: 900
  history: {keep_last: 2, max_tokens: 5, priority: 1}
clarity:
  role: x
  task: y
  audience: z
  steps:
    - One.
  done_when: w
context:
  - {id: p, text: x}
  - {from: text, priority: 1, max_tokens: 10, shrink: middle}
  - {include: tone}
output:
  reasoning: 10
  repair: lenient
  schema:
    reply:
      type: string
      max_words: 5
      words: [1, 5]
      never_says: [a]
      severity: should
      on_fail: warn
      enforce: check
    items:
      type: array
      items: string
    (*): any
constraints:
  - {id: a, field: reply, tone: calm, judge: j, when: eval, severity: should, say: x}
  - expr: "output.reply != ''"
attempts: 2
enforce: prefer
examples:
  - {input: {text: a}, output: {reply: b}, reasoning: hm}
tests:
  - {name: t, input: {text: a}, replies: [{reply: b}], expect: {violates: [a], output: {reply: b}, error: Empty, contains: x}}
check: {unused-input: off}
template: |
  {% user %}x{% enduser %}
"""


def data_of(text: str, *, whole: bool) -> Any:
    split = split_text(text, file="x", yaml_document=whole)
    if split.yaml is None:
        return {}
    root = load(split.yaml, source=Source("x", tuple(split.text.split("\n"))), first_line=split.yaml_line)
    return {} if root is None else plain(root)


def blocks() -> Iterator[tuple[str, str, bool]]:
    """Every prompt file of the templates and of the documentation."""
    for path in sorted((ROOT / "templates").glob("*.prompt.*")):
        yield path.name, path.read_text(), path.name.endswith(".yaml")
    block = re.compile(
        r"<!-- file: (\S+\.prompt\.(?:j2|yaml)) -->\n+```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL
    )
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for name, text in block.findall(page.read_text()):
            yield f"{page.name}: {name}", text, name.endswith(".yaml")


BLOCKS = list(blocks())


@pytest.mark.parametrize(
    ("text", "whole"), [(text, whole) for _, text, whole in BLOCKS], ids=[name for name, _, _ in BLOCKS]
)
def test_what_can_be_read_the_schema_takes(text: str, whole: bool) -> None:
    try:
        read_text(
            text,
            file="x",
            yaml_document=whole,
            around=AROUND,
        )
    except TemplateError:
        return  # a page shows what is wrong with it

    validator = WHOLE if whole else FRONT
    assert [error.message for error in validator.iter_errors(data_of(text, whole=whole))] == []


def test_most_of_these_files_can_be_read() -> None:
    assert len(BLOCKS) > 40


def test_the_schema_knows_every_key_that_reading_knows() -> None:
    properties = editor_schema()["properties"]
    assert set(properties) == {*document.KEYS, "template"}
    assert set(editor_schema(front_matter=True)["properties"]) == set(document.KEYS)
    assert set(DEFINITIONS["generation"]["properties"]) == set(sections.SETTINGS)
    assert set(DEFINITIONS["block"]["properties"]) == {"id", "from", "text", "include", *sections._LIMITS}
    assert set(DEFINITIONS["block"]["properties"]["shrink"]["enum"]) == set(sections._SHRINKS)
    assert set(DEFINITIONS["input"]["properties"]) == set(contracts._INPUT_KEYS)
    assert set(DEFINITIONS["output"]["properties"]) == {*contracts._FORMS, *contracts._BESIDE}
    assert set(DEFINITIONS["inputSpecification"]["properties"]) == set(picoschema._SPEC_KEYS)
    assert set(DEFINITIONS["outputSpecification"]["properties"]) == {
        *picoschema._SPEC_KEYS,
        *rules._OPTIONS,
        *KINDS,
    }
    assert set(DEFINITIONS["listedRule"]["properties"]) == {"field", *rules._OPTIONS, *KINDS}
    assert set(DEFINITIONS["test"]["properties"]["expect"]["properties"]) == set(cases._EXPECTATIONS)
    assert properties["enforce"]["enum"] == list(document._ENFORCE)


def test_every_rule_has_a_sentence_for_its_hover() -> None:
    bare = [
        kind
        for kind, rule in DEFINITIONS["listedRule"]["properties"].items()
        if kind in KINDS and rule["description"] == f"The rule {kind}."
    ]

    assert len(bare) <= 2, bare


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every mapping whose keys the format names; not those that hold a user's own names or data."""
    if isinstance(data, dict):
        yield path
        for key, value in data.items():
            if key not in ("trust", "clean", "output", "replies") or path == ():
                yield from places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from places(value, (*path, index))


WHOLE_DATA = data_of(FULL, whole=True)
NAMED = [
    path
    for path in places(WHOLE_DATA)
    if path[-1:] not in (("schema",), ("input",), ("who(object)",), ("rows(array)",)) or path == ("input",)
]


def test_the_full_file_is_taken() -> None:
    assert [error.message for error in WHOLE.iter_errors(WHOLE_DATA)] == []


@pytest.mark.parametrize("path", NAMED, ids=str)
def test_an_unknown_key_is_refused_wherever_it_stands(path: tuple[Any, ...]) -> None:
    data = json.loads(json.dumps(WHOLE_DATA))
    at = data
    for step in path:
        at = at[step]
    at["xyzzy"] = "x"

    assert not WHOLE.is_valid(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1.0.0", "version: '1.0'"),
        ("attempts: 2", "attempts: 0"),
        ("enforce: prefer", "enforce: always"),
        ("text: string, the text", "text: strng"),
        ("- {id: p, text: x}", "- {id: p, text: x, from: text}"),
        ("max_words: 5", "max_words: five"),
        ("severity: should\n", "severity: maybe\n"),
        ("extends: other@^1", "extends: ../other"),
        ("  trust: {text: trusted}", "  trust: {text: safe}"),
        ("tags: tokens}", "tags: token}"),
        ("format: promptkit/1", "format: promptkit/2"),
        ("name: a/b", "name: [a]"),
        ("name: a/b", "name: a//b"),
        ("description: x", "description: [x]"),
        ("deprecated: use b", "deprecated: true"),
        ("temperature: 0", "temperature: warm"),
        ("temperature: 0", "temperature: -1"),
        ("max_tokens: 5, seed", "max_tokens: 0, seed"),
        ("top_p: 0.5", "top_p: 1.5"),
        ("stop: [a]", "stop: {a: b}"),
        ("tags?(array): string", "tags?(array): image"),
        ("tags?(array): string", "tags?(aray): string"),
        ("tags?(array): string", "tags?(array: string"),
        ("text: string, the text", "my-text: string"),
        ("text: string, the text", "class: string"),
        ("text: string, the text", "_text: string"),
        ("text: string, the text", "text: {type: string, max_words: 3}"),
        ("text: string, the text", "text: {about: the text}"),
        ("kind(enum): [a, b]", "kind(enum): []"),
        ("kind(enum): [a, b]", "kind(enum): a"),
        ("      n: integer", "      n: int"),
        ("    (*): any", "    (*): image"),
        ("      type: array\n      items: string", "      type: image"),
        ("max_words: 5", "max_words: [1, 5]"),
        ("words: [1, 5]", "words: 5"),
        ("words: [1, 5]", "between: [1]"),
        ("never_says: [a]", "never_says: []"),
        ("never_says: [a]", "never_says: 3"),
        ("never_says: [a]", "matches: [a]"),
        ("never_says: [a]", "one_of: a"),
        ("tone: calm", "tone: 5"),
        ("expr: \"output.reply != ''\"", "expr: [a]"),
        ("- {id: p, text: x}", "- {text: x}"),
        ("- {id: p, text: x}", "- {id: p q, text: x}"),
        ("- {id: p, text: x}", "- text"),
        ("shrink: middle", "shrink: end"),
        ("priority: 1, max", "priority: high, max"),
        ("repair: lenient", "repair: yes"),
        ("  reasoning: 10", "  reasoning: much"),
        ("role: x", "role: {x: y}"),
        ("  steps:\n    - One.", "  steps: {a: One.}"),
        ("keep_last: 2", "keep_last: 0"),
        ("- {name: t, input: {text: a}, replies", "- {input: {text: a}, replies"),
        ("check: {unused-input: off}", "check: {unused-input: quiet}"),
        ("template: |\n  {% user %}x{% enduser %}", "template: [x]"),
    ],
)
def test_a_wrong_value_is_refused_as_reading_refuses_it(old: str, new: str) -> None:
    assert old in FULL
    text = FULL.replace(old, new)
    with pytest.raises(TemplateError):
        read_text(text, file="x", yaml_document=True, around=AROUND)

    assert not WHOLE.is_valid(data_of(text, whole=True))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: a/b", "name: 7"),
        ("language: de", "language: no"),
        ("extends: other@^1", "extends: 3"),
        ("text: string, the text", "text: string, the text\n    größe: integer"),
        ("text: string, the text", "text: string\n    classes?: string"),
        ("tags?(array): string", "tags ? ( array , the (short) tags ): string"),
        ("- {id: p, text: x}", "- {id: übung, text: x}"),
        ("judge: j", "judge: 3"),
        ("name: a/b", "name: a/prüfung"),
        ("never_says: [a]", "one_of_input: {names_of: who}"),
        ("never_says: [a]", "must_mention: [a, {any: [b, c]}]"),
        ("never_says: [a]", "starts_with: Dear"),
        ("never_says: [a]", "no_invented: {of: numbers, from: [text]}"),
        ("never_says: [a]", "language: [de, en]"),
    ],
)
def test_what_is_read_is_taken_as_it_is(old: str, new: str) -> None:
    assert old in FULL
    text = FULL.replace(old, new)
    read_text(text, file="x", yaml_document=True, around=AROUND)

    assert [error.message for error in WHOLE.iter_errors(data_of(text, whole=True))] == []


def test_rules_of_ones_own_are_taken_where_they_are_named() -> None:
    data = {"output": {"schema": {"word": {"type": "string", "palindrome": True}}}}
    own = jsonschema_rs.validator_for(editor_schema(kinds=[*KINDS, "palindrome"]))

    assert (own.is_valid(data), WHOLE.is_valid(data)) == (True, False)


@pytest.mark.parametrize(("name", "front"), [("prompt-file", False), ("front-matter", True)])
def test_the_published_files_are_what_the_command_prints(name: str, front: bool) -> None:
    published = json.loads((ROOT / "docs" / "reference" / f"{name}.schema.json").read_text())

    assert published == editor_schema(front_matter=front), "run: make schemas"
