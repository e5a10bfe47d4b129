"""Files of SQLite that threads, processes and programs share: made for one user's eyes, and waited for."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

__all__ = ["make_private", "write_ahead"]


def make_private(path: Path) -> None:
    """Make a missing file, for this user's eyes only; one that is there stays as it is.

    Raises:
        OSError: When it cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return  # to open it here and close it again would give up locks that this process holds on it


def write_ahead(connection: sqlite3.Connection, *, wait_s: float) -> None:
    """Turn a file to the write-ahead log; SQLite itself does not wait here while another does the same.

    Args:
        connection: To the file.
        wait_s: The longest to wait for the others, in seconds.

    Raises:
        sqlite3.OperationalError: When it stays locked, or cannot be written.
    """
    until = time.monotonic() + wait_s
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
