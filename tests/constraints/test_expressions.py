"""Expressions: what they compute, and everything they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.constraints import check_paths, expr
from promptkit.constraints.evaluation import Inapplicable, Uncomputable
from promptkit.constraints.expressions import compile_expression
from promptkit.constraints.paths import EACH

OUTPUT: dict[str, Any] = {
    "category": "security",
    "escalate": True,
    "urgency": 3,
    "price": 1.5,
    "tags": ["a", "b"],
    "none": None,
    "inner": {"deep": [{"x": "Y"}]},
    "rows": [{"n": 0.1, "ok": True, "d": "b"}, {"n": 0.2, "ok": False, "d": "a"}],
    "empty": [],
    "holes": [{"n": 1}, {}, None],
}
INPUTS = {"message": "Hello there", "labels": ["x", "security"]}


def value(expression: str) -> Any:
    return compile_expression(expression).evaluate(output=OUTPUT, inputs=INPUTS)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("output.category != 'security' or output.escalate", True),
        ("output.category == 'security' and not output.escalate", False),
        ("output.category in inputs.labels", True),
        ("'z' not in output.tags", True),
        ("'deep' in output.inner", True),
        ("3 in output.inner", False),
        ("'Hell' in inputs.message", True),
        ("output['urgency'] + 1 == 4", True),
        ("1 < output.urgency <= 3", True),
        ("3 < output.urgency <= 9", False),
        (
            "output.urgency * 2 - 1 == 5 and output.urgency % 2 == 1 and output.urgency / 2 == output.price",
            True,
        ),
        ("-output.urgency == -3", True),
        ("output.inner.deep[0].x == 'Y'", True),
        ("output.tags[-1] == 'b'", True),
        ("output.tags[9] is None", True),
        ("output.nothing is None", True),
        ("output.nothing.deeper is None", True),
        ("output.category is not None", True),
        ("len(output.tags) == 2 and len(inputs.message) == 11", True),
        ("lower(output.inner.deep[0].x) == 'y' and upper('a') == 'A'", True),
        ("startswith(inputs.message, 'Hello') and endswith(inputs.message, 'there')", True),
        ("'a' + 'b' == 'ab'", True),
        ("(1 if output.escalate else 2) == 1", True),
        ("output.escalate == 1", False),
        ("output.urgency in (1, 2)", False),
        ("output.urgency == 3.0", True),
        ("'a' < 'b'", True),
        ("not output.none", True),
        ("sum(values_of(output.rows, 'n')) == 0.3", True),
        ("sum([1, output.urgency]) == 4 and sum(output.empty) == 0", True),
        ("max(values_of(output.rows, 'n')) == 0.2 and min([3, 1.5]) == output.price", True),
        ("min(values_of(output.rows, 'd')) == 'a'", True),
        ("all(values_of(output.rows, 'ok')) or any(values_of(output.rows, 'ok'))", True),
        ("all(output.empty) and not any(output.empty)", True),
        ("count(values_of(output.rows, 'ok')) == 1 and len(output.rows) == 2", True),
        ("'b' in values_of(output.rows, 'd')", True),
        ("values_of(output.holes, 'n') == [1, None, None]", True),
        ("abs(-output.price) == output.price and abs(output.urgency - 5) == 2", True),
        ("round(2.5) == 3 and round(2.675, 2) == 2.68 and round(-0.5) == -1 and round(7, 2) == 7", True),
    ],
)
def test_an_expression_has_its_value(expression, result):
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("import os", "column 1: the expression is no valid Python expression"),
        ("output.a ==", "is no valid Python expression"),
        ("", "is no valid Python expression"),
        ("a == 1", "column 1: the name a is unknown"),
        ("output.a == 1 or ouput.b", r"column 18: the name ouput is unknown \(did you mean output\?\)"),
        ("'é' == os", "column 8: the name os is unknown"),
        ("__import__('os')", "column 1: __import__ is no known function"),
        ("output.__class__", "column 1: __class__ is no field of data"),
        ("output.a.lower()", r"lower is written as a function, as in lower\(output.title\)"),
        ("[x for x in output.tags]", "a loop has no place"),
        ("lambda: 1", "a lambda has no place"),
        ("(y := 1)", "an assignment has no place"),
        ("f'{output}'", "an f-string has no place"),
        ("{'a': 1}", "Dict has no place"),
        ("output.tags[0:1]", "brackets hold one index or one name"),
        ("output.tags[output.urgency]", "brackets hold one index"),
        ("output.tags[True]", "brackets hold one index"),
        ("2 ** 9", "only . - . / % calculate"),
        ("~1 == 2", "only `not` and a minus sign"),
        ("b'x' == 1", "a literal of type bytes"),
        ("1j == 1", "a literal of type complex"),
        ("1 == 1e30", "the number is too large"),
        ("output.a is True", "`is` compares with None alone"),
        ("len(1, 2) == 1", "len takes 1 value"),
        ("startswith('a') == 1", "startswith takes 2 values"),
        ("sum(1, 2) == 3", "column 1: sum takes 1 value"),
        ("1 == max()", "column 6: max takes 1 value"),
        ("round(1, 2, 3) == 1", "column 1: round takes 1 to 2 values"),
        ("sum(values_of(output.rows)) == 1", "column 5: values_of takes 2 values"),
        (
            "values_of(output.rows, output.category)",
            r'column 1: values_of takes the name of a field in quotes, as in values_of\(output.items, "price"\)',
        ),
        ("values_of(output.rows, 3)", "takes the name of a field in quotes"),
        ("pow(2, 3) == 8", "column 1: pow is no known function"),
        ("sum(x for x in output.tags)", "a loop has no place"),
        ("max(output.tags, key=len)", "max takes 1 value"),
        ("lenn(output.a) == 1", r"lenn is no known function \(did you mean len\?\)"),
        ("(output.f)(1)", "f is written as a function"),
        ("len(*output.tags) == 1", "Starred has no place"),
        ("'" + "x" * 1000 + "' == 1", "at most 1000 are allowed"),
        ("1+" * 150 + "1 == 1", "has more than 200 parts"),
        ("not " * 60 + "output.a", "is nested deeper than 40"),
        ("(" * 300 + "1" + ")" * 300, "."),
        ("output.a\0", "."),
    ],
)
def test_everything_else_is_refused_before_any_data_is_there(expression, said):
    with pytest.raises(ValueError, match=said):
        compile_expression(expression)


@given(st.text(max_size=40))
def test_no_text_gets_past_the_whitelist_with_another_exception(text):
    try:
        expression = compile_expression(text)
        expression.evaluate(output=OUTPUT, inputs=INPUTS)
    except (ValueError, Uncomputable, Inapplicable) as error:
        assert not isinstance(error, UnicodeError)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("output.category > 3", "a string and an integer have no order"),
        ("output.tags < output.tags", "a list and a list have no order"),
        ("output.tags + 1 == 2", "a list and an integer cannot be calculated with"),
        ("output.category * 3 == 2", "cannot be calculated with"),
        ("'%s' % output.category == 'x'", "cannot be calculated with"),
        ("output.escalate + 1 == 2", "a boolean and an integer cannot"),
        ("sum(output.tags) == 1", "sum cannot take a list with a string in it"),
        ("sum([True]) == 1", "sum cannot take a list with a boolean in it"),
        ("sum(output.urgency) == 1", "sum cannot take an integer"),
        ("max([1, 'a']) == 1", "max cannot take a list with a string in it"),
        ("min(['a', 1]) == 1", "min cannot take a list with an integer in it"),
        ("abs(output.escalate) == 1", "abs cannot take a boolean"),
        ("round(1.5, 19) == 1", "round takes 0 to 18 places, not 19"),
        ("round(1.5, -1) == 1", "round takes 0 to 18 places"),
        ("values_of(output.tags, 'x')", "values_of takes a list of objects; a string is none"),
        ("sum([1000000000000000000 * 1000000000000000000, 1]) == 1", "a number is too large"),
        ("1 / (output.urgency - 3) == 1", "1 is divided by 0"),
        ("1 % 0 == 1", "1 is divided by 0"),
        ("output.category.x == 1", "a string has no x"),
        ("output.tags.x == 1", "a list has no x"),
        ("output['a b'].c == 1 or output.urgency.x", "an integer has no x"),
        ("len(output.urgency) == 1", "len cannot take an integer"),
        ("1 in output.category", "an integer cannot be searched in a string"),
        ("1 in output.urgency", "nothing can be in an integer"),
        ("-output.category == 1", "a string has no negative"),
        (" * ".join(["1000000000000000000"] * 3) + " == 1", "a number is too large"),
    ],
)
def test_what_has_no_value_for_this_data_says_why(expression, said):
    with pytest.raises(Uncomputable, match=said):
        value(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "output.none > 3",
        "output.none + 1 == 2",
        "-output.none == 1",
        "len(output.none) == 1",
        "1 in output.none",
    ],
)
def test_ordering_by_null_and_calculating_with_it_says_nothing(expression):
    with pytest.raises(Inapplicable):
        value(expression)


def test_a_joined_text_is_bounded():
    long = {"a": "x" * 600_000}

    with pytest.raises(Uncomputable, match="more than 1000000 characters"):
        compile_expression("output.a + output.a == ''").evaluate(output=long, inputs={})


def test_an_expression_knows_the_places_that_it_reads():
    expression = compile_expression("output.a.b[0] == inputs['x'] or len(output.tags[-1]) > 1 and output")

    assert expression.places == (
        ("output", ("a", "b", 0)),
        ("inputs", ("x",)),
        ("output", ("tags", -1)),
        ("output", ()),
    )


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("sum(values_of(output.holes, 'n')) == 1", "sum cannot take a list with null in it"),
        ("max(output.empty) == 1", "max of an empty list is nothing"),
        ("min(output.none) == 1", "min cannot take null"),
        ("values_of(output.nothing, 'n') == 1", "values_of cannot take null"),
        ("abs(output.none) == 1", "abs cannot take null"),
    ],
)
def test_a_function_of_what_is_not_there_is_inapplicable(expression, said):
    with pytest.raises(Inapplicable, match=said):
        value(expression)


def test_the_field_of_values_of_is_a_place_that_is_read():
    expression = compile_expression("sum(values_of(output.rows, 'n')) == output.total")

    assert expression.places == (("output", ("rows", EACH, "n")), ("output", ("total",)))


def test_a_broken_sum_shows_its_parts_and_a_wrong_field_is_found():
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": {"properties": {"n": {}}}}}}
    constraint = expr("sum(values_of(output.rows, 'n')) == 5")
    wrong = expr("sum(values_of(output.rows, 'm')) == 5")

    assert constraint.check({"rows": [{"n": 1}, {"n": 2}]}, {}).got == "rows[].n is [1, 2]"
    assert check_paths([constraint], schema) == ()
    assert [message for _, message in check_paths([wrong], schema)] == [
        "expr is about rows[].m, but the output has no m at rows[]; it has n"
    ]
