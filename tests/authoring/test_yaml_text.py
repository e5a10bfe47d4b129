from __future__ import annotations

import pytest

from promptkit.authoring.nodes import Pairs, Source, plain
from promptkit.authoring.yaml_text import load
from promptkit.errors import TemplateError

BOTH_PARSERS = pytest.mark.parametrize("libyaml", [True, False])


def read(text: str, *, libyaml: bool = True):
    node = load(text, source=Source("t.yaml", tuple(text.split("\n"))), libyaml=libyaml)
    return None if node is None else plain(node)


def fault(text: str, *, libyaml: bool = True) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        read(text, libyaml=libyaml)
    return caught.value


@BOTH_PARSERS
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
        ('"5"', "5"),
        ("-7", -7),
        ("0", 0),
        ("2.50", 2.5),
        ("1e3", 1000.0),
        ("007", "007"),
        ("+49", "+49"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_a_plain_value_means_what_json_and_yaml_1_2_say_it_means(written, value, libyaml):
    read_value = read(f"key: {written}\n", libyaml=libyaml)["key"]

    assert read_value == value
    assert type(read_value) is type(value)


def test_a_number_with_ten_thousand_digits_stays_text():
    digits = "9" * 10_000

    assert read(f"n: {digits}") == {"n": digits}


@BOTH_PARSERS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{body?: string}", {"body?": "string"}),
        (
            "{a: b, kb?(array): string, c: Is it ok? Yes}",
            {"a": "b", "kb?(array)": "string", "c": "Is it ok? Yes"},
        ),
        ("[a?, b?c?d]", ["a?", "b?c?d"]),
        ("body?: string", {"body?": "string"}),
        ("'in {a?: b} quotes'", "in {a?: b} quotes"),
        ("? a\n: b", {"a": "b"}),
        ("{? a : b}", {"a": "b"}),
    ],
)
def test_a_question_mark_stays_in_a_key_in_block_and_flow(text, value, libyaml):
    assert read(text, libyaml=libyaml) == value


@BOTH_PARSERS
def test_line_separators_of_unicode_are_ordinary_characters(libyaml):
    text = "a: one\u2028two\x85three\u2029four\nb: [1\n"

    assert read("a: one\u2028two\x85three\u2029four", libyaml=libyaml) == {
        "a": "one\u2028two\x85three\u2029four"
    }
    assert fault(text, libyaml=libyaml).line == 2


def test_an_emoji_counts_as_one_column():
    assert fault("a: '\U0001f600' b").column == 8


