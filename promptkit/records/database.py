"""A store of records in a file of SQLite: bounded, searchable, shared by many processes."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from promptkit.errors import ConfigurationError
from promptkit.records.call_record import CallRecord
from promptkit.records.keeping import Redact, kept_part
from promptkit.records.tables import RecordTables

__all__ = ["Feedback", "RecordDatabase", "RecordRow"]

_INSERT = """
INSERT INTO records (id, prompt, status, started_at, bytes, record) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""
_OLDEST = "DELETE FROM records WHERE seq = (SELECT seq FROM records ORDER BY started_at, seq LIMIT 1)"
_ROWS = """
SELECT id, prompt, status, started_at, bytes,
    (SELECT json_group_object(name, value) FROM tags WHERE tags.seq = records.seq),
    (SELECT score FROM feedback WHERE feedback.seq = records.seq ORDER BY number DESC LIMIT 1)
FROM records
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """What is known of a record without reading it.

    Attributes:
        id: The record's id.
        prompt: The prompt's name.
        status: ``ok`` or ``failed``.
        started_at: Seconds since the epoch.
        bytes: The record's size as JSON.
        tags: The caller's labels.
        score: The last feedback's score; None without feedback.
    """

    id: str
    prompt: str
    status: str
    started_at: float
    bytes: int
    tags: Mapping[str, str]
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody said of an answer.

    Attributes:
        score: Below 0 is bad, above 0 is good.
        note: Why; empty where nothing was said.
        given_at: Seconds since the epoch.
    """

    score: float
    note: str
    given_at: float


