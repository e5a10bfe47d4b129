"""The path syntax: read, written, followed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.constraints import Path, parse
from promptkit.constraints.paths import EACH

_STEP = st.one_of(st.text(min_size=1, max_size=8), st.integers(0, 999), st.just(EACH))

DATA: dict[str, Any] = {
    "reply": "hi",
    "a": {"b": None},
    "docs": [{"id": "x", "tags": ["p", "q"]}, {"id": "y"}, 3],
    "my key": {"x.y": 1},
}


@given(st.lists(_STEP, max_size=6))
def test_what_a_path_writes_is_read_as_the_same_path(steps):
    path = Path(tuple(steps))

    assert parse(str(path)) == path


@given(st.text(max_size=20))
def test_any_text_is_a_path_or_an_error_that_shows_the_mend(text):
    try:
        path = parse(text)
    except ValueError as error:
        assert "column" in str(error)
    else:
        assert parse(str(path)) == path


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", [("", DATA)]),
        ("reply", [("reply", "hi")]),
        ("a.b", [("a.b", None)]),
        ("a.c", []),
        ("a[]", []),
        ("reply.x", []),
        ("docs[].id", [("docs[0].id", "x"), ("docs[1].id", "y")]),
        ("docs[].tags[]", [("docs[0].tags[0]", "p"), ("docs[0].tags[1]", "q")]),
        ("docs[1].id", [("docs[1].id", "y")]),
        ("docs[9]", []),
        ('["my key"]["x.y"]', [('["my key"]["x.y"]', 1)]),
    ],
)
def test_a_path_finds_the_places_that_exist(text, values):
    assert parse(text).values(DATA) == values


def test_a_list_at_the_root_is_reached_by_brackets():
    assert parse("[].a").values([{"a": 1}, {"a": 2}]) == [("[0].a", 1), ("[1].a", 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a..b", "column 2"),
        (".a", "column 1"),
        ("a b", "column 2"),
        ("a[x]", "column 2"),
        ("a[", "column 2"),
        ("a.", "column 2"),
        ("a[]b", "column 4"),
        ('a["x', "column 2"),
        ("docs[id=.doc].text", "selectors are not supported yet; use [] for every item"),
        ("x" * 501, "a path has 501 characters"),
    ],
)
def test_what_is_no_path_is_refused_with_the_mend(text, said):
    with pytest.raises(ValueError, match=said.replace("[]", r"\[\]")):
        parse(text)


def test_a_bad_escape_in_a_quoted_name_is_refused():
    with pytest.raises(ValueError, match="cannot be read at column 2"):
        parse('a["\\q"]')
