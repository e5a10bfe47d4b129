"""Plain data by its places."""

from __future__ import annotations

import pytest

from promptkit.schemas.leaves import count_leaves, has_place, value_at, with_value

ORDER = {"customer": "Ann", "items": [{"name": "tea"}, {"name": None}], "paid": True}


def test_what_stands_at_a_place_is_found() -> None:
    assert value_at(ORDER, ()) == ORDER
    assert value_at(ORDER, ("items", 1, "name")) is None
    assert has_place(ORDER, ("items", 1, "name"))


@pytest.mark.parametrize(
    "place", [("none",), ("items", 2), ("items", -1), ("items", "name"), ("customer", 0), ("paid", "x"), (0,)]
)
def test_where_nothing_stands_is_said_by_its_path(place: tuple[str | int, ...]) -> None:
    assert not has_place(ORDER, place)
    with pytest.raises(LookupError, match="nothing stands at "):
        value_at(ORDER, place)


def test_a_value_is_put_at_its_place_and_the_data_before_stays_as_it_is() -> None:
    changed = with_value(ORDER, ("items", 0, "name"), "coffee")

    assert changed == {"customer": "Ann", "items": [{"name": "coffee"}, {"name": None}], "paid": True}
    assert ORDER["items"] == [{"name": "tea"}, {"name": None}]
    assert with_value(ORDER, ("note",), "x") == {**ORDER, "note": "x"}
    assert with_value(ORDER, (), 1) == 1


@pytest.mark.parametrize("place", [("items", 2), ("items", "x"), ("none", "x"), ("customer", "x")])
def test_a_value_is_put_nowhere_but_into_what_is_there(place: tuple[str | int, ...]) -> None:
    with pytest.raises(LookupError):
        with_value(ORDER, place, 1)


def test_leaves_are_counted_with_empty_ones_as_one() -> None:
    assert count_leaves(ORDER) == 4
    assert count_leaves({"a": [], "b": {}, "c": None}) == 3
    assert count_leaves([]) == 1
