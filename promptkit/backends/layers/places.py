"""Places that calls take and give back; who finds none waits in the order of coming."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator

from promptkit.backends.layers.effects import Effect, LayerCall, Wait
from promptkit.backends.layers.forks import begin_anew_in_children
from promptkit.backends.layers.signals import Signal

__all__ = ["Places"]


class Places:
    """A number of places, shared by all threads and tasks.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Free all places; called in a child process, in which nobody will leave them."""
        self._free = self._count
        self._waiting: deque[Signal] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, call: LayerCall) -> Generator[Effect, None, bool]:
        """Take a place, which must be left; False when the call's deadline or its cancelling came first."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = Signal()
            self._waiting.append(turn)
        try:
            yield Wait(signal=turn, timeout_s=call.left_s)
        except BaseException:
            if not self._withdrawn(turn):
                self.leave()
            raise
        return not self._withdrawn(turn)

    def leave(self) -> None:
        """Give a place to who has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _withdrawn(self, turn: Signal) -> bool:
        """Wait no more; False when the turn has come already, and with it a place."""
        with self._lock:
            if turn.is_set:
                return False
            self._waiting.remove(turn)
            return True
