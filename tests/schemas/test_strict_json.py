"""Strict JSON against json.loads, and every refusal with its position."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.schemas.strict_json import MAX_DEPTH, NotJson, parse_json

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(_JSON, st.booleans(), st.sampled_from(["", " ", "\n\t", "\r\n"]))
def test_every_json_value_is_read_as_json_loads_reads_it(data, ascii_only, blanks):
    text = blanks + json.dumps(data, ensure_ascii=ascii_only) + blanks

    assert parse_json(text) == json.loads(text) == data


@given(st.text(max_size=30))
def test_no_text_is_taken_that_json_loads_refuses(text):
    try:
        value = parse_json(text)
    except NotJson as error:
        assert error.problem.message
    else:
        assert value == json.loads(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no text"),
        ("  \n", "there is no text"),
        ("hello", "a JSON value was expected (line 1, column 1)"),
        ('{"a": 1} done', "there is more text after the JSON value (line 1, column 10)"),
        ('{"a": 1}{"a": 2}', "there is more text after the JSON value (line 1, column 9)"),
        ('{\n  "a": }', "a JSON value was expected (line 2, column 8)"),
        ('{"a" 1}', "a colon was expected after the name (line 1, column 6)"),
        ('{"a": 1 "b": 2}', "a comma or a closing bracket was expected (line 1, column 9)"),
        ("{a: 1}", "a name in double quotes was expected (line 1, column 2)"),
        ('{"a": "x', "a string is not closed (line 1, column 7)"),
        ('{"a": "\\q"}', "a string holds a backslash that escapes nothing (line 1, column 8)"),
        ('"\\u12"', "a string holds a \\u escape without four hexadecimal digits (line 1, column 3)"),
        ('"a\nb"', "a string holds a raw control character; it is written as an escape (line 1, column 3)"),
        ("\ufeff{}", "a byte order mark stands before the JSON value (line 1, column 1)"),
        ('{"NaN": NaN}', "NaN is no JSON value (line 1, column 9)"),
        ("[1, -Infinity]", "-Infinity is no JSON value (line 1, column 5)"),
        ("[1e400]", "the number 1e400 is too large (line 1, column 2)"),
        ('{"a": {"a": 1}, "b": "a", "a": 2}', 'the name "a" occurs twice in one object (line 1, column 27)'),
        ('[{"x": 1}, {"y": 1,\n"\\u0079": 2}]', 'the name "y" occurs twice in one object (line 2, column 1)'),
        ('["\\ud800"]', "a string holds an unpaired surrogate, which is no character"),
        ('{"\\udc00": 1}', "a string holds an unpaired surrogate, which is no character"),
    ],
)
def test_what_is_no_strict_json_is_refused_with_its_place(text, sentence):
    with pytest.raises(NotJson) as caught:
        parse_json(text)

    assert caught.value.problem.message == sentence
    assert caught.value.problem.rule == "json"


def test_a_trailing_comma_is_refused_in_every_python():
    with pytest.raises(NotJson) as caught:
        parse_json('{"a": 1,}')

    assert "line 1, column" in caught.value.problem.message


def test_nesting_of_100_is_read_and_of_101_refused_at_the_bracket_that_is_too_deep():
    parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)

    with pytest.raises(NotJson, match=r"nested deeper than 100 \(line 1, column 101\)"):
        parse_json("[" * 101 + "]" * 101)
    with pytest.raises(NotJson, match="nested deeper"):
        parse_json('{"a":' * 100_000)


def test_many_flat_brackets_and_brackets_in_strings_are_no_depth():
    text = json.dumps([[], {}, "[[[[{{{{"] * 200)

    assert parse_json(text) == json.loads(text)


def test_a_number_of_ten_thousand_digits_is_refused_in_a_sentence():
    with pytest.raises(NotJson, match="a number has too many digits"):
        parse_json("9" * 10_000)


def test_a_paired_surrogate_escape_is_one_character():
    assert parse_json('"\\ud83d\\ude00"') == "😀"


def test_what_was_found_is_shown_as_a_json_string():
    with pytest.raises(NotJson) as caught:
        parse_json('Sure! "here"')

    assert caught.value.problem.got == '"Sure! \\"here\\""'
