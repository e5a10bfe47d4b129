"""Families over every rule on values: its edges, the values made to fit, its schema beside its check."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptkit.constraints import (
    Bounds,
    Constraint,
    Fits,
    Hints,
    Narrows,
    Scope,
    Unjudged,
    at_least,
    at_most,
    between,
    format_of,
    from_file,
    no_invented,
    not_after,
    not_before,
    one_of,
    one_of_input,
    quoted_from,
    sorted_by,
    unique,
)
from promptkit.constraints.formats import FORMATS
from promptkit.schemas.raw_schemas import raw_validator

INPUTS: dict[str, Any] = {
    "ticket": {"subject": "Offline", "body": "Router A-1042 is off since 7:30.\nPlease help, “quickly”."},
    "labels": ["hardware", "billing", "hardware", None, 3],
    "options": [{"id": "o1"}, {"id": "o2"}],
    "catalogue": {"pen": 1, "ink": 2},
    "kb": [{"text": "Hold reset for 10 s."}],
}
SCOPE = Scope(output=None, inputs=INPUTS)
STRING = {"type": "string"}
WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
ROWS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"sku": STRING, "date": {"type": "string", "format": "date"}, "n": WHOLE},
        "required": ["sku"],
    },
}

# Each rule with a schema of a field, and exactly what stands at its edges there.
EDGES = [
    (between("x", 1, 5), WHOLE, (1, 5), (0, 6)),
    (between("x", 1, 5), NUMBER, (1, 5), (0.9, 5.1)),
    (between("x", 0, 0.5), NUMBER, (0, 0.5), (-0.1, 0.51)),
    (between("x", 0.2, 2.7), WHOLE, (1, 2), (0, 3)),
    (between("x", 1, 12), {**WHOLE, "multipleOf": 5}, (5, 10), (0, 15)),
    (between("x", 1.2, 1.8), WHOLE, (), (1, 2)),
    (at_least("x", 3), WHOLE, (3,), (2,)),
    (at_least("x", 10**30), WHOLE, (10**30,), (10**30 - 1,)),
    (at_most("x", 0.25), NUMBER, (0.25,), (0.251,)),
    (at_most("x", 3), STRING, (), ()),
    (between("x", "2026-01-01", "2026-12-31"), STRING, ("2026-01-01", "2026-12-31"), ("2025-12-31", "2027-01-01")),
    (
        between("x", "2026-01-01", "2026-01-02"),
        {"type": "string", "format": "date-time"},
        ("2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z"),
        ("2025-12-31T12:00:00Z", "2026-01-03T12:00:00Z"),
    ),
    (between("x", "08:00", "18:00"), STRING, ("08:00", "18:00"), ("07:59:59", "18:00:01")),
    (between("x", "00:00", "23:59:59"), STRING, ("00:00", "23:59:59"), ()),
    (at_least("x", "2024-02-29"), STRING, ("2024-02-29",), ("2024-02-28",)),
    (
        not_before("x", "2026-01-01T00:00:00.5+02:00"),
        STRING,
        ("2026-01-01T00:00:00.5+02:00",),
        ("2025-12-31T23:59:59.5+02:00",),
    ),
    (not_after("x", "9999-12-31"), STRING, ("9999-12-31",), ()),
    (one_of("x", ["a", "ax", None]), STRING, ("a", "ax"), ("axx",)),
    (one_of("x", ["a", 1, 1.5, True]), WHOLE, (1,), (2,)),
    (one_of("x", [True]), {"type": "boolean"}, (True,), (False,)),
    (one_of_input("x", "labels"), STRING, ("hardware", "billing"), ("billingx",)),
    (one_of_input("x", "options[].id"), STRING, ("o1", "o2"), ("o2x",)),
    (one_of_input("x", "catalogue", names=True), STRING, ("pen", "ink"), ("inkx",)),
    (one_of_input("x", "nothing"), STRING, (), ()),
    (unique("x"), {"type": "array", "items": STRING}, (["a", "b"],), (["a", "a"],)),
    (unique("x"), {"type": "array", "items": {"enum": ["v", "u"]}}, (["u", "v"],), (["u", "u"],)),
    (unique("x"), {"type": "array", "items": {"$ref": "#/$defs/a"}}, (), ()),
    (unique("x", "sku"), ROWS, ([{"sku": "a", "date": "2026-01-01", "n": 1}, {"sku": "b", "date": "2026-01-02", "n": 2}],), ([{"sku": "a", "date": "2026-01-01", "n": 1}] * 2,)),
    (sorted_by("x"), {"type": "array", "items": WHOLE}, ([1, 2],), ([2, 1],)),
    (sorted_by("x", order="descending"), {"type": "array", "items": STRING}, (["b", "a"],), (["a", "b"],)),
    (sorted_by("x"), {"type": "array", "items": STRING, "maxItems": 1}, (), ()),
    (format_of("x", "email"), STRING, ("ann@example.com",), ("ann@",)),
    (quoted_from("x", "ticket.body"), STRING, ("Router A-1042 is off since 7:30.",), ("Router A-1042 is off since .03:7",)),
    (quoted_from("x", "ticket.body"), {**STRING, "maxLength": 9}, ("Router A-",), ("Router -A",)),
    (quoted_from("x", "nothing"), STRING, (), ()),
    (no_invented("x"), STRING, ("It is 1.",), ("It is 4.",)),
    (no_invented("x", sources=["kb"]), WHOLE, (10,), (11,)),
    (no_invented("x", ["urls"]), STRING, (), ()),
]  # fmt: skip
CONSTRAINTS = [
    *(constraint for constraint, *_ in EDGES),
    sorted_by("x", "date", order="descending"),
    *(format_of("x", name) for name in FORMATS),
]


def named(constraint: Any) -> str:
    return constraint.sentence()[:60] if isinstance(constraint, Constraint) else ""


@pytest.mark.parametrize(("constraint", "fragment", "inside", "outside"), EDGES, ids=named)
def test_a_rule_gives_the_values_at_its_edge(constraint, fragment, inside, outside):
    assert isinstance(constraint.rule, Bounds)
    boundary = constraint.rule.boundary(fragment, SCOPE)

    assert (boundary.inside, boundary.outside) == (inside, outside)


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=named)
@pytest.mark.parametrize("fragment", [STRING, WHOLE, NUMBER, ROWS, {"type": "array", "items": STRING}, {}])
def test_what_is_inside_holds_and_what_is_outside_breaks(constraint, fragment):
    assert isinstance(constraint.rule, Bounds)
    boundary = constraint.rule.boundary(fragment, SCOPE)

    for value in boundary.inside:
        assert constraint.check({"x": value}, INPUTS).outcome == "held", value
    for value in boundary.outside:
        verdict = constraint.check({"x": value}, INPUTS)
        assert verdict.outcome == "violated", value
        assert verdict.got
        assert isinstance(constraint.rule, Hints)
        assert verdict.hint
        assert verdict.hint[0].isupper()
        assert verdict.hint[-1] in ".?"


MISFITS: list[tuple[Constraint, Any, Any]] = [
    (between("x", 1, 5), 9, 5),
    (between("x", 1, 5), -2.5, 1),
    (between("x", 0.5, 2.5), 7, 2),
    (between("x", 0.5, 2.5), 0, 1),
    (between("x", 1.2, 1.8), 9, 1.2),
    (between("x", 1, 5), float("nan"), 5),
    (at_least("x", 2.5), 1, 3),
    (at_most("x", 2.5), 7.0, 2.5),
    (at_most("x", "2026-05-01"), "2027-01-01", "2026-05-01"),
    (at_most("x", "2026-05-01"), "2027-01-01T10:00:00Z", "2026-05-01T10:00:00Z"),
    (between("x", "2026-01-01", "2026-12-31"), "soon", "2026-01-01"),
    (not_before("x", "10:00"), "11:00Z", "10:00"),
    (one_of("x", ["billing", "hardware"]), "Hardwear", "hardware"),
    (one_of("x", ["a", 3, True]), 9, 3),
    (one_of_input("x", "labels"), "biling", "billing"),
    (unique("x"), [1, 1.0, True, "1", [1], [True]], [1, True, "1", [1], [True]]),
    (unique("x", "a"), [{"a": 1}, {"b": 1}, {"a": 1.0}, {"a": None}, {"b": 2}], [{"a": 1}, {"b": 1}, {"a": None}, {"b": 2}]),
    (sorted_by("x"), [3, 1.5, 2], [1.5, 2, 3]),
    (sorted_by("x", "n", order="descending"), [{"n": 1, "a": 1}, {"n": 2}, {"n": 1, "a": 2}], [{"n": 2}, {"n": 1, "a": 1}, {"n": 1, "a": 2}]),
    (format_of("x", "url"), "example.com", "https://example.com/a"),
    (quoted_from("x", "ticket.body"), "Nothing like it", "Router A-1042 is"),
    (no_invented("x"), "Call 555 or A-1042, see https://a.b.", "Call  or A-1042, see ."),
    (no_invented("x"), {"n": [7, 12]}, {"n": [7, 10]}),
]  # fmt: skip


@pytest.mark.parametrize(("constraint", "value", "fitted"), MISFITS)
def test_a_value_that_breaks_a_rule_is_made_to_hold_it(constraint, value, fitted):
    before = copy.deepcopy(value)
    assert isinstance(constraint.rule, Fits)
    made = constraint.rule.fitted(value, SCOPE)

    assert made == fitted
    assert type(made) is type(fitted)
    assert constraint.check({"x": made}, INPUTS).outcome == "held"
    assert repr(value) == repr(before)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-05-01", "2026-05-01T10:00:00Z", "10:00:00Z", "a@b.example", "hardware", "o1", "7:30"]
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["sku", "n"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=named)
@settings(max_examples=30, deadline=None)
@given(value=PLAIN)
def test_any_value_is_judged_and_what_holds_stays_as_it_is(constraint, value):
    assert isinstance(constraint.rule, Fits)
    verdict = constraint.check({"x": value}, INPUTS)
    fitted = constraint.rule.fitted(value, SCOPE)

    assert verdict.got is None or len(verdict.got) <= 120
    if verdict.outcome == "held":
        assert fitted == value
    elif type(fitted) is not type(value) or fitted != value:
        assert constraint.check({"x": fitted}, INPUTS).outcome == "held"


# Rules that JSON Schema can say wholly, each with a field.
SAID = [
    (between("x", 1, 5), NUMBER),
    (at_least("x", 3), NUMBER),
    (at_most("x", 0.5), NUMBER),
    (one_of("x", ["a", 1, None, True]), {}),
    (one_of("x", ["a", 1.0]), {"enum": ["a", 1, "b"]}),
    (unique("x"), {"type": "array"}),
    *((format_of("x", name), STRING) for name in FORMATS if name != "url"),
]


@pytest.mark.parametrize(("constraint", "fragment"), SAID, ids=named)
@settings(max_examples=40, deadline=None)
@given(value=PLAIN | st.lists(st.sampled_from([1, 1.0, True, "1", None, [1], [1.0], [True]]), max_size=3))
def test_the_narrowed_schema_and_the_check_agree(constraint, fragment, value):
    assert isinstance(constraint.rule, Narrows)
    before = copy.deepcopy(fragment)
    narrowed = constraint.rule.narrow(fragment)
    holds = constraint.rule.fault(value, SCOPE) is None

    assert raw_validator(narrowed).is_valid(value) == (raw_validator(fragment).is_valid(value) and holds)
    assert fragment == before


@pytest.mark.parametrize(("constraint", "fragment", "inside", "outside"), EDGES, ids=named)
def test_the_narrowed_schema_takes_what_is_inside(constraint, fragment, inside, outside):
    narrowed = constraint.rule.narrow(fragment) if isinstance(constraint.rule, Narrows) else fragment

    for value in inside:
        assert raw_validator({"$defs": {"a": {}}, **narrowed}).is_valid(value)


@pytest.mark.parametrize(
    ("constraint", "fragment", "narrowed"),
    [
        (at_least("x", 3), {**WHOLE, "minimum": 5}, {**WHOLE, "minimum": 5}),
        (at_most("x", 3), {**WHOLE, "maximum": 5}, {**WHOLE, "maximum": 3}),
        (not_before("x", "2026-01-01"), STRING, {**STRING, "format": "date"}),
        (not_before("x", "2026-01-01"), {**STRING, "format": "date-time"}, {**STRING, "format": "date-time"}),
        (at_most("x", "2026-01-01T10:00:00Z"), STRING, {**STRING, "format": "date-time"}),
        (at_most("x", "2026-01-01T10:00:00"), STRING, STRING),
        (between("x", "10:00:00Z", "11:00:00Z"), STRING, {**STRING, "format": "time"}),
        (between("x", "10:00", "11:00"), STRING, STRING),
        (unique("x", "sku"), ROWS, ROWS),
        (format_of("x", "url"), STRING, {**STRING, "format": "uri"}),
        (format_of("x", "uuid"), {**STRING, "format": "date"}, {**STRING, "format": "date"}),
    ],
)
def test_a_rule_says_in_the_schema_what_can_be_said_there(constraint, fragment, narrowed):
    assert isinstance(constraint.rule, Narrows)
    assert constraint.rule.narrow(fragment) == narrowed


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=named)
def test_a_constraint_pickles_and_is_hashable(constraint):
    again = pickle.loads(pickle.dumps(constraint))

    assert again == constraint
    assert hash(again.rule) == hash(constraint.rule)


HUGE: dict[str, Any] = {
    "text": "a" * 1_000_000,
    "digits": "1 " * 20_000,
    "blanks": " " * 1_000_000,
    "surrogate": "\ud800",
    "integer": 10**400,
    "list": [1] * 100_000,
    "deep": [[[[[[[[["x"]]]]]]]]],
}


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=named)
@pytest.mark.parametrize("name", HUGE)
def test_hostile_values_are_judged_too(constraint, name):
    verdict = constraint.check({"x": HUGE[name]}, {**INPUTS, "ticket": {"body": "b" * 1000}})

    assert verdict.outcome in ("held", "violated", "unchecked")
    assert verdict.got is None or len(verdict.got) <= 120
    assert verdict.hint is None or len(verdict.hint) <= 500


@pytest.mark.parametrize(
    ("kind", "argument", "same"),
    [
        ("at_least", 3, at_least("x", 3)),
        ("at_most", 3.5, at_most("x", 3.5)),
        ("at_least", "2026-01-01", at_least("x", "2026-01-01")),
        ("at_most", "10:00", at_most("x", "10:00")),
        ("between", ["2026-01-01", "2026-12-31"], between("x", "2026-01-01", "2026-12-31")),
        ("not_before", "2026-01-01", not_before("x", "2026-01-01")),
        ("not_after", "2026-01-01", not_after("x", "2026-01-01")),
        ("one_of_input", "labels", one_of_input("x", "labels")),
        ("one_of_input", {"names_of": "catalogue"}, one_of_input("x", "catalogue", names=True)),
        ("unique", True, unique("x")),
        ("unique", "sku", unique("x", "sku")),
        ("unique", ["shop", "doc.sku"], unique("x", "shop", "doc.sku")),
        ("sorted", "descending", sorted_by("x", order="descending")),
        ("sorted", {"by": "date"}, sorted_by("x", "date")),
        ("sorted", {"by": "date", "order": "descending"}, sorted_by("x", "date", order="descending")),
        ("format", "email", format_of("x", "email")),
        ("no_invented", True, no_invented("x")),
        ("no_invented", ["numbers", "urls"], no_invented("x", ["numbers", "urls"])),
        ("no_invented", {"of": "numbers", "from": "kb"}, no_invented("x", ["numbers"], sources=["kb"])),
        ("no_invented", {"from": ["kb", "ticket.body"]}, no_invented("x", sources=["kb", "ticket.body"])),
    ],
)
def test_a_file_writes_the_same_constraints(kind, argument, same):
    assert from_file(kind, argument, path="x", options={}) == same
    assert same.id == f"x.{kind}"


@pytest.mark.parametrize(
    ("kind", "argument", "said"),
    [
        ("at_least", "soon", 'at_least takes a number or a date such as "2026-01-31", a time such as "09:30"'),
        ("at_least", True, 'at_least takes a finite number, as in at_least: 3, or a date, as in at_least: "2026-01-31"; got true'),
        ("at_most", float("inf"), "at_most takes a finite number, as in at_most: 3"),
        ("at_most", [3], "at_most takes a finite number"),
        ("at_most", "2026-02-30", "at_most takes a number or a date such as"),
        ("between", ["2026-12-31", "2026-01-01"], r"between has 2026-12-31 behind 2026-01-01; write the earlier one first: \[2026-01-01, 2026-12-31\]"),
        ("between", ["2026-12-31", "10:00"], "which are no pair; write both as a date"),
        ("between", ["10:00", "11:00Z"], "with a time zone in both or in neither"),
        ("between", ["2026-12-31"], r"between takes two numbers or two dates, as in between: \[2026-01-01, 2026-12-31\]"),
        ("between", ["2026-12-31", 4], "between takes two finite numbers"),
        ("not_before", 3, "not_before takes a number or a date such as"),
        ("one_of_input", 3, "one_of_input takes the path of an input, as in one_of_input: labels; got 3"),
        ("one_of_input", {"names": "a"}, "one_of_input takes the path of an input"),
        ("one_of_input", "", "one_of_input takes the path of an input"),
        ("one_of_input", "a..b", "cannot be read at column 2"),
        ("unique", False, r"unique takes true or fields of the items, as in unique: true or unique: \[shop, sku\]; got false"),
        ("unique", [], "unique takes true or fields"),
        ("unique", ["a[]"], r"unique takes fields of the items as names joined by dots, as in doc.id; got \"a\[\]\""),
        ("unique", [""], "unique takes fields of the items as names"),
        ("sorted", "ascendin", r'sorted is "ascendin" \(did you mean ascending\?\); it is ascending or descending'),
        ("sorted", {}, "sorted takes ascending or descending, as in sorted: descending or"),
        ("sorted", 3, "sorted takes ascending or descending"),
        ("sorted", {"ordr": "descending"}, r"sorted has no ordr \(did you mean order\?\); write sorted: \{by: date"),
        ("sorted", {"by": "[0]"}, "sorted takes fields of the items as names"),
        ("format", "emial", r'format "emial" is unknown \(did you mean email\?\); known are date, date-time'),
        ("format", "json", r"any other form is described by matches, as in matches: '\[A-Z\]\{2\}\[0-9\]\{4\}'"),
        ("format", 3, "format takes the name of a format, as in format: email; got 3"),
        ("no_invented", False, "no_invented takes true or lists of texts, as in no_invented: true or"),
        ("no_invented", {}, "no_invented takes true or what is judged"),
        ("no_invented", [], "no_invented takes true or lists of texts"),
        ("no_invented", ["number"], r'no_invented judges no "number" \(did you mean numbers\?\); it judges numbers, urls, emails, quotes'),
        ("no_invented", {"form": "kb"}, r"no_invented has no form \(did you mean from\?\)"),
        ("no_invented", {"from": ""}, "no_invented takes at least one kind and no empty path"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_a_full_sentence_with_an_example(kind, argument, said):
    with pytest.raises(ValueError, match=said):
        from_file(kind, argument, path="x", options={})


def test_a_rule_that_can_say_nothing_raises_unjudged():
    with pytest.raises(Unjudged, match="have no order"):
        sorted_by("x").rule.fault([1, "a"], SCOPE)
