"""Layers as a configuration names them."""

from __future__ import annotations

from typing import Any

import pytest
from tenacity import stop_after_attempt

from promptkit.backends import MockBackend
from promptkit.backends.layers.stacks import stacked
from promptkit.errors import BudgetExceeded, ConfigurationError, ServerError


def nobody(name: str) -> Any:
    raise ConfigurationError(f"there is no backend profile {name}")


def shape(backend: Any) -> str:
    return repr(backend).replace(", seen=0", "")


def test_layers_stand_in_the_order_of_the_list_the_outermost_first(tmp_path) -> None:
    wishes = [
        {"cache": {"file": str(tmp_path / "a.sqlite"), "max_age_s": 60}},
        {"retry": {"attempts": 5, "stop": stop_after_attempt(2)}},
        {"budget": {"calls": 3}},
        {"concurrency": {"max_parallel": 2}},
        "rate_limit",
    ]

    backend = stacked(MockBackend(name="m"), wishes, where="layers", named=nobody)

    assert shape(backend) == "cache(retry(budget(concurrency(rate_limit(MockBackend(name='m'))))))"
    backend.close()


def test_an_empty_list_is_the_backend_itself() -> None:
    mock = MockBackend()

    assert stacked(mock, [], where="layers", named=nobody) is mock


def test_what_stands_behind_fallback_stands_around_each_and_a_budget_is_one_for_all(text_question) -> None:
    others = {name: MockBackend(["yes"], name=name) for name in ("b", "c")}
    wishes = [
        {"fallback": {"to": ["b", "c"], "on": ["ServerError"]}},
        {"budget": {"calls": 2}},
        {"concurrency": {"max_parallel": 1}},
    ]
    first = MockBackend([ServerError("boom"), ServerError("boom")], name="a")

    backend = stacked(first, wishes, where="layers", named=others.__getitem__)

    each = [f"budget(concurrency(MockBackend(name='{name}')))" for name in "abc"]
    assert shape(backend) == f"fallback({', '.join(each)})"
    assert backend.complete(text_question).text == "yes"
    with pytest.raises(BudgetExceeded):
        backend.complete(text_question)


def test_one_name_is_enough_for_to() -> None:
    backend = stacked(
        MockBackend(name="a"),
        [{"fallback": {"to": "b"}}],
        where="l",
        named=lambda name: MockBackend(name=name),
    )

    assert shape(backend) == "fallback(MockBackend(name='a'), MockBackend(name='b'))"


def test_the_price_of_a_budget_is_given_beside_its_limits() -> None:
    wishes = [{"budget": {"money": 1, "price": {"input": 1, "output": 2}}}]

    assert shape(stacked(MockBackend(name="x"), wishes, where="l", named=nobody)).startswith("budget(")


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ("retry", "layers of default takes a list, the outermost first"),
        ({"retry": {}}, "takes a list"),
        (3, "takes a list"),
        ([3], "3 is no layer; write a name, or a table"),
        ([{}], "is no layer"),
        ([{"retry": {}, "cache": {}}], "is no layer"),
        ([{"retry": 5}], "is no layer"),
        (["retri"], r"there is no layer retri \(did you mean retry\?\); there are budget, cache"),
        (
            [{"retry": {"atempts": 5}}],
            r"retry has no option atempts \(did you mean attempts\?\); it takes attempts",
        ),
        ([{"retry": {"attempts": 0}}], "retry: attempts is 0; it must be at least 1"),
        ([{"retry": {"attempts": "many"}}], "layers of default: retry: "),
        ([{"budget": {}}], "budget: a budget limits tokens, money, seconds or calls"),
        ([{"budget": {"dollars": 3}}], "budget has no option dollars; it takes calls"),
        ([{"budget": {"money": 1}}], "no price is known for x"),
        ([{"fallback": {}}], "fallback lacks to"),
        ([{"fallback": {"to": [3]}}], "fallback lacks to"),
        ([{"fallback": {"to": ["b"], "of": 1}}], "fallback has no option of"),
        ([{"fallback": {"to": ["b"]}}], "there is no backend profile b"),
        (["rate_limit", "retry"], "rate_limit stands around retry"),
        (["concurrency"], "concurrency: .*max_parallel"),
    ],
)
def test_what_makes_no_layers_is_told_its_right_form(wishes, said) -> None:
    with pytest.raises(ConfigurationError, match=said):
        stacked(MockBackend(name="x"), wishes, where="layers of default", named=nobody)
