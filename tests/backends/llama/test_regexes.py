from __future__ import annotations

import random

import jsonschema_rs
import pytest

from promptkit.backends.llama.regexes import Unsayable, found_regex, reads_otherwise, whole_regex
from promptkit.backends.llama.spellings import JSON, PLAIN
from promptkit.constraints.patterns import matches_whole

PATTERNS = [
    "a.b",
    r"a[\s\S]b",
    "(?-i:a.)b",
    "[^a]+",
    r"\s\S",
    r"[\s\w]+",
    r"\W+",
    r"[^\s]+",
    r"(?i)straße|k+",
    r"(?i:a)b",
    r"[a-c\-]{2,3}",
    r"\p{L}+\d*",
    r"[\p{Lu}x]+",
    r'"\\?"',
    "a/b",
    "(?:x|yz)*",
    "(?P<n>a)(b)?",
    r"[\x00-\x{1f}]+",
    r"[^\x{20}-\x{7e}]",
    r"\u0041\x42",
    r"\n\t",
    r'[\n"]+',
    "^(a|b)+$",
    "é+[à-ü]",
    r"\.\*",
    "[-a]+",
    r"[\D]",
    r"\pL\PL",
    "",
    "a||b",
    r"[\w.+-]+@[\w-]+\.[a-z]{2,}",
    r"[\x{feff}\x{85}]",
    "x*?y+?",
]
LETTERS = [*'abcxyzABKk019_-. \n\t\r"\\/é@É+*#', *"\u0085\ufeff\u2028\x00\x1f\x7fß\u017f\u212a😀\u00a0ü"]
TEXTS = ["", "a\nb", "ab", "a@b.cc", "STRASSE", "straße", "xyzyz", '"', '"\\"', "AB"]


def texts(seed):
    chance = random.Random(seed)
    return TEXTS + ["".join(chance.choices(LETTERS, k=chance.randint(1, 3))) for _ in range(60)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("spelling", [PLAIN, JSON])
def test_a_rewritten_pattern_matches_the_texts_that_the_check_matches(takes, pattern, spelling):
    grammar = grammar_of(whole_regex(pattern, spelling), spelling)

    differing = [
        text
        for text in texts(pattern)
        if takes(grammar, spelled(text, spelling)) != matches_whole(pattern, text)
    ]

    assert differing == []


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("spelling", [PLAIN, JSON])
def test_a_schemas_pattern_is_found_where_the_validator_finds_it(takes, pattern, spelling):
    validator = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    grammar = grammar_of(found_regex(pattern, spelling), spelling)

    differing = [
        text for text in texts(pattern) if takes(grammar, spelled(text, spelling)) != validator.is_valid(text)
    ]

    assert differing == []


def grammar_of(regex, spelling):
    quote = '"\\""' if spelling.quote else ""
    body = f"/(?:{spelling.character})*/ & /{regex}/" if regex else '""'
    return f"start: TEXT\nTEXT: {quote} ({body}) {quote}"


def spelled(text, spelling):
    return spelling.quote + spelling.spelled(text) + spelling.quote


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        ("(?s)a.b", "flags other than i"),
        ("(?x)a b", "flags other than i"),
        (r"(a)\1", r"the pattern has \\1"),
        (r"\bword", r"the pattern has \\b"),
        ("[[:alpha:]]", "class inside a class"),
        ("[a&&b]", "class inside a class"),
        ("[]a]", "an empty class"),
        (r"[\d-x]", "a range from or to a class"),
        ("a{,3}", "an unescaped {"),
        ("a^b", r"\^ behind its beginning"),
        ("(?:a$)*b", r"\$ before its end"),
        (r"\x{d800}", "which is no character"),
        ("a)", "an unbalanced bracket"),
        ("a*{2}", "repeats a repeat"),
        ("a{1,}+", "repeats a repeat"),
    ],
)
def test_a_pattern_that_the_engine_cannot_follow_is_named(pattern, reason):
    with pytest.raises(Unsayable, match=reason):
        whole_regex(pattern, JSON)


@pytest.mark.parametrize("pattern", ["^a|b$", r"\Aab\z", "(?:^a)"])
def test_anchors_inside_a_schemas_pattern_are_not_guessed(pattern):
    with pytest.raises(Unsayable, match="anchor|behind its beginning"):
        found_regex(pattern, JSON)


def test_patterns_that_two_engines_read_differently_are_known():
    otherwise = [
        r"a\s",
        r"[\S]",
        "[[:space:]]",
        "a.b",
        r"\\.",
        r"\[.",
        "(?s).",
        "[a].[b]",
        '[^"]',
        r"a[^\\x]",
        r"\pC",
        "[^ -~]",
    ]
    alike = [
        r"\d",
        "[a-z]+",
        r"a\.b",
        "[.]",
        r"[\].]",
        r"\\s",
        r"\p{Ll}",
        "",
        "[^a]",
        r'[^\x00-\x1f"]',
        r"\[\^x]",
    ]

    assert [pattern for pattern in otherwise + alike if reads_otherwise(pattern)] == otherwise
