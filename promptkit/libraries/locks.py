"""The lock: which versions of a library may be used, and the hashes of all that they are made of."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptkit.errors import LockError
from promptkit.schemas.json_types import is_listed, is_object

__all__ = ["LOCK_NAME", "Lock", "Pin", "read_lock", "written"]

LOCK_NAME = "prompts.lock"
"""The lock's file, in the library's folder."""

_FORMAT = 1
_HEAD = "# Written by `promptkit lock`. Strict loading refuses what does not match it."
_AT_LINE = re.compile(r"at line (\d+)")
_TEXTS = ("name", "file", "text", "contract", "rendered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One file of a prompt as it was locked.

    Attributes:
        name: The prompt's name.
        file: Path of the file below the library's root.
        version: Its version; None when it names none.
        frozen: True for a frozen version.
        text: Hash of its text.
        contract: Hash of its inputs, output and constraints.
        rendered: Hash of all text that it prints whatever its inputs are.
        fragments: Hash of each included file by its path.
        judges: The file of each prompt that judges it, by the reference that names it.
    """

    name: str
    file: str
    version: str | None = None
    frozen: bool = False
    text: str
    contract: str
    rendered: str
    fragments: Mapping[str, str] = field(default_factory=dict[str, str])
    judges: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock as it was read.

    Attributes:
        place: Its path, for messages.
        pins: What it locks, by the files' paths.
        lines: The line of each pin, counted from 1, by the same.
    """

    place: str
    pins: Mapping[str, Pin]
    lines: Mapping[str, int]

    def fault(self, problem: str, file: str | None = None) -> LockError:
        """An error about this lock, at the line of a file's pin where it has one; to be raised."""
        return LockError(problem, file=self.place, line=self.lines.get(file or ""))


def written(pins: Sequence[Pin]) -> str:
    """A lock's text: TOML, one table for each file, sorted so that two branches touch different lines."""
    tables = "\n\n".join("\n".join(_table(pin)) for pin in sorted(pins, key=lambda pin: pin.file))
    return f"{_HEAD}\nformat = {_FORMAT}\n\n{tables}\n" if pins else f"{_HEAD}\nformat = {_FORMAT}\n"


def read_lock(text: str, place: str) -> Lock:
    """A lock from its text.

    Raises:
        LockError: When it is no TOML, lacks what a lock has, or was written by a newer promptkit.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        raise LockError(
            f"this is no TOML: {error}. Restore the file, or write it anew: promptkit lock --anew",
            file=place,
            line=int(found[1]) if found else None,
        ) from error
    _check_format(data, text, place)
    lines = {
        _unquoted(line): number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith("file = ")
    }
    tables = data.get("prompt", [])
    if not is_listed(tables) or not all(map(is_object, tables)):
        raise LockError(
            "prompt must be a list of tables; write the lock anew: promptkit lock --anew", file=place
        )
    pins = [_pin(table, place, lines) for table in tables]
    _refuse_twice([pin.file for pin in pins], place, lines)
    return Lock(place=place, pins={pin.file: pin for pin in pins}, lines=lines)


def _refuse_twice(files: Sequence[str], place: str, lines: Mapping[str, int]) -> None:
    """Two tables of one file: a merge kept both sides, and which of them holds is nobody's to guess."""
    for file, count in Counter(files).items():
        if count > 1:
            raise LockError(
                f"{file} is locked {count} times; keep the table that is right, or write the lock anew: promptkit "
                f"lock --anew",
                file=place,
                line=lines.get(file),
            )


def _table(pin: Pin) -> Iterator[str]:
    yield "[[prompt]]"
    yield f"name = {_quoted(pin.name)}"
    if pin.version is not None:
        yield f"version = {_quoted(pin.version)}"
    if pin.frozen:
        yield "frozen = true"
    for key in ("file", "text", "contract", "rendered"):
        yield f"{key} = {_quoted(getattr(pin, key))}"
    for key, given in (("fragments", pin.fragments), ("judges", pin.judges)):
        if given:
            inner = ", ".join(f"{_quoted(name)} = {_quoted(value)}" for name, value in sorted(given.items()))
            yield f"{key} = {{ {inner} }}"


def _quoted(text: str) -> str:
    # A basic string of TOML is one of JSON, but for the escape of DEL and what lies beyond the first plane.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unquoted(line: str) -> str:
    found: Any = tomllib.loads(line).get("file")
    return str(found)


def _check_format(data: Mapping[str, Any], text: str, place: str) -> None:
    found = data.get("format")
    line = next((n for n, row in enumerate(text.splitlines(), start=1) if row.startswith("format")), 1)
    if isinstance(found, bool) or not isinstance(found, int):
        raise LockError(
            f"a lock begins with `format = {_FORMAT}`, and here it is {found!r}; write it anew: promptkit lock --anew",
            file=place,
            line=line,
        )
    if found > _FORMAT:
        raise LockError(
            f"this lock is of the format {found}, written by a newer promptkit, and this one reads {_FORMAT}. "
            f"Upgrade promptkit, or write the lock anew with this one: promptkit lock --anew",
            file=place,
            line=line,
        )


def _pin(table: Mapping[str, Any], place: str, lines: Mapping[str, int]) -> Pin:
    line = lines.get(str(table.get("file")))
    for key in _TEXTS:
        if not isinstance(table.get(key), str):
            raise LockError(
                f"{key} is missing or no text in the table of {table.get('name', 'a prompt')}; write the lock anew: "
                f"promptkit lock --anew",
                file=place,
                line=line,
            )
    version = table.get("version")
    return Pin(
        **{key: table[key] for key in _TEXTS},
        version=None if version is None else str(version),
        frozen=table.get("frozen") is True,
        fragments=_texts(table.get("fragments", {}), place, line),
        judges=_texts(table.get("judges", {}), place, line),
    )


def _texts(value: Any, place: str, line: int | None) -> dict[str, str]:
    if not is_object(value) or not all(isinstance(item, str) for item in value.values()):
        raise LockError(
            "fragments and judges are tables of texts; write the lock anew: promptkit lock --anew",
            file=place,
            line=line,
        )
    return dict(value)
