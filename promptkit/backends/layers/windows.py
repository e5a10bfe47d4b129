"""What may be sent in a minute, and when the next may be; decided without waiting."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from promptkit.completions import Allowance

__all__ = ["WINDOW_S", "Entry", "Window"]

WINDOW_S = 60.0  # limits are per minute


@dataclass(slots=True)
class Entry:
    """What was sent at a time: one request, or some tokens."""

    at: float
    amount: int
    counted: bool = True


class Window:
    """The last minute of what was sent: its sum stays within a limit in any 60 seconds.

    Args:
        limit: The most in 60 s; None to take what the server says.
    """

    def __init__(self, limit: int | None) -> None:
        self._own = limit
        self._said: int | None = None
        self._entries: deque[Entry] = deque()
        self._sum = 0
        self._left: int | None = None
        self._full_at = 0.0

    @property
    def limit(self) -> int | None:
        """The lower of our limit and the server's; None while neither is known."""
        known = [limit for limit in (self._own, self._said) if limit is not None]
        return min(known, default=None)

    @property
    def counts(self) -> bool:
        """False while nothing limits what this window counts."""
        return self.limit is not None or self._left is not None

    def earliest(self, amount: int, now: float) -> float:
        """The earliest time at which ``amount`` may be sent. More than a whole limit may go alone."""
        while self._entries and self._entries[0].at + WINDOW_S <= now:
            gone = self._entries.popleft()
            gone.counted = False
            self._sum -= gone.amount
        if self._left is not None and now >= self._full_at:
            self._left = None
        at = self._full_at if self._left is not None and self._left < amount else now
        limit = self.limit
        if limit is None:
            return at
        total = self._sum + min(amount, limit)
        for entry in self._entries:
            if total <= limit:
                break
            at = max(at, entry.at + WINDOW_S)
            total -= entry.amount
        return at

    def add(self, amount: int, now: float) -> Entry:
        """Enter what is sent now."""
        limit = self.limit
        entry = Entry(now, amount if limit is None else min(amount, limit))
        self._entries.append(entry)
        self._sum += entry.amount
        if self._left is not None:
            self._left = max(0, self._left - entry.amount)
        return entry

    def correct(self, entry: Entry, amount: int) -> None:
        """Say what an entry really was."""
        if entry.counted:
            self._sum += amount - entry.amount
        entry.amount = amount

    def hear(self, said: Allowance, entry: Entry | None, now: float) -> None:
        """Take what the server said in its answer to ``entry``.

        Args:
            said: The allowance, as it was when the server took the request.
            entry: The request's own entry; None where it has none.
            now: The present time.
        """
        if said.limit and not _is_of_less_than_a_minute(said):
            self._said = said.limit
        if said.left is None:
            return
        # What was sent behind that request the server had not seen yet.
        later = 0
        for it in reversed(self._entries):
            if entry is None or it is entry:
                break
            later += it.amount
        self._left = max(0, said.left - later)
        self._full_at = now + (WINDOW_S if said.reset_s is None else said.reset_s)


def _is_of_less_than_a_minute(said: Allowance) -> bool:
    """True for a limit that is there again so soon that it cannot be one per minute, such as one per second.

    What is left of such a limit is kept all the same.
    """
    if said.limit is None or said.left is None or not said.reset_s:
        return False
    again_per_minute = (said.limit - said.left) * WINDOW_S / said.reset_s
    return again_per_minute > 2 * said.limit  # twice, since times are rounded
