"""Where a test steps in between prompts and their backends; outside of tests nobody does.

What is set here holds for the whole process, its threads and tasks, since code under test may start them anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["Interception", "intercepted", "require_live", "state"]


class Interception:
    """What stands between prompts and backends.

    Attributes:
        choose: Gives the backend that answers, from the prompt's name and a function that gives the one that would
            answer otherwise; None leaves it at that.
        observers: Who is told of every call of the process.
        gate: Asked with a backend's name before it is asked for real; raises where that is not permitted.
    """

    def __init__(self) -> None:
        self.choose: Callable[[str, Callable[[], Any]], Any] | None = None
        self.observers: tuple[Any, ...] = ()
        self.gate: Callable[[str], None] | None = None


state = Interception()


def require_live(name: str) -> None:
    """Ask whether a backend may be asked for real.

    Args:
        name: The backend's name.

    Raises:
        BackendNotAllowed: When a test has not opened it.
        BudgetExceeded: When the tests have spent what they may.
    """
    if state.gate is not None:
        state.gate(name)


@contextmanager
def intercepted(choose: Callable[[str, Callable[[], Any]], Any], observer: Any) -> Generator[None]:
    """Let ``choose`` give the backends of this process, and tell ``observer`` of every call, for a while.

    Args:
        choose: As in Interception.
        observer: Has ``on_call``.
    """
    before = state.choose, state.observers
    state.choose, state.observers = choose, (*state.observers, observer)
    try:
        yield
    finally:
        state.choose, state.observers = before
