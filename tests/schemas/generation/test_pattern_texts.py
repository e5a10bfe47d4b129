from __future__ import annotations

import re

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.schemas import Generated, generate
from promptkit.schemas.generation.regular_expressions import Unreadable, parse

SEEDS = [None, *range(15)]


def texts(schema) -> set[str]:
    found = set()
    for seed in SEEDS:
        made = generate({"type": "string", **schema}, seed=seed)
        assert isinstance(made, Generated), made
        found.add(made.value)
    return found


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-F\d]{24}$",
        r"^\d{3}-\d{4}$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+)?$",
        r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$",
        r"^(https?|ftp)://[^\s/$.?#].[^\s]*$",
        r"^#([a-f0-9]{3}|[a-f0-9]{6})$",
        r"^alpha|beta|rc$",
        r"^([^,]+(,|$)){3,}$",
        r"\.(yaml|yml|json)$",
        r"^\S+(\s\S+){0,4}$",
        r"^\p{Lu}\p{Ll}*$",
        r"^[^\W\d_]+$",
        r"^(?!internal_)[a-z_]+$",
        r"^(?=.*\d)(?=.*[a-z])\w{6,}$",
        r"((?:[^/]*/)*)(?=\.(yaml|json))",
        r"\bword\b",
        r"^(a|b)\1$",
        r"^\u0041\x42\t$",
        r"^[\]\\^-]+$",
        r"^[\w-]+$",
        r"^a{2}b{1,}c{0,2}d??$",
        r"^$",
        r"",
        r"^.*$",
        r"^(?:a(?:b(?:c)?)?)?$",
        r"^[^\x00-\x7F]+$",
    ],
)
def test_texts_match_their_pattern_by_two_engines(pattern) -> None:
    found = texts({"pattern": pattern})

    judge = jsonschema_rs.validator_for({"pattern": pattern})
    assert all(judge.is_valid(text) for text in found)
    if r"\p" not in pattern:
        assert all(re.search(pattern, text) for text in found)


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        (r"^[a-z]+$", 50, 50),
        (r"^[a-z]+-[0-9]+$", 20, 22),
        (r"^(ab|cde)+$", 9, 11),
        (r"x", 30, 30),
        (r"^x", 30, 30),
        (r"x$", 30, 30),
        (r"^[a-z]{2,4}( [a-z]{2,4})*$", 12, 14),
        (r"^.{0,300}$", 250, 260),
        (r"^a*b*$", 7, 7),
    ],
)
def test_a_pattern_and_lengths_are_met_together(pattern, least, most) -> None:
    for text in texts({"pattern": pattern, "minLength": least, "maxLength": most}):
        assert least <= len(text) <= most
        assert re.search(pattern, text)


def test_the_word_text_is_written_where_a_pattern_allows_it() -> None:
    made = generate({"type": "string", "pattern": "^[a-z]*$"}, seed=None)

    assert made == Generated(value="text", choices=())


@pytest.mark.parametrize(
    "pattern", ["(", "a)", "[a", "*a", "a{3,1}", "\\", "[z-a]", "(?<", "\\p{Nonsense}", "(" * 60 + ")" * 60, "a" * 6000]
)  # fmt: skip
def test_faulty_and_endless_expressions_are_unreadable(pattern) -> None:
    with pytest.raises(Unreadable):
        parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        ("abc", 3, 3),
        ("^a?$", 0, 1),
        ("a|bcd", 1, 3),
        ("(ab){2,3}", 4, 6),
        ("a+", 1, None),
        ("(?=abc)d", 1, 1),
        (r"(?<q>ab)\k<q>", 2, None),
    ],
)
def test_a_tree_knows_how_long_its_texts_are(pattern, least, most) -> None:
    tree = parse(pattern)

    assert (tree.least, tree.most) == (least, most)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="ab1.*+?|()[]{}^$\\dw-,", max_size=14), st.sampled_from([None, 0, 1]))
def test_any_expression_gives_a_match_or_a_refusal(pattern, seed) -> None:
    schema = {"type": "string", "pattern": pattern}

    made = generate(schema, seed=seed)

    if isinstance(made, Generated):
        assert jsonschema_rs.validator_for(schema).is_valid(made.value)
