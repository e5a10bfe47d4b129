"""Who is told about calls."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from promptkit.records.call_record import CallRecord

__all__ = ["Observer"]


@runtime_checkable
class Observer(Protocol):
    """Anything that wants each call's record, whether the call succeeded or failed."""

    def on_call(self, record: CallRecord) -> None:
        """Take one record; called once a call, in the thread or task that made it."""
        ...
