"""Answers kept in a file of SQLite, for all threads and processes of a user."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from promptkit.backends.layers.forks import begin_anew_in_children
from promptkit.completions import Completion
from promptkit.errors import ConfigurationError
from promptkit.records import completion_of, text_of_completion
from promptkit.records.sqlite_files import make_private, write_ahead
from promptkit.user_cache import cache_folder

__all__ = ["AnswerFile", "AnswerStats", "Kept", "default_answer_file"]

T = TypeVar("T")

FORM = 1
"""In the file's name, so that files of other forms are left alone."""
SWEEPS = 64
"""How often, until a full file has been written anew, room is made."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, made_at REAL NOT NULL, used_at REAL NOT NULL, bytes INTEGER NOT NULL,
    hits INTEGER NOT NULL DEFAULT 0, completion TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used_at, bytes);
"""
_LEAST_USED = """
DELETE FROM answers WHERE key IN (
    SELECT key FROM (SELECT key, SUM(bytes) OVER (ORDER BY used_at DESC, key) AS together FROM answers)
    WHERE together > ?
)
"""
_WAIT_S = 5.0
"""How long one waits for those that write."""
_log = logging.getLogger("promptkit")
_of_parent: list[
    sqlite3.Connection
] = []  # closing a parent's connection after a fork could end its transactions


def default_answer_file() -> Path:
    """The file in the user's cache folder.

    Raises:
        ConfigurationError: When the user has none.
    """
    folder = cache_folder()
    if folder is None:
        raise ConfigurationError(
            "there is no home folder to keep answers in; name a file (file=...), or a folder by PROMPTKIT_CACHE_DIR"
        )
    return folder / f"answers-{FORM}.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer that was kept.

    Attributes:
        completion: The answer.
        made_at: When it was written, in seconds since the epoch.
    """

    completion: Completion
    made_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStats:
    """What a file holds.

    Attributes:
        answers: How many answers.
        bytes: Their size.
        hits: How often one of them was found again.
        oldest_at: When the oldest was written, in seconds since the epoch; None for an empty file.
    """

    answers: int = 0
    bytes: int = 0
    hits: int = 0
    oldest_at: float | None = None


class AnswerFile:
    """A file of answers. Whatever is wrong with it costs a call to the model, never an error.

    A file that is no database, or a damaged one, is set aside under a name that ends in ``.broken`` and a new
    one is begun. What the disk refuses is said once in the log.

    Args:
        path: The file; it and its folder are made when needed, for this user's eyes only.
        max_bytes: The most that is kept; what was not used for longest goes first.
        max_age_s: Seconds after which an answer is no longer used; None for no bound.
    """

    def __init__(self, path: Path, *, max_bytes: int, max_age_s: float | None) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._added: float = max_bytes  # so that the first answer that is added makes room
        self._told = False
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Unlock; called in a child process, which opens the file for itself."""
        self._lock = threading.Lock()

    def get(self, key: str, now: float) -> Kept | None:
        """The answer under ``key``, unless it is too old."""
        row: tuple[str, float] | None = self._tried(lambda file: self._found(file, key, now), None)
        if row is None:
            return None
        try:
            return Kept(completion=completion_of(row[0]), made_at=row[1])
        except ValueError as error:
            _log.warning(
                "an answer in %s cannot be read and is forgotten: %s", self.path, type(error).__name__
            )
            self._tried(lambda file: file.execute("DELETE FROM answers WHERE key = ?", (key,)), None)
            return None

    def _found(self, file: sqlite3.Connection, key: str, now: float) -> tuple[str, float] | None:
        since = now - self._max_age_s if self._max_age_s is not None else float("-inf")
        row: tuple[str, float] | None = file.execute(
            "SELECT completion, made_at FROM answers WHERE key = ? AND made_at > ?", (key, since)
        ).fetchone()
        if row is not None:
            file.execute("UPDATE answers SET used_at = ?, hits = hits + 1 WHERE key = ?", (now, key))
        return row

    def put(self, key: str, completion: Completion, now: float) -> None:
        """Keep an answer, in place of an older one of the same key."""
        text = text_of_completion(completion)
        size = len(text.encode("utf-8", "surrogatepass")) + len(key)
        if size <= self._max_bytes:
            self._tried(lambda file: self._added_to(file, (key, now, now, size, text)), None)

    def _added_to(self, file: sqlite3.Connection, row: tuple[str, float, float, int, str]) -> None:
        file.execute(
            "INSERT OR REPLACE INTO answers (key, made_at, used_at, bytes, completion) VALUES (?, ?, ?, ?, ?)",
            row,
        )
        self._added += row[3]
        if self._added < self._max_bytes / SWEEPS:
            return
        self._added = 0
        if self._max_age_s is not None:
            file.execute("DELETE FROM answers WHERE made_at <= ?", (row[1] - self._max_age_s,))
        (total,) = file.execute("SELECT TOTAL(bytes) FROM answers").fetchone()
        if total > self._max_bytes:
            file.execute(_LEAST_USED, (self._max_bytes,))

    def stats(self) -> AnswerStats:
        """What the file holds; it is not made when there is none."""
        if not self.path.exists():
            return AnswerStats()

        def read(file: sqlite3.Connection) -> AnswerStats:
            count, size, hits, oldest = file.execute(
                "SELECT COUNT(*), TOTAL(bytes), TOTAL(hits), MIN(made_at) FROM answers"
            ).fetchone()
            return AnswerStats(answers=count, bytes=int(size), hits=int(hits), oldest_at=oldest)

        return self._tried(read, AnswerStats())

    def clear(self) -> int:
        """Forget all answers and say how many there were."""
        count = self.stats().answers
        if count:
            self._tried(lambda file: file.execute("DELETE FROM answers"), None)
            self._tried(lambda file: file.execute("VACUUM"), None)
        return count

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._lock:
            self._close()

    def _tried(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        with self._lock:
            try:
                return action(self._opened())
            except sqlite3.OperationalError as error:  # locked, full, read-only: it may pass
                self._tell("cannot be used now", error)
            except sqlite3.DatabaseError as error:
                self._set_aside(error)
            except OSError as error:
                self._tell("cannot be made", error)
            return otherwise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._pid != os.getpid():
            _of_parent.append(self._connection)
            self._connection = None
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(self.path)
            connection = sqlite3.connect(
                self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._pid = connection, os.getpid()
        return self._connection

    def _close(self) -> None:
        if self._connection is not None and self._pid == os.getpid():
            self._connection.close()
        self._connection = None

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        self._close()
        aside = self.path.with_name(f"{self.path.name}.broken")
        try:
            self.path.replace(aside)
            for ending in ("-wal", "-shm"):
                self.path.with_name(f"{self.path.name}{ending}").unlink(missing_ok=True)
        except OSError as refused:
            self._tell("is damaged and cannot be set aside", refused)
        else:
            _log.warning("%s is no database or damaged (%s); it is now %s", self.path, error, aside)

    def _tell(self, what: str, error: Exception) -> None:
        if not self._told:
            self._told = True
            _log.warning("answers are not kept: %s %s (%s)", self.path, what, error)


def _prepare(connection: sqlite3.Connection) -> None:
    write_ahead(connection, wait_s=_WAIT_S)
    connection.execute("PRAGMA synchronous = NORMAL")  # a power cut costs the last answers at most
    connection.executescript(_TABLE)