class RecordDatabase:
    """Keeps records in a file of SQLite; safe for many threads and processes, and never larger than its bounds.

    A record is kept whole or not at all. With each one that is kept those beyond a bound go, the oldest first.

    Args:
        path: The file; it is made when missing, its folder must exist.
        max_records: How many records are kept at most.
        max_bytes: Their size as JSON, together; a single larger record is not kept.
        max_age_s: Seconds after its beginning when a call is forgotten; None for no bound.
        content: False to keep no inputs, messages and answers, see
            :func:`promptkit.records.without_content`.
        redact: Changes a record before it is kept, or gives None to keep none. An error of it is raised to the
            caller, and nothing is kept.
        make: False to raise where the file is missing.

    Raises:
        ConfigurationError: When the file cannot be used, or a bound is not above zero.
    """

    def __init__(  # noqa: PLR0913 - each has a default
        self,
        path: str | os.PathLike[str],
        *,
        max_records: int = 100_000,
        max_bytes: int = 2**30,
        max_age_s: float | None = None,
        content: bool = True,
        redact: Redact | None = None,
        make: bool = True,
    ) -> None:
        for name, bound in (("max_records", max_records), ("max_bytes", max_bytes), ("max_age_s", max_age_s)):
            if bound is not None and not bound > 0:
                raise ConfigurationError(f"{name}={bound!r} keeps nothing; give a number above 0")
        self.path = Path(path)
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._content = content
        self._redact = redact
        self._tables = RecordTables(self.path, make=make)

    def on_call(self, record: CallRecord) -> None:
        """Keep ``record``, also after :meth:`close`: a call may end later than the block it began in.

        Raises:
            ConfigurationError: When the file cannot be used, or ``redact`` gives back no record.
        """
        kept = kept_part(record, content=self._content, redact=self._redact)
        if kept is None:
            return
        text = kept.to_json()
        size = len(text.encode())
        row = (kept.id, kept.prompt.name, kept.status, kept.started_at, size, text)
        with self._tables.transaction() as file:
            added = file.execute(_INSERT, row)
            if added.rowcount == 0:  # told of twice, for example by two blocks around one call
                return
            tags = [(name, value, added.lastrowid) for name, value in kept.tags.items()]
            file.executemany("INSERT INTO tags (name, value, seq) VALUES (?, ?, ?)", tags)
            since = None if self._max_age_s is None else time.time() - self._max_age_s
            _make_room(file, max_records=self._max_records, max_bytes=self._max_bytes, since=since)

    def get(self, id: str) -> CallRecord:  # noqa: A002 - the record's own word
        """The record of an id, or of the beginning of one.

        Raises:
            ConfigurationError: When there is none, when several ids begin so, or when it cannot be read.
        """
        with self._tables.reading() as file:
            row = self._found(file, id, "id, record")
        try:
            return CallRecord.from_dict(json.loads(row[1]))
        except ValueError as error:
            raise ConfigurationError(f"the record {row[0]} of {self.path} cannot be read: {error}") from error

    def rows(
        self,
        *,
        prompt: str | None = None,
        failed: bool = False,
        where: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[RecordRow, ...]:
        """The records that fit, the newest first.

        Args:
            prompt: The prompt's name, or a pattern such as ``support/*``.
            failed: True for those that failed.
            where: Tags with their values; all of them must fit.
            limit: How many at most; None for all.
        """
        wanted: list[str] = []
        values: list[str | int] = []
        if prompt is not None:
            wanted.append("prompt GLOB ?")
            values.append(prompt)
        if failed:
            wanted.append("status = 'failed'")
        for name, value in (where or {}).items():
            wanted.append("seq IN (SELECT seq FROM tags WHERE name = ? AND value = ?)")
            values += (name, value)
        condition = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        values.append(-1 if limit is None else limit)
        with self._tables.reading() as file:
            found = file.execute(
                f"{_ROWS}{condition} ORDER BY started_at DESC, seq DESC LIMIT ?", values
            ).fetchall()
        return tuple(
            RecordRow(
                id=row[0],
                prompt=row[1],
                status=row[2],
                started_at=row[3],
                bytes=row[4],
                tags=json.loads(row[5]),
                score=row[6],
            )
            for row in found
        )

    def feedback(self, id: str, score: float, *, note: str = "") -> None:  # noqa: A002 - the record's own word
        """Say how good an answer was.

        Args:
            id: The record's id, or the beginning of one.
            score: Below 0 is bad, above 0 is good.
            note: Why.

        Raises:
            ConfigurationError: When there is no such record, several begin so, or the score is no finite number.
        """
        if not math.isfinite(score):
            raise ConfigurationError(f"{score} is no score; give a number, for example -1 or 1")
        with self._tables.transaction() as file:  # so that the record does not go meanwhile
            row = self._found(file, id, "seq")
            file.execute(
                "INSERT INTO feedback (seq, given_at, score, note) VALUES (?, ?, ?, ?)",
                (row[0], time.time(), float(score), note),
            )

    def feedback_of(self, id: str) -> tuple[Feedback, ...]:  # noqa: A002 - the record's own word
        """What was said of a record, the first first.

        Raises:
            ConfigurationError: When there is no such record, or several begin so.
        """
        with self._tables.reading() as file:
            row = self._found(file, id, "seq")
            found = file.execute(
                "SELECT score, note, given_at FROM feedback WHERE seq = ? ORDER BY number", (row[0],)
            ).fetchall()
        return tuple(Feedback(score=score, note=note, given_at=at) for score, note, at in found)

    def prune(
        self, *, max_records: int | None = None, max_bytes: int | None = None, max_age_s: float | None = None
    ) -> int:
        """Forget the oldest records beyond these bounds and shrink the file; how many went."""
        since = None if max_age_s is None else time.time() - max_age_s
        with self._tables.transaction() as file:
            before = _totals(file)[0]
            _make_room(file, max_records=max_records, max_bytes=max_bytes, since=since)
            gone = before - _totals(file)[0]
        self._tables.shrink()
        return gone

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._tables.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _found(self, file: sqlite3.Connection, beginning: str, columns: str) -> tuple[str, ...]:
        found: list[tuple[str, ...]] = file.execute(
            f"SELECT {columns} FROM records WHERE substr(id, 1, ?) = ? LIMIT 2",  # noqa: S608 - our own columns
            (len(beginning), beginning),
        ).fetchall()
        if not beginning or not found:
            raise ConfigurationError(
                f"{self.path} has no record {beginning!r}; promptkit records list shows those that it has"
            )
        if len(found) > 1:
            raise ConfigurationError(
                f"several records of {self.path} begin with {beginning}; give more of the id"
            )
        return found[0]


def _make_room(
    file: sqlite3.Connection, *, max_records: int | None, max_bytes: int | None, since: float | None
) -> None:
    if since is not None:
        file.execute("DELETE FROM records WHERE started_at < ?", (since,))
    while True:
        records, size = _totals(file)
        too_many = max_records is not None and records > max_records
        too_large = max_bytes is not None and size > max_bytes
        if not records or not (too_many or too_large):
            return
        file.execute(_OLDEST)


def _totals(file: sqlite3.Connection) -> tuple[int, int]:
    totals: tuple[int, int] = file.execute("SELECT records, bytes FROM totals").fetchone()
    return totals
