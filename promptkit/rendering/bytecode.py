"""Bytecode: what compiling a prompt's texts gave in earlier processes, kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import jinja2

from promptkit.user_cache import cache_folder, digest_of, forget, read_private, write_private

__all__ = ["Bytecode"]

T = TypeVar("T")

_MOST_BYTES = 64 * 1024 * 1024
_MOST_VALUES = 64
"""Of one prompt: those of an older text, or of another type of output, go first."""
_SAVES = 50
"""How often prompts are kept until the folder is looked through for what may go."""
_DIGEST = 16
_saves = count()


class Bytecode:
    """What was worked out for the texts of one prompt: code objects, and other values that marshal takes.

    A file is used only where this user alone can have written it and where it is whole, since it holds code. It
    holds for one Python, one Jinja and one promptkit.

    Args:
        place: The prompt's file; None keeps nothing.
    """

    def __init__(self, place: str | None) -> None:
        self._path = None if place is None else _path_of(place)
        self._known: dict[bytes, Any] | None = None
        self._used: dict[bytes, Any] = {}
        self._added = False

    def kept(self, key: Iterable[str], make: Callable[[], T]) -> T:
        """What ``make`` gives, from an earlier process where it is known.

        Args:
            key: Everything besides the program that decides on it.
            make: Works it out; gives what marshal takes.
        """
        if self._path is None:
            return make()
        if self._known is None:
            self._known = _read(self._path)
        digest = hashlib.blake2b(digest_size=_DIGEST)
        for part in key:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        name = digest.digest()
        if name not in self._used:
            if name not in self._known:
                self._added = True
            self._used[name] = self._known[name] if name in self._known else make()
        value: T = self._used[name]
        return value

    def save(self) -> None:
        """Keep what is new, unless Python is told to write no bytecode."""
        if self._path is None or not self._added or sys.dont_write_bytecode:
            return
        values = dict([*self._used.items(), *(self._known or {}).items()][:_MOST_VALUES])
        data = marshal.dumps(values)
        if write_private(self._path, hashlib.blake2b(data, digest_size=_DIGEST).digest() + data):
            self._added = False
            if next(_saves) % _SAVES == 0:
                forget(self._path.parent, most_bytes=_MOST_BYTES)


def _read(path: Path) -> dict[bytes, Any]:
    data = read_private(path)
    if data is None or hashlib.blake2b(data[_DIGEST:], digest_size=_DIGEST).digest() != data[:_DIGEST]:
        return {}  # marshal reads only what it wrote itself: anything else may crash the process
    values: dict[bytes, Any] = marshal.loads(data[_DIGEST:])  # noqa: S302 - as read_private says
    return values


def _path_of(place: str) -> Path | None:
    folder, program = cache_folder(), _program()
    if folder is None or program is None:
        return None
    name = digest_of(str(Path(place).absolute()).encode("utf-8", "surrogateescape"))
    return folder / "bytecode" / f"{name}.{program}"


@cache
def _program() -> str | None:
    """A digest of what compiles: this Python, Jinja's sources and those of this room; None where they are no files."""
    said = [sys.implementation.cache_tag, sys.hexversion, sys.flags.optimize, marshal.version]
    try:
        for folder in (Path(jinja2.__file__).parent, Path(__file__).parent):
            said.append(str(folder))
            with os.scandir(folder) as entries:
                sources = sorted(
                    (entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py")
                )
            said += [(name, found.st_size, found.st_mtime_ns) for name, found in sources]
    except OSError:
        return None
    return digest_of(repr(said).encode())[:16]
