"""Which layer may stand around which: orders that would not do what they say are refused, with the reason."""

from __future__ import annotations

from collections.abc import Iterable

from promptkit.errors import ConfigurationError

__all__ = ["BEST_ORDER", "check_order"]

BEST_ORDER = ("cache", "fallback", "retry", "budget", "concurrency", "rate_limit")
"""From the outside in; each order that is not refused works, this one wastes least."""

_ONCE = frozenset({"cache", "concurrency", "rate_limit", "retry"})
_TWICE = {
    "cache": "the inner cache would never be asked for what the outer one holds",
    "concurrency": "the smaller of the two numbers alone would count",
    "rate_limit": "each request would wait for both, and the slower one alone would count",
    "retry": "the attempts would multiply",
}
_FREE = "an answer that is kept costs nothing and asks no server"
_REFUSED = {
    ("rate_limit", "retry"): "what is asked again would not be counted",
    ("rate_limit", "cache"): f"{_FREE}, so it must not wait for one",
    ("rate_limit", "fallback"): "the limit is one server's, and the others would be asked within it",
    ("rate_limit", "concurrency"): (
        "a request that was let through could still wait for its turn, and many would then be sent at once"
    ),
    ("concurrency", "cache"): f"{_FREE}, so it must not wait for its turn",
    ("concurrency", "retry"): "a call that waits to be asked again would keep its place from others",
    ("budget", "cache"): f"{_FREE}, so it must not be refused or charged",
    ("budget", "retry"): "what is asked again would be sent unchecked",
    ("budget", "fallback"): "the others would be sent to unchecked, at the first one's price",
}


def check_order(outer: str, inside: Iterable[str]) -> None:
    """Refuse a layer around others where that makes no sense.

    Args:
        outer: The layer that is put around them.
        inside: The layers inside, on the way to any backend.

    Raises:
        ConfigurationError: With the reason, and with an order that works.
    """
    found = set(inside)
    if outer in _ONCE and outer in found:
        raise ConfigurationError(f"{outer} stands around {outer}: {_TWICE[outer]}. Leave one of them out.")
    for inner in BEST_ORDER:
        reason = _REFUSED.get((outer, inner)) if inner in found else None
        if reason is not None:
            raise ConfigurationError(
                f"{outer} stands around {inner}: {reason}. Put {inner} around {outer}; from the outside in, "
                f"{', '.join(BEST_ORDER)} is an order that works."
            )
