"""What a child process begins anew: locks, queues and questions under way belong to threads of its parent."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["begin_anew_in_children"]


class _Shared(Protocol):
    """What threads share."""

    def begin_anew(self) -> None:
        """Forget who waits and what is under way, and unlock."""
        ...


_shared: weakref.WeakSet[_Shared] = weakref.WeakSet()


def begin_anew_in_children(shared: _Shared) -> None:
    """Call ``shared.begin_anew`` in each child that a fork makes of this process."""
    _shared.add(shared)


def _in_child() -> None:
    for shared in list(_shared):
        shared.begin_anew()


if hasattr(os, "register_at_fork"):  # not on Windows, which knows no fork
    os.register_at_fork(after_in_child=_in_child)
