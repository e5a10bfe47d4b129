from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.schemas import Generated, generate, shrink
from promptkit.schemas.raw_schemas import raw_validator

ORDERS = {
    "type": "object",
    "properties": {
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "amount": {"type": "integer", "minimum": -1000, "maximum": 1000},
                    "note": {"type": ["string", "null"]},
                },
                "required": ["amount"],
            },
        },
        "name": {"type": "string", "minLength": 2},
        "kind": {"enum": ["retail", "trade", "staff"]},
    },
    "required": ["lines", "name", "kind"],
}


def amounts(value) -> list[int]:
    return [line["amount"] for line in value["lines"]]


def first_for(schema, keep) -> Generated:
    for seed in range(300):
        made = generate(schema, seed=seed)
        assert isinstance(made, Generated)
        if keep(made.value):
            return made
    raise AssertionError("no seed gives such a value")


def order(made: Generated):
    return len(made.choices), made.choices


def test_what_does_not_matter_becomes_plain() -> None:
    def keep(value) -> bool:
        return any(amount > 100 for amount in amounts(value))

    smallest = shrink(ORDERS, first_for(ORDERS, keep), keep)

    assert smallest.value["name"] == "text"
    assert smallest.value["kind"] == "retail"
    assert len(smallest.value["lines"]) == 1
    assert smallest.value["lines"][0] == {"amount": 101}


def test_a_list_keeps_no_more_items_than_are_needed() -> None:
    def keep(value) -> bool:
        return len(value["lines"]) >= 3

    smallest = shrink(ORDERS, first_for(ORDERS, keep), keep)

    assert smallest.value["lines"] == [{"amount": 0}] * 3


def test_a_value_that_need_not_be_special_becomes_the_plainest_of_all() -> None:
    given_value = first_for(ORDERS, lambda value: len(value["lines"]) > 1)

    assert shrink(ORDERS, given_value, lambda _: True) == generate(ORDERS, seed=None)


def test_without_tries_or_a_simpler_value_the_given_one_comes_back() -> None:
    def keep(value) -> bool:
        return value["kind"] == "staff"

    start = first_for(ORDERS, keep)

    assert shrink(ORDERS, start, keep, tries=0) is start
    assert shrink(ORDERS, start, lambda value: value == start.value).value == start.value
    assert shrink(False, start, keep) is start


def test_no_more_values_are_tried_than_allowed() -> None:
    asked = []

    def keep(value) -> bool:
        asked.append(value)
        return False

    shrink(ORDERS, first_for(ORDERS, lambda value: len(value["lines"]) > 2), keep, tries=9)

    assert 0 < len(asked) <= 9


def test_suggested_values_shrink_too() -> None:
    schema = {"type": "array", "items": {"type": "string", "title": "Name"}}

    def suggest(_path, fragment, choices):
        from promptkit.schemas import NOTHING

        return choices.pick(["Ada", "Grace", "Alan"]) if "title" in fragment else NOTHING

    def keep(value) -> bool:
        return "Alan" in value

    for seed in range(100):
        start = generate(schema, seed=seed, suggest=suggest)
        assert isinstance(start, Generated)
        if keep(start.value):
            break

    assert shrink(schema, start, keep, suggest=suggest).value == ["Alan"]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 10_000), st.integers(-50, 50), st.integers(0, 3))
def test_a_shrunk_value_is_valid_keeps_what_is_kept_and_is_never_bigger(seed, bound, count) -> None:
    start = generate(ORDERS, seed=seed)
    assert isinstance(start, Generated)
    above = len([amount for amount in amounts(start.value) if amount > bound])

    def keep(value) -> bool:
        return len([amount for amount in amounts(value) if amount > bound]) >= min(above, count)

    smallest = shrink(ORDERS, start, keep, tries=150)

    assert keep(smallest.value)
    assert raw_validator(ORDERS).is_valid(smallest.value)
    assert order(smallest) <= order(start)
