"""A store that appends each call as one line of JSON."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from promptkit.errors import ConfigurationError
from promptkit.records.call_record import CallRecord
from promptkit.records.keeping import Redact, kept_part

try:
    import fcntl
except ImportError:  # not on Unix
    fcntl = None  # type: ignore[assignment]

__all__ = ["JsonLines", "read_jsonl"]


class JsonLines:
    """Appends records to a file, one line each; safe for many threads and processes.

    A line is written by one call in append mode, so that lines of several writers never mix.

    Args:
        path: The file; it is made when missing, its folder must exist.
        content: False to keep no inputs, messages and answers, see
            :func:`promptkit.records.without_content`.
        redact: Changes a record before it is kept, or gives None to keep none. An error of it is raised to the
            caller, and nothing is kept.

    Raises:
        ConfigurationError: When the file cannot be opened for appending.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, content: bool = True, redact: Redact | None = None
    ) -> None:
        self.path = Path(path)
        self._content = content
        self._redact = redact
        self._lock = threading.Lock()
        self._closed = False
        self._file = self._open()

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigurationError(
                f"cannot record to {self.path}: {error.strerror}; give a file in an existing, writable folder"
            ) from error

    def on_call(self, record: CallRecord) -> None:
        """Append ``record``, also after :meth:`close`: a call may end later than the block it began in.

        Raises:
            ConfigurationError: When the disk does not take the whole line, or ``redact`` gives back no record.
        """
        kept = kept_part(record, content=self._content, redact=self._redact)
        if kept is None:
            return
        line = kept.to_json().encode() + b"\n"
        with self._lock:
            file = self._open() if self._closed else self._file
            try:
                with _alone(file):
                    if _ends_in_mid_line(file):  # what a full disk left of a line must not swallow this one
                        line = b"\n" + line
                    written = os.write(file, line)
            except OSError as error:
                raise ConfigurationError(f"cannot record to {self.path}: {error.strerror}") from error
            finally:
                if self._closed:
                    os.close(file)
        if written != len(line):
            raise ConfigurationError(f"only a part of a record was written to {self.path}: is the disk full?")

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _alone(file: int) -> Generator[None]:
    """Keep other writers of the same file out, in this process and others; elsewhere than on Unix nothing can."""
    if fcntl is None or not stat.S_ISREG(os.fstat(file).st_mode):
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _ends_in_mid_line(file: int) -> bool:
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode) or about.st_size == 0:  # a device or a pipe has no end to look at
        return False
    os.lseek(file, about.st_size - 1, os.SEEK_SET)
    return os.read(file, 1) != b"\n"


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[CallRecord]:
    """The records of a file, in order.

    Raises:
        ValueError: For a line that is no record; the message names its number.
    """
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield CallRecord.from_dict(json.loads(line))
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error
