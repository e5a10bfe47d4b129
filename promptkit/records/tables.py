"""The file of SQLite that records are kept in: its tables, and how it is opened by threads, processes and forks."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from promptkit.errors import ConfigurationError
from promptkit.records.sqlite_files import make_private, write_ahead

__all__ = ["RecordTables"]

_APPLICATION = 0x706B7263  # "pkrc", in the header of every file of records
_FORM = 1
_WAIT_S = 30.0
"""How long a writer waits for the others; each holds the file for about a millisecond."""

# Triggers keep the totals, so that a write knows them without counting.
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS records (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, prompt TEXT NOT NULL, status TEXT NOT NULL,
    started_at REAL NOT NULL, bytes INTEGER NOT NULL, record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_start ON records (started_at, seq);
CREATE INDEX IF NOT EXISTS records_by_prompt ON records (prompt, started_at);
CREATE TABLE IF NOT EXISTS tags (
    name TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, value, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_by_record ON tags (seq);
CREATE TABLE IF NOT EXISTS feedback (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, given_at REAL NOT NULL, score REAL NOT NULL, note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS feedback_by_record ON feedback (seq);
CREATE TABLE IF NOT EXISTS totals (one INTEGER PRIMARY KEY CHECK (one = 1), records INTEGER, bytes INTEGER);
INSERT OR IGNORE INTO totals VALUES (1, 0, 0);
CREATE TRIGGER IF NOT EXISTS record_added AFTER INSERT ON records BEGIN
    UPDATE totals SET records = records + 1, bytes = bytes + new.bytes;
END;
CREATE TRIGGER IF NOT EXISTS record_gone AFTER DELETE ON records BEGIN
    DELETE FROM tags WHERE seq = old.seq;
    DELETE FROM feedback WHERE seq = old.seq;
    UPDATE totals SET records = records - 1, bytes = bytes - old.bytes;
END;
"""
_of_parents: list[sqlite3.Connection] = []  # closing a parent's connection could end its transactions


class RecordTables:
    """The open file; one connection a process, used by one thread at a time.

    Args:
        path: The file.
        make: True to make it when it is missing; its folder must exist.

    Raises:
        ConfigurationError: When it cannot be made or opened, is no file of records, or was written in a newer form.
    """

    def __init__(self, path: Path, *, make: bool) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        _living.add(self)
        if not make and not path.exists():
            raise ConfigurationError(
                f"there is no file of records {path}; name the one that pk.record(...) writes"
            )
        with self.transaction():
            pass

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All that is done inside, or none of it, as the only writer.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._lock, self._told():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Reads, beside whoever writes.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._lock, self._told():
            yield self._opened()

    def shrink(self) -> None:
        """Give the room of what was deleted back to the disk."""
        with self._lock, self._told():
            connection = self._opened()
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def hold(self) -> None:
        """Wait until nobody uses the file in this process, and keep it so."""
        self._lock.acquire()

    def release(self) -> None:
        """End what :meth:`hold` began."""
        self._lock.release()

    def begin_anew(self) -> None:
        """Unlock; called in a child process, which opens the file for itself."""
        self._lock = threading.Lock()
        if self._connection is not None:
            _of_parents.append(self._connection)
            self._connection = None

    @contextmanager
    def _told(self) -> Generator[None]:
        """Errors of SQLite as sentences."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:  # read-only, full, locked, no such folder
            raise ConfigurationError(
                f"cannot keep records in {self.path}: {error}; give a file in an existing, writable folder with room"
            ) from error
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"{self.path} is damaged or no file of records: {error}; move it away, and a new one is begun"
            ) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            make_private(self.path)
            connection = sqlite3.connect(
                self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone from the disk too
        connection.execute(
            "PRAGMA synchronous = NORMAL"
        )  # with WAL a power cut costs the last records at most
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and application != _APPLICATION:
            raise ConfigurationError(
                f"{self.path} is a database of something else; name another file for the records"
            )
        if form > _FORM:
            raise ConfigurationError(
                f"{self.path} keeps records in form {form}, and this promptkit knows form {_FORM}; upgrade promptkit, "
                f"or name another file"
            )
        write_ahead(connection, wait_s=_WAIT_S)
        if form < _FORM:
            marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORM}; COMMIT;"
            connection.executescript(_TABLES + marks)


_living: weakref.WeakSet[RecordTables] = weakref.WeakSet()


_held: list[RecordTables] = []


def _hold() -> None:
    """Before a fork: let transactions end, since the child's SQLite would take them for open for ever."""
    for tables in list(_living):
        tables.hold()
        _held.append(tables)


def _release() -> None:
    while _held:
        _held.pop().release()


def _renew() -> None:
    while _held:
        _held.pop().begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_renew)
