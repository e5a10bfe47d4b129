"""Memory: what was found in files, for as long as they, promptkit and the settings stay the same.

Nothing heavy is imported here, so that a library of which nothing changed is answered for at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from promptkit.checks.report import Report, TestOutcome, combined
from promptkit.findings import Finding

__all__ = ["Entry", "Memory", "digest_of", "listing_of", "memory_of"]

_FORMAT = 1
_KEPT_S = 30 * 24 * 3600
"""Seconds after which what nobody asked for is removed."""


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
        path: The file that keeps it.
        key: Digest of promptkit and the settings that it holds for.
        listing: Digest of the paths of all files that the library had.
        names: All prompts that the library had; empty until all were looked at.
        entries: By the prompt's name.
    """

    path: Path
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
        """Keep it: whole or not at all; a folder that cannot be written keeps nothing."""
        data = {
            "key": self.key,
            "listing": self.listing,
            "names": self.names,
            "entries": {name: _entry_data(entry) for name, entry in self.entries.items()},
        }
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".part")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(data, file, separators=(",", ":"))
            Path(temporary).replace(self.path)
            _forget(self.path.parent)


def memory_of(root: Path, settings: Mapping[str, Any]) -> Memory:
    """What is kept of a library; empty where nothing is, or where it holds for something else.

    Args:
        root: The library's folder, absolute and resolved.
        settings: Everything besides the files that decides on findings, as JSON data.
    """
    path = _cache_folder() / "checks" / f"{_hashed(str(root))}.json"
    key = _hashed(json.dumps([_FORMAT, _promptkit(), sys.version, settings], sort_keys=True, default=str))
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["key"] != key:
            return Memory(path, key)
        entries = {name: _entry(found) for name, found in data["entries"].items()}
        return Memory(path, key, data["listing"], tuple(data["names"]), entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory(path, key)


def listing_of(root: Path) -> str:
    """A digest of the paths of all files below a folder."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found.extend(f"{folder}/{name}" for name in sorted(names))
    return _hashed("\0".join(found))


def digest_of(data: bytes) -> str:
    """A digest of a file's content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


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


def _cache_folder() -> Path:
    """The user's folder for what can be made anew."""
    home = os.environ.get("XDG_CACHE_HOME")
    if home:
        return Path(home) / "promptkit"
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "promptkit" / "Cache"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "promptkit"
    return Path.home() / ".cache" / "promptkit"


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


def _forget(folder: Path) -> None:
    """Remove what has not been written for a month."""
    before = time.time() - _KEPT_S
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
