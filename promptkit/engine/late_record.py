"""The record of a call, made when somebody asks for it: its fingerprint costs more than all else of it."""

from __future__ import annotations

from collections.abc import Callable

from promptkit.records import CallRecord

__all__ = ["LateRecord"]


class LateRecord:
    """A record that is made on first use; two are equal when their records are.

    Args:
        make: Makes it, from values that change no more.
    """

    __slots__ = ("_make", "_record")

    def __init__(self, make: Callable[[], CallRecord]) -> None:
        self._make = make
        self._record: CallRecord | None = None

    @property
    def record(self) -> CallRecord:
        """The record; the same object each time."""
        if self._record is None:
            self._record = self._make()
        return self._record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LateRecord) and self.record == other.record

    __hash__ = None  # type: ignore[assignment]  # records hold dicts

    def __reduce__(self) -> tuple[Callable[[CallRecord], LateRecord], tuple[CallRecord]]:
        return _made, (self.record,)


def _made(record: CallRecord) -> LateRecord:
    return LateRecord(lambda: record)
