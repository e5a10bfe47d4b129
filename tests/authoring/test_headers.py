"""Headers are read by their lines only where a YAML parser would say the same."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptkit.authoring import Header, header_of, read_text
from promptkit.authoring import headers as reading
from promptkit.authoring.front_matter import Split, split_text
from promptkit.errors import PromptError, TemplateError

KEYS = [
    "name",
    "version",
    "description",
    '"name"',
    "'version'",
    "? name",
    "format",
    "na\\u006de",
    "input",
    "x",
]
VALUES = [
    "a", "1.10", "s/t", "null", "~", "true", "07", "", "'q'", '"q"', '"a: b"', "'it''s'", '"\\u0041"', "a # b", "a  # b",
    "a #b", "a#b", "a:b", "a: b", "|", ">-", "[a", "{a: b", "]", "}", '"open', "'open", "&x a", "*x", "!!str a",
    "{{ x }}", "Don't", "a\tb", "a\u2028b", "a\x85b", "\u00dc", "a\u00a0b", "a\x07b", "a\ufeffb", "- a", "a  ", "@a", "a\\",
]  # fmt: skip
COLONS = [": ", ":", " : ", ":\t", ":  "]
LINES = [
    "", " ", "\t", "# c", "  # c", "  a", "\ta", "  name: z", "- name: z", "---", "...", "%YAML 1.2", "]", "}", '"', "'", "- a",
    "<<: *x", "input:", "clarity:", "  task: |", "    name: b", "  task: 'x", '  task: "x', "  - [a,", "  {b: c", "name", "name:",
]  # fmt: skip

keyed = st.builds("{}{}{}".format, st.sampled_from(KEYS), st.sampled_from(COLONS), st.sampled_from(VALUES))
odd = st.lists(keyed | keyed | st.sampled_from(LINES), min_size=1, max_size=7).map("\n".join)


def parsed(split: Split) -> dict[str, str] | TemplateError:
    try:
        return reading._parsed(split)
    except TemplateError as error:
        return error


def check(text: str, file: str) -> None:
    try:
        split = split_text(text, file=file, yaml_document=file.endswith(".yaml"))
    except TemplateError:
        return
    by_lines, by_parser = reading._lines(split.yaml), parsed(split)
    if by_lines is not None and isinstance(by_parser, TemplateError):
        assert not re.match("name|version|description", text.split("\n")[(by_parser.line or 0) - 1])
    elif by_lines is not None:
        assert by_lines == by_parser
    try:
        whole = read_text(text, file=file, yaml_document=split.yaml_document)
    except PromptError:
        return
    said = Header(name=whole.name, version=whole.version, description=whole.description)
    assert header_of(text, file=file) == said


@settings(max_examples=600)
@given(odd, st.sampled_from(["", "\n", "\n# end", "\nclarity:\n  task: x\n"]))
@example('input:\n  schema: {a: "b\nname: c\n"}', "")
@example("input: {schema: {\nname: string\n}}", "")
@example("description: two\n\n  lines", "")
@example("  name: a\n  version: 1.0.0", "")
@example("name:x", "")
@example("name: null", "")
@example("name: a\x07b", "")
def test_a_header_by_its_lines_is_the_one_that_a_parser_reads(head: str, end: str) -> None:
    check(f"---\n{head}{end}\n---\n{{% user %}}\nx\n{{% enduser %}}\n", "f.prompt.j2")
    check(f"{head}{end}", "f.prompt.yaml")


@settings(max_examples=200)
@given(st.text(alphabet="abn:'\"#{}[]|>&*!?%@`-. \n\tname", max_size=60))
def test_a_header_of_any_text_is_the_one_that_a_parser_reads(text: str) -> None:
    check(text, "f.prompt.yaml")


def test_what_only_a_parser_can_tell_is_left_to_it() -> None:
    assert reading._lines("name: a\nversion: 1.0.0\ndescription: It's: no") is None
    assert reading._lines("name: a\ninput:\n  schema: x\nversion: 1.0.0\n") is None
    assert reading._lines("name: \"a\"\nversion: '1.0.0'\ndescription: It's [one]\ninput:\n  x: 1\n") == {
        "name": "a",
        "version": "1.0.0",
        "description": "It's [one]",
    }
