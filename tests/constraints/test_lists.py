"""Lists without repeats, and lists in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.constraints import Scope, Unjudged, sorted_by, unique

DATED = [{"date": "2026-01-02"}, {"date": "2026-01-03"}, {"date": "2026-01-01"}]


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        (unique("tags"), "`tags` has no item twice."),
        (unique("rows", "sku"), "`rows` has no two items with the same `sku`."),
        (unique("", "shop", "doc.sku"), "The answer has no two items with the same `shop` and `doc.sku`."),
        (sorted_by("tags"), "`tags` is sorted in ascending order."),
        (sorted_by("rows", "date", order="descending"), "`rows` is sorted by `date` in descending order."),
    ],
)
def test_rules_on_lists_are_said_of_the_list(constraint, sentence):
    assert constraint.sentence() == sentence


@pytest.mark.parametrize(
    ("constraint", "value", "got", "hint"),
    [
        (unique("x"), ["a", "b", "c", "b", "a"], 'items [1] and [3] are both "b"', "Leave out item [3] or change it: it repeats item [1], counted from 0."),
        (unique("x"), [{"a": 1, "b": [1]}, {"b": [1.0], "a": 1}], 'items [0] and [1] are both {"b": [1.0], "a": 1}', "Leave out item [1] or change it: it repeats item [0], counted from 0."),
        (unique("x", "s", "d.n"), [{"s": 1, "d": {"n": 2}}, {"s": 1}, {"s": 1, "d": {"n": 2}, "z": 0}], "items [0] and [2] are both s 1 and d.n 2", "Leave out item [2] or change it: it repeats item [0], counted from 0."),
        (unique("x"), "aa", "a string", "Write a list in which nothing occurs twice."),
        (sorted_by("x"), [1, 3, 2], "item [2] is 2, behind 3", "Put item [2] before item [1], counted from 0, and look through the rest."),
        (sorted_by("x"), ["b", "a", 1, None], 'item [1] is "a", behind "b"', "Put item [1] before item [0], counted from 0, and look through the rest."),
        (sorted_by("x", order="descending"), [1, 1, 2], "item [2] is 2, behind 1", "Put item [2] before item [1], counted from 0, and look through the rest."),
        (sorted_by("x", "date"), DATED, 'item [2] is "2026-01-01", behind "2026-01-03"', "Put item [2] before item [1], counted from 0, and look through the rest."),
        (sorted_by("x"), ["2026-01-01T12:00:00+05:00", "2026-01-01T06:00:00Z"], 'item [1] is "2026-01-01T06:00:00Z", behind "2026-01-01T12:00:00+05:00"', "Put item [1] before item [0], counted from 0, and look through the rest."),
        (sorted_by("x"), {"a": 1}, "an object", "Write a list in ascending order."),
    ],
)  # fmt: skip
def test_the_first_pair_that_breaks_the_rule_is_named(constraint, value, got, hint):
    verdict = constraint.check({"x": value}, {})

    assert (verdict.outcome, verdict.got, verdict.hint) == ("violated", got, hint)


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        (unique("x"), []),
        (unique("x"), [1, True, "1", None, [1], [[1]], {}, {"a": None}]),
        (unique("x", "sku"), [{"sku": 1}, {"sku": True}, {}, {}, "a", "a", {"sku": None}, {"sku": None}]),
        (sorted_by("x"), []),
        (sorted_by("x"), [None]),
        (sorted_by("x"), [1, 1.0, 2.5]),
        (sorted_by("x"), ["B", "a", "\u00e4"]),
        (sorted_by("x"), ["2026-01-01T06:00:00Z", "2026-01-01T11:30:00+05:00"]),
        (sorted_by("x", "d.n", order="descending"), [{"d": {"n": 2}}, {"d": {"n": 2}}, {"d": {"n": 1}}]),
    ],
)
def test_a_list_that_holds_the_rule(constraint, value):
    assert constraint.check({"x": value}, {}).outcome == "held"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1, "a"], 'items [0] and [1] have no order: 1 and "a"'),
        ([1, 2, None], "items [1] and [2] have no order: 2 and null"),
        ([True, False], "items [0] and [1] have no order: true and false"),
        ([[1], [2]], "items [0] and [1] have no order: [1] and [2]"),
    ],
)
def test_neighbours_without_an_order_leave_it_unjudged(value, said):
    with pytest.raises(Unjudged) as raised:
        sorted_by("x").rule.fault(value, Scope(output=None, inputs={}))

    assert str(raised.value) == said


@given(st.lists(st.integers() | st.floats(allow_nan=False)) | st.lists(st.text()))
def test_order_is_that_of_sorted(items):
    held = sorted_by("x").check({"x": items}, {}).outcome == "held"
    falling = sorted_by("x", order="descending").check({"x": items[::-1]}, {}).outcome == "held"

    assert held == (items == sorted(items)) == falling
