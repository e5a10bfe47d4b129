"""Patterns of `matches`: what they accept, how they match, that no text makes them slow."""

from __future__ import annotations

import pytest

from promptkit.constraints import matches


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", r"(\w+\s?)+!", "(.*)*x"])
def test_a_text_that_makes_backtracking_explode_is_judged_at_once(pattern):
    # A backtracking engine would not come back from 50,000 characters in this universe's time.
    assert matches("x", pattern).check({"x": "a" * 50_000}, {}).outcome == "violated"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d{3}-\d{4}", "555-1234"),
        ("[A-Z]+(-[A-Z]+)*", "AB-C-DEF"),
        ("([a-z]+,)*[a-z]+", "a,bc,d"),
        (r"\p{L}+", "Straße"),
        ("[^x]+", "größer"),
        ("a|ab", "ab"),
        ("(?i)abc", "ABC"),
        ("(?P<year>[0-9]{4})", "2024"),
        ("^a$", "a"),
        (".{0,1000}", "y" * 1000),
        (".", "\ud800"),
    ],
)
def test_a_common_pattern_matches_as_a_whole(pattern, text):
    constraint = matches("x", pattern)

    assert constraint.check({"x": text}, {}).outcome == "held"
    assert constraint.check({"x": f"{text}\n"}, {}).outcome == ("held" if pattern == "[^x]+" else "violated")


def test_classes_know_ascii_alone():
    assert matches("x", r"\w+").check({"x": "Straße"}, {}).outcome == "violated"
    assert matches("x", r"\d").check({"x": "\u0663"}, {}).outcome == "violated"


@pytest.mark.parametrize("pattern", ["(?=a)a", "(?<!a)b", r"(a)\1", r"a\Z", "a{,3}", "(a{1000}){1000}"])
def test_what_the_linear_engine_lacks_is_refused_with_the_mend(pattern):
    with pytest.raises(ValueError, match="cannot be matched in linear time: .* Write it without look-around"):
        matches("x", pattern)


@pytest.mark.parametrize("pattern", ["(", "a)|(b", "[z-a]"])
def test_what_is_no_regular_expression_is_refused(pattern):
    with pytest.raises(ValueError, match="matches has a pattern that is no regular expression"):
        matches("x", pattern)


@pytest.mark.parametrize("pattern", [r"[\p{L} ]{1,100}", "(?x)a # b"])
def test_a_pattern_that_is_too_large_is_told_from_a_malformed_one(pattern):
    with pytest.raises(ValueError, match="matches has a pattern that is too large or ends in a comment"):
        matches("x", pattern)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\u2028b", "a\u2029b"])
def test_a_dot_is_no_line_break_and_the_class_of_everything_is(text):
    assert matches("x", "a.b").check({"x": text}, {}).outcome == "violated"
    assert matches("x", r"a[\s\S]b").check({"x": text}, {}).outcome == "held"


@pytest.mark.parametrize("pattern", ["(?s)a.b", "(?s:a.b)", "(?is)a.b", r"\\(?s-i:.)"])
def test_the_flag_that_json_schemas_engines_lack_is_refused_with_the_mend(pattern):
    with pytest.raises(ValueError, match=r"the flag s, .* Write \[\\s\\S\] where"):
        matches("x", pattern)


@pytest.mark.parametrize(
    "pattern", [r"\(?s:", "[(?s)]*", "(?:s)", "(?i:s)", "(?P<s>s)", "(?-s:.)", "(?i-s:.)"]
)
def test_what_only_looks_like_that_flag_is_taken(pattern):
    assert matches("x", pattern).check({"x": "s:"}, {}).outcome in ("held", "violated")
