"""The path syntax: read, written, followed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.constraints import Path, parse
from promptkit.constraints.paths import EACH, Where

_NAME = st.from_regex(r"[a-z_]{1,6}", fullmatch=True)
_VALUE = st.one_of(st.text(max_size=6), st.integers(-9, 9), st.booleans(), st.none())
_SELECTOR = st.one_of(
    st.builds(Where, _NAME, _VALUE),
    st.builds(
        lambda name, steps: Where(name, tuple(steps), relative=True),
        _NAME,
        st.lists(_NAME, min_size=1, max_size=3),
    ),
)
_STEP = st.one_of(st.text(min_size=1, max_size=8), st.integers(0, 999), st.just(EACH), _SELECTOR)

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
        ("docs[id=y].id", [("docs[1].id", "y")]),
        ('docs[id="x"].tags[]', [("docs[0].tags[0]", "p"), ("docs[0].tags[1]", "q")]),
        ("docs[id=z]", []),
        ("docs[9]", []),
        ('["my key"]["x.y"]', [('["my key"]["x.y"]', 1)]),
    ],
)
def test_a_path_finds_the_places_that_exist(text, values):
    assert parse(text).values(DATA) == values


@pytest.mark.parametrize(
    ("parent", "texts"), [({"doc": "x"}, ["p", "q"]), ({"doc": "y"}, []), ({}, []), (None, [])]
)
def test_a_relative_selector_compares_with_the_object_that_holds_the_judged_value(parent, texts):
    found = parse("docs[id=.doc].tags[]").found(DATA, parent=parent)

    assert [one.value for one in found] == texts


def test_a_selector_tells_numbers_booleans_and_texts_apart():
    data = [{"n": 1}, {"n": True}, {"n": "1"}]

    assert [path for path, _ in parse("[n=1]").values(data)] == ["[0]"]
    assert [path for path, _ in parse("[n=true]").values(data)] == ["[1]"]
    assert [path for path, _ in parse('[n="1"]').values(data)] == ["[2]"]


def test_what_a_path_leads_to_knows_the_object_around_it():
    found = list(parse("docs[].tags[]").found(DATA))

    assert found[0].parent == DATA["docs"][0]
    assert [one.path for one in found] == ["docs[0].tags[0]", "docs[0].tags[1]"]


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
        ("docs[id=].text", "column 5"),
        ("docs[id=.a..b].text", "column 5"),
        ("x" * 501, "a path has 501 characters"),
    ],
)
def test_what_is_no_path_is_refused_with_the_mend(text, said):
    with pytest.raises(ValueError, match=said.replace("[]", r"\[\]")):
        parse(text)


def test_a_bad_escape_in_a_quoted_name_is_refused():
    with pytest.raises(ValueError, match="cannot be read at column 2"):
        parse('a["\\q"]')
