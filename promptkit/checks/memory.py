"""Memory: what was found in files, for as long as they, promptkit and the settings stay the same.

Nothing heavy is imported here, so that a library of which nothing changed is answered for at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from promptkit.checks.report import Report, TestOutcome, combined
from promptkit.findings import Finding
from promptkit.user_cache import cache_folder, digest_of, forget, read_private, write_private

__all__ = ["Entry", "Memory", "listing_of", "memory_of"]

_FORMAT = 1
_MOST_BYTES = 64 * 1024 * 1024
"""Of all libraries together."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found in one prompt.

    Attributes:
        files: Digest by path below the library's root of every file that was read for it, its own first.
        report: What was found.
    """

    files: Mapping[str, str]
    report: Report


@dataclass(slots=True)
class Memory:
    """What was found in one library.

    Attributes:
        path: The file that keeps it; None for a user without a folder for such things.
        key: Digest of promptkit and the settings that it holds for.
        listing: Digest of the paths of all files that the library had.
        names: All prompts that the library had; empty until all were looked at.
        entries: By the prompt's name.
    """

    path: Path | None
    key: str
    listing: str = ""
    names: tuple[str, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])

    def recalled(self, root: Path, names: Iterable[str] | None) -> Report | None:
        """The report on these prompts, when none of their files changed; None when one must be looked at.

        Args:
            root: The library's folder.
            names: The prompts; None for all.
        """
        if not self.entries or self.listing != listing_of(root):
            return None
        wanted = list(self.names if names is None else names)
        if not wanted or not all(name in self.entries for name in wanted):
            return None
        digests = _Digests(root)
        if not all(digests.hold(self.entries[name].files) for name in wanted):
            return None
        return combined(self.entries[name].report for name in wanted)

    def kept(self, root: Path, listing: str) -> dict[str, Entry]:
        """The entries whose files are as they were.

        Args:
            root: The library's folder.
            listing: Digest of the paths of all its files now.
        """
        digests = _Digests(root)
        # Another file may have come before one that was included, so that includes hold for the same listing only.
        same = listing == self.listing
        return {
            name: entry
            for name, entry in self.entries.items()
            if (same or len(entry.files) == 1) and digests.hold(entry.files)
        }

    def save(self) -> None:
        """Keep it, whole or not at all; a folder that cannot be written, or that others can write to, keeps nothing."""
        data = {
            "key": self.key,
            "listing": self.listing,
            "names": self.names,
            "entries": {name: _entry_data(entry) for name, entry in self.entries.items()},
        }
        if self.path is not None and write_private(
            self.path, json.dumps(data, separators=(",", ":")).encode()
        ):
            forget(self.path.parent, most_bytes=_MOST_BYTES)


def memory_of(root: Path, settings: Mapping[str, Any]) -> Memory:
    """What is kept of a library; empty where nothing is, or where it holds for something else.

    Args:
        root: The library's folder, absolute and resolved.
        settings: Everything besides the files that decides on findings, as JSON data.
    """
    folder = cache_folder()
    path = None if folder is None else folder / "checks" / f"{_hashed(str(root))}.json"
    key = _hashed(json.dumps([_FORMAT, _promptkit(), sys.version, settings], sort_keys=True, default=str))
    try:
        data = json.loads((path and read_private(path)) or b"")
        if data["key"] != key:
            return Memory(path, key)
        entries = {name: _entry(found) for name, found in data["entries"].items()}
        return Memory(path, key, data["listing"], tuple(data["names"]), entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Memory(path, key)


def listing_of(root: Path) -> str:
    """A digest of the paths of all files below a folder."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found.extend(f"{folder}/{name}" for name in sorted(names))
    return _hashed("\0".join(found))


class _Digests:
    """Digests of a folder's files, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._known: dict[str, str] = {}

    def hold(self, files: Mapping[str, str]) -> bool:
        return all(self._digest(path) == digest for path, digest in files.items())

    def _digest(self, path: str) -> str:
        if path not in self._known:
            try:
                with open(f"{self._root}/{path}", "rb") as file:  # noqa: PTH123 - a thousand of them
                    self._known[path] = digest_of(file.read())
            except OSError:
                self._known[path] = ""
        return self._known[path]


def _promptkit() -> list[Any]:
    """The version of promptkit, and when its sources were last written: those of a working copy change."""
    try:
        released = version("promptkit-3c")
    except PackageNotFoundError:
        released = "unknown"
    package = Path(__file__).parents[1]
    newest = 0
    for folder, _, names in os.walk(package):
        for name in names:
            if name.endswith(".py"):
                newest = max(newest, os.stat(f"{folder}/{name}").st_mtime_ns)  # noqa: PTH116 - hundreds of them
    return [released, str(package), newest]


def _hashed(text: str) -> str:
    return digest_of(text.encode("utf-8", "surrogatepass"))


def _entry(data: Any) -> Entry:
    findings = tuple(Finding(**found) for found in data["findings"])
    tests = tuple(TestOutcome(**test) for test in data["tests"])
    return Entry(dict(data["files"]), Report(prompts=1, findings=findings, tests=tests))


def _entry_data(entry: Entry) -> dict[str, Any]:
    return {
        "files": dict(entry.files),
        "findings": [asdict(finding) for finding in entry.report.findings],
        "tests": [asdict(test) for test in entry.report.tests],
    }
