"""Orders of layers that would not do what they say are refused when they are put together."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from promptkit.backends import MockBackend, layers
from promptkit.backends.layers.orders import BEST_ORDER, check_order
from promptkit.errors import ConfigurationError


@pytest.mark.parametrize(
    ("outer", "inner", "reason"),
    [
        ("rate_limit", "retry", "what is asked again would not be counted"),
        ("rate_limit", "cache", "it must not wait for one"),
        ("rate_limit", "fallback", "the limit is one server's"),
        ("rate_limit", "concurrency", "many would then be sent at once"),
        ("concurrency", "cache", "it must not wait for its turn"),
        ("concurrency", "retry", "would keep its place from others"),
        ("budget", "cache", "it must not be refused or charged"),
        ("budget", "retry", "what is asked again would be sent unchecked"),
        ("budget", "fallback", "the others would be sent to unchecked"),
    ],
)
def test_an_order_that_does_not_do_what_it_says_is_refused_with_the_reason_and_the_mend(
    outer, inner, reason
) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        check_order(outer, [inner])

    assert str(caught.value).startswith(f"{outer} stands around {inner}: ")
    assert f"Put {inner} around {outer}" in str(caught.value)


@pytest.mark.parametrize("kind", ["cache", "concurrency", "rate_limit", "retry"])
def test_a_layer_twice_is_refused(kind) -> None:
    with pytest.raises(ConfigurationError, match=f"{kind} stands around {kind}: .*Leave one of them out"):
        check_order(kind, [kind])


@pytest.mark.parametrize("kind", ["budget", "fallback"])
def test_two_budgets_and_a_fallback_within_a_fallback_make_sense(kind) -> None:
    check_order(kind, [kind])


def test_the_order_that_errors_name_works() -> None:
    for outer, inner in combinations(BEST_ORDER, 2):
        check_order(outer, [inner])


def test_a_layer_further_in_is_seen() -> None:
    backend = layers.retry(layers.concurrency(MockBackend(), max_parallel=2))

    with pytest.raises(ConfigurationError, match="rate_limit stands around retry"):
        layers.rate_limit(backend)
    with pytest.raises(ConfigurationError, match="retry stands around retry"):
        layers.retry(backend)


def test_no_layer_is_hidden_by_a_module_of_its_name() -> None:
    modules = {path.stem for path in Path(layers.__file__).parent.glob("*.py")}

    assert modules.isdisjoint(layers.__all__)
