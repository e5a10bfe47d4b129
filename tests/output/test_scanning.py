"""One JSON value in pieces: tokens that make the same value as strict reading, and silence for anything else."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.output.scanning import Kind, Scanner
from promptkit.schemas.strict_json import NotJson, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def rebuilt(tokens: list[Any]) -> Any:
    """The value that tokens make, and a check that the pieces of a string are the string."""
    holders: list[Any] = []
    names: list[str] = []
    pieces: list[str] = []
    for kind, value, _ in tokens:
        if kind is Kind.NAME:
            names[-1] = value
        elif kind is Kind.BEGIN:
            pieces = []
        elif kind is Kind.PIECE:
            pieces.append(value)
        elif kind is Kind.OPEN:
            holders.append({} if value == "{" else [])
            names.append("")
        else:
            if kind is Kind.STRING:
                assert "".join(pieces) == value
            made = value
            if kind is Kind.CLOSE:
                made = holders.pop()
                names.pop()
            if not holders:
                return made
            if isinstance(holders[-1], dict):
                holders[-1][names[-1]] = made
            else:
                holders[-1].append(made)
    return None


def pieces_of(text: str, seed: int) -> list[str]:
    cuts = random.Random(seed)
    found = []
    while text:
        size = cuts.choice((1, 1, 2, 3, 5, 40))
        found.append(text[:size])
        text = text[size:]
    return found


def scanned(text: str, seed: int) -> tuple[Scanner, list[Any]]:
    scanner = Scanner()
    tokens = [token for piece in pieces_of(text, seed) for token in scanner.feed(piece)]
    return scanner, [*tokens, *scanner.finish()]


@given(value=VALUES, seed=st.integers(), ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_tokens_make_the_value_that_was_written_however_it_is_cut(
    value: Any, seed: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    scanner, tokens = scanned(text, seed)

    assert (scanner.lost, scanner.done) == (False, True)
    assert json.dumps(rebuilt(tokens)) == json.dumps(value)


@given(
    value=VALUES,
    seed=st.integers(),
    spoil=st.text('{}[]",:\\u0aZ \n\x00\ud83d', min_size=1, max_size=2),
    at=st.floats(0, 1),
)
@settings(max_examples=300)
def test_what_strict_reading_refuses_is_never_told_as_whole(
    value: Any, seed: int, spoil: str, at: float
) -> None:
    text = json.dumps(value)
    place = int(at * len(text))
    text = text[:place] + spoil + text[place:]

    scanner, tokens = scanned(text, seed)

    try:
        expected = parse_json(text)
    except NotJson:
        after = text[scanner.at :].strip() if scanner.done else ""
        assert scanner.lost or not scanner.done or after
    else:
        assert json.dumps(rebuilt(tokens)) == json.dumps(expected)


@pytest.mark.parametrize(
    "text",
    [
        "[1,]",
        "[,1]",
        '{"a":1,}',
        '{"a" 1}',
        "{'a': 1}",
        '{"a":1 "b":2}',
        '["a" "b"]',
        '["\\x"]',
        '["\\ud83d"]',
        '["\\ud83dx"]',
        '["\\ud83d\\u0041"]',
        '["\\ude00"]',
        '["\\u00g0"]',
        '["a\nb"]',
        "[01]",
        "[NaN]",
        "[Infinity]",
        "[1e999]",
        "[+1]",
        "[.5]",
        "[tru]",
        '{"a":1,"a":2}',
        "[1}",
        '{"a":]',
        "[" * 101,
        "[" + "1" * 4301 + "]",
        "[" + "1" * 6000 + "]",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_text_that_is_no_strict_json_is_lost(text: str, size: int) -> None:
    scanner = Scanner()

    for start in range(0, len(text), size):
        scanner.feed(text[start : start + size])

    assert scanner.lost
    assert scanner.feed("]") == scanner.finish() == []


def test_a_number_is_told_when_what_ends_it_is_there() -> None:
    scanner = Scanner()

    assert [kind for kind, _, _ in scanner.feed("[1")] == [Kind.OPEN]
    assert scanner.feed("2") == []
    assert [value for kind, value, _ in scanner.feed("3,") if kind is Kind.SCALAR] == [123]


def test_half_a_character_waits_for_its_other_half() -> None:
    scanner = Scanner()
    told = [
        [value for kind, value, _ in scanner.feed(piece) if kind is Kind.PIECE]
        for piece in ('"x\\ud8', "3d", "\\ude", "00y")
    ]

    assert told == [["x"], [], [], ["😀y"]]


def test_a_mark_inside_a_string_that_was_not_escaped_ends_no_string() -> None:
    scanner = Scanner()

    tokens = scanner.feed('{"a":"He said "hi" to me"}')

    assert scanner.lost
    assert Kind.STRING not in [kind for kind, _, _ in tokens]


@pytest.mark.parametrize(("text", "value"), [(" 12 ", 12), ('"ab"', "ab"), ("null", None), ("-0.5e1", -5.0)])
def test_a_value_without_brackets_is_whole_at_the_end_of_the_text(text: str, value: Any) -> None:
    scanner, tokens = scanned(text, 1)

    assert scanner.done
    assert tokens[-1][1] == value


def test_nothing_is_whole_at_the_end_of_a_text_that_was_cut() -> None:
    for text in ("", "  ", '"ab', "[1", "tr", "1 2"):
        scanner, _ = scanned(text, 1)

        assert not scanner.done
