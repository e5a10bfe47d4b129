"""What was spent, and ledgers that keep it: in memory for a run, in a file for a day."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from promptkit.backends.layers.forks import begin_anew_in_children
from promptkit.errors import ConfigurationError
from promptkit.records.sqlite_files import make_private, write_ahead

__all__ = ["FileLedger", "Ledger", "MemoryLedger", "Refusal", "Spending", "default_ledger_file"]

_WAIT_S = 10.0
"""How long one waits for those that write."""

FORM = 1
"""In the file's name, so that files of other forms are left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Tokens, money, time and calls; of a limit, None for what is not limited.

    Attributes:
        tokens: Tokens read and written.
        money: US dollars.
        seconds: Seconds that calls took, each counted by itself.
        calls: Requests that were sent.
    """

    tokens: int | None = 0
    money: Decimal | None = Decimal(0)
    seconds: float | None = 0.0
    calls: int | None = 0

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            tokens=(self.tokens or 0) + (other.tokens or 0),
            money=(self.money or Decimal(0)) + (other.money or Decimal(0)),
            seconds=(self.seconds or 0.0) + (other.seconds or 0.0),
            calls=(self.calls or 0) + (other.calls or 0),
        )

    def __sub__(self, other: Spending) -> Spending:
        return Spending(
            tokens=(self.tokens or 0) - (other.tokens or 0),
            money=(self.money or Decimal(0)) - (other.money or Decimal(0)),
            seconds=(self.seconds or 0.0) - (other.seconds or 0.0),
            calls=(self.calls or 0) - (other.calls or 0),
        )

    def passed_by(self, spent: Spending, asked: Spending) -> str | None:
        """The name of the limit that ``asked`` would pass after ``spent``; None when all of it fits.

        Of time, which nobody knows before, only what is spent already counts.
        """
        together = spent + asked
        for name in ("calls", "tokens", "money"):
            allowed = getattr(self, name)
            if allowed is not None and getattr(together, name) > allowed:
                return name
        if self.seconds is not None and (spent.seconds or 0.0) >= self.seconds:
            return "seconds"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing was set aside.

    Attributes:
        limit: The limit that would be passed.
        spent: What is spent already.
    """

    limit: str
    spent: Spending


class Ledger(Protocol):
    """Keeps what was spent, by purse."""

    @property
    def blocks(self) -> bool:
        """True when it reads and writes files."""
        ...

    def spent(self, purse: str) -> Spending:
        """What is spent from a purse, by calls that are under way too."""
        ...

    def set_aside(self, purse: str, asked: Spending, limits: Spending) -> Spending | Refusal:
        """Take ``asked`` from a purse unless that passes a limit; the answer is what was spent before."""
        ...

    def correct(self, purse: str, by: Spending) -> None:
        """Add to what is spent, or take from it."""
        ...


class MemoryLedger:
    """Keeps it as long as the process runs."""

    blocks = False

    def __init__(self) -> None:
        self._purses: dict[str, Spending] = {}
        self.begin_anew()
        begin_anew_in_children(self)

    def begin_anew(self) -> None:
        """Unlock; called in a child process, which goes on from what was spent before it was made."""
        self._lock = threading.Lock()

    def spent(self, purse: str) -> Spending:
        """What is spent from a purse."""
        return self._purses.get(purse, Spending())

    def set_aside(self, purse: str, asked: Spending, limits: Spending) -> Spending | Refusal:
        """Take ``asked`` from a purse unless that passes a limit."""
        with self._lock:
            spent = self.spent(purse)
            limit = limits.passed_by(spent, asked)
            if limit is not None:
                return Refusal(limit=limit, spent=spent)
            self._purses[purse] = spent + asked
            return spent

    def correct(self, purse: str, by: Spending) -> None:
        """Add to what is spent, or take from it."""
        with self._lock:
            self._purses[purse] = self.spent(purse) + by


def default_ledger_file() -> Path:
    """The file in the user's folder for state, or in the folder that ``PROMPTKIT_STATE_DIR`` names."""
    named = os.environ.get("PROMPTKIT_STATE_DIR")
    if named:
        folder = Path(named)
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support" / "promptkit"
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "promptkit"
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "promptkit"
    return folder / f"budgets-{FORM}.sqlite"


class FileLedger:
    """Keeps it in a file of SQLite, for all processes of a user.

    A file that cannot be used is an error, not an empty purse.

    Args:
        path: The file; it and its folder are made when needed.
    """

    blocks = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def spent(self, purse: str) -> Spending:
        """What is spent from a purse.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._opened() as file:
            return _read(file, purse)

    def set_aside(self, purse: str, asked: Spending, limits: Spending) -> Spending | Refusal:
        """Take ``asked`` from a purse unless that passes a limit.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._opened() as file:
            spent = _read(file, purse)
            limit = limits.passed_by(spent, asked)
            if limit is not None:
                return Refusal(limit=limit, spent=spent)
            _write(file, purse, spent + asked)
            return spent

    def correct(self, purse: str, by: Spending) -> None:
        """Add to what is spent, or take from it.

        Raises:
            ConfigurationError: When the file cannot be used.
        """
        with self._opened() as file:
            _write(file, purse, _read(file, purse) + by)

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        """One transaction of the file; opened for each, since a call to a model takes a thousand times longer."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_private(self._path)
            file = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
            try:
                write_ahead(file, wait_s=_WAIT_S)
                file.execute(
                    "CREATE TABLE IF NOT EXISTS purses (purse TEXT PRIMARY KEY, tokens INTEGER NOT NULL, "
                    "money TEXT NOT NULL, seconds REAL NOT NULL, calls INTEGER NOT NULL) WITHOUT ROWID"
                )
                file.execute("BEGIN IMMEDIATE")
                yield file
                file.execute("COMMIT")
            finally:
                file.close()
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"the file of budgets {self._path} cannot be used ({error}), so nobody knows what is spent; mend "
                "or remove it, or name another: Budget(file=...)"
            ) from error


def _read(file: sqlite3.Connection, purse: str) -> Spending:
    row = file.execute(
        "SELECT tokens, money, seconds, calls FROM purses WHERE purse = ?", (purse,)
    ).fetchone()
    if row is None:
        return Spending()
    return Spending(tokens=row[0], money=Decimal(row[1]), seconds=row[2], calls=row[3])


def _write(file: sqlite3.Connection, purse: str, spent: Spending) -> None:
    row = (purse, spent.tokens, str(spent.money), spent.seconds, spent.calls)
    file.execute("INSERT OR REPLACE INTO purses VALUES (?, ?, ?, ?, ?)", row)
