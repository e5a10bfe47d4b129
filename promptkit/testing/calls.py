"""The calls that a test's code made, each as its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import overload

from promptkit.records import CallRecord

__all__ = ["Calls"]


class Calls(Sequence[CallRecord]):
    """Finished calls in the order in which they ended; grows while code runs, from any thread.

    ``calls[0]`` is the first; ``calls["support/*"]`` are those of prompts whose name fits the pattern. A record
    holds the inputs (``prompt.inputs``), the rendered messages (``request.messages``), each attempt with the answer
    and its verdicts (``attempts``), the value as plain data (``output``) or the ``error``.
    """

    def __init__(self, records: Sequence[CallRecord] = ()) -> None:
        self._records = list(records)

    def on_call(self, record: CallRecord) -> None:
        """Take one record."""
        self._records.append(record)

    @overload
    def __getitem__(self, index: int) -> CallRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    @overload
    def __getitem__(self, index: str) -> Calls: ...
    def __getitem__(self, index: int | slice | str) -> CallRecord | Calls:
        if isinstance(index, str):
            return Calls([record for record in self._records if fnmatchcase(record.prompt.name, index)])
        if isinstance(index, slice):
            return Calls(self._records[index])
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(list(self._records))

    def __repr__(self) -> str:
        names = [f"{record.prompt.name} ({record.status})" for record in self._records]
        return f"Calls([{', '.join(names)}])"