def test_keys_are_text_whatever_they_look_like():
    assert read("1: a\ntrue: b\n2024-01-01: c") == {"1": "a", "true": "b", "2024-01-01": "c"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~"])
def test_a_document_without_content_is_none(text):
    assert read(text) is None


def test_nodes_know_line_and_column_in_the_file():
    source = Source("t", ("---", "a:", "  b: [x, 'y']"))
    root = load("a:\n  b: [x, 'y']", source=source, first_line=2)

    assert isinstance(root, Pairs)
    inner = root.entries["a"].value
    assert isinstance(inner, Pairs)
    items = inner.entries["b"].value
    assert (items.place.line, items.place.column) == (3, 6)
    assert items.flow
    assert [(item.place.column, item.style) for item in items.items] == [(7, "plain"), (10, "quoted")]


MALFORMED = [
    ("role: {{ product }} x", 1, 7, 'role: "{{ product }} x"'),
    ("role: {{ product }}", 1, 7, 'role: "{{ product }}"'),
    ("role: {{ a }} # who", 1, 7, 'role: "{{ a }}" # who'),
    ('role: {{ a | d("x") }}', 1, 7, "role: '{{ a | d(\"x\") }}'"),
    ("a:\n  - {{ x }} y", 2, 5, '- "{{ x }} y"'),
    ("a: {% if x %}y{% endif %}", 1, 4, 'a: "{% if x %}y{% endif %}"'),
    ("a: [1, {{ x }} y, 2]", 1, 8, 'quotes: "{{ x }} y"'),
    ("{{ x }}: 1", 1, 1, '"{{ x }}: 1"'),
    ("task: Do this: then that", 1, 14, 'task: "Do this: then that"'),
    ("steps:\n  - One: two: three", 2, 13, '- One: "two: three"'),
    ("a: 1\n  b: 2", 2, 4, "already has a value"),
    ("a:\n\tb: 1", 2, 1, "A tab indents this line"),
    ("a:\n  b: 1\n\tc: 1", 3, 1, "A tab indents this line"),
    ("to: @all", 1, 5, 'to: "@all"'),
    ("to: `x`", 1, 5, 'to: "`x`"'),
    ("to: %x", 1, 5, 'to: "%x"'),
    ("a: 'it's'", 1, 8, 'a: "it\'s"'),
    ('a: "x" y', 1, 8, "a: '\"x\" y'"),
    ("a: [x] y", 1, 8, 'a: "[x] y"'),
    ("a: 'x\nb: 1", 1, 4, "never closed"),
    ('a: "x\nb: 1', 1, 4, "never closed"),
    ("a: [1, 2\nb: 3", 1, 4, "on the next line a comma or ] is missing"),
    ("a: {b: 1\n\n\nc: 3", 1, 4, "3 lines below a comma or } is missing"),
    ('{a: "x"y: 1}', 1, 1, "further on a comma or } is missing"),
    ("a: - b", 1, 4, "on the line below its key"),
    ("a: ]", 1, 4, 'a: "]"'),
    ("a:\n  b: 1\n c: 2", 3, 2, "does not go on"),
    ("- a\nb: c", 2, 1, "does not go on"),
    ("a: |x\n  b", 1, 4, 'a: "|x"'),
    ("a: > x", 1, 4, 'a: "> x"'),
    ("name: a\ndescription\nb: c", 2, 1, "Write it as `key: value`"),
    ("a: * x", 1, 4, 'a: "* x"'),
    ("a: & x", 1, 4, 'a: "& x"'),
    ("a: ? x", 1, 4, 'a: "? x"'),
    ("a: [b, , c]", 1, 8, "in front of this comma"),
    ("a: [b: c: d]", 1, 4, "further on a comma or ]"),
    ("a: [b,\n", 2, 1, "never closed"),
    ("%YAML 3.0\n---\na: 1", 1, 1, "cannot be read here"),
    ("a: 1\nb: 2\na: 3", 3, 1, "The key a is given twice, in line 1 and here"),
    ("x: {a: 1, a: 2}", 1, 11, "The key a is given twice"),
    ("a: &x 1", 1, 4, "an anchor"),
    ("a: *x", 1, 4, 'a: "*x"'),
    ("*x : 1", 1, 1, "an alias"),
    ("a: !!python/object:os.system x", 1, 4, "a tag"),
    ("a: !yes", 1, 4, "a tag"),
    ("[a]: b", 1, 1, "itself a list or a mapping"),
    ("a: 1\n---\nb: 2", 2, 1, "A second YAML document"),
    ("a: \x07", 1, 4, "U+0007"),
    ("a: 1\nb: x\ud800", 2, 5, "U+D800"),
    ("a: " + "[" * 60 + "]" * 60, 1, 53, "more than 50 levels"),
]


@BOTH_PARSERS
@pytest.mark.parametrize(("text", "line", "column", "part"), MALFORMED)
def test_malformed_yaml_is_one_error_with_its_place_and_the_mend(text, line, column, part, libyaml):
    error = fault(text, libyaml=libyaml)

    assert (error.line, error.column) == (line, column)
    assert part in error.problem
    assert error.file == "t.yaml"


def test_an_escape_that_does_not_exist_leads_to_single_quotes():
    error = fault('a: "\\d+"')

    assert error.line == 1
    assert "single quotes" in error.problem


def test_aliases_cannot_blow_up_because_the_first_anchor_is_refused():
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [*a, *a]" for n in range(9))

    error = fault(bomb)

    assert (error.line, error.column) == (1, 4)


def test_a_hundred_thousand_open_brackets_are_an_error_and_no_crash():
    assert "levels" in fault("[" * 100_000).problem


def test_the_line_of_the_file_counts_and_not_that_of_the_yaml():
    source = Source("f", ("---", "a: 1", "a: 2"))

    with pytest.raises(TemplateError) as caught:
        load("a: 1\na: 2", source=source, first_line=2)

    assert str(caught.value).startswith("f:3:1: The key a is given twice, in line 2")
