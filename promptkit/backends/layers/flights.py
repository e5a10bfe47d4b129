"""Equal questions at the same time: one is asked, the others wait for its answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from promptkit.backends.layers.forks import begin_anew_in_children
from promptkit.backends.layers.signals import Signal
from promptkit.completions import Completion
from promptkit.errors import BackendError

__all__ = ["Flight", "Flights", "Landing", "NoAnswer"]


class NoAnswer(Enum):
    """Why a flight brought nothing to those who waited."""

    GIVEN_UP = "its caller gave up; another may lead"
    NOT_KEPT = "its answer does not hold the contract; each asks for one of its own"


Landing: TypeAlias = Completion | BackendError | NoAnswer


@dataclass(slots=True)
class Flight:
    """One question under way.

    Attributes:
        landed: Set when it is over.
        outcome: What came of it.
    """

    landed: Signal = field(default_factory=Signal)
    outcome: Landing = NoAnswer.GIVEN_UP


class Flights:
    """The questions under way by their key, shared by all threads and tasks."""

    def __init__(self) -> None:
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Forget what is under way; called in a child process, in which nobody will land it."""
        self._flights: dict[str, Flight] = {}
        self._lock = threading.Lock()

    def join(self, key: str) -> tuple[Flight, bool]:
        """The flight of this key, and whether the caller leads it and must land it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight()
            return flight, True

    def land(self, key: str, flight: Flight) -> None:
        """End a flight and let all who wait go on."""
        with self._lock:
            del self._flights[key]
        flight.landed.set()
