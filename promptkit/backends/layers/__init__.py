"""Wrappers around any backend, themselves backends.

Importing this room loads nothing: each name loads its module when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptkit.backends.layers.budgets import Budget, budget
    from promptkit.backends.layers.caches import cache
    from promptkit.backends.layers.clocks import Clock
    from promptkit.backends.layers.fallbacks import fallback
    from promptkit.backends.layers.parallel_calls import concurrency
    from promptkit.backends.layers.rate_limits import rate_limit
    from promptkit.backends.layers.retries import retry

__all__ = ["Budget", "Clock", "budget", "cache", "concurrency", "fallback", "rate_limit", "retry"]

_HOMES = {
    "Budget": "promptkit.backends.layers.budgets",
    "Clock": "promptkit.backends.layers.clocks",
    "budget": "promptkit.backends.layers.budgets",
    "cache": "promptkit.backends.layers.caches",
    "concurrency": "promptkit.backends.layers.parallel_calls",
    "fallback": "promptkit.backends.layers.fallbacks",
    "rate_limit": "promptkit.backends.layers.rate_limits",
    "retry": "promptkit.backends.layers.retries",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
