"""Where the files of a library lie: in a folder, or in an installed package that may be an archive."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol

from promptkit.authoring import MOST_BYTES, decoded, read_content
from promptkit.errors import TemplateError

__all__ = ["BelowTree", "FolderTree", "ResourceTree", "Tree", "line_breaks"]


class Tree(Protocol):
    """The files of one library by their paths below its root, written with ``/``."""

    @property
    def label(self) -> str:
        """What errors call the root."""
        ...

    def files(self) -> list[str]:
        """The paths of all files, sorted."""
        ...

    def listed(self, folder: str) -> list[str]:
        """The names of the files that lie in ``folder`` itself, sorted; none where there is no such folder."""
        ...

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        ...

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text.

        Raises:
            TemplateError: When it is missing, too large, not UTF-8, or a link that leads out of the root.
        """
        ...

    def place(self, path: str) -> str:
        """What errors call a file."""
        ...


@dataclass(frozen=True, slots=True)
class FolderTree:
    """A folder on disk.

    Attributes:
        root: The folder, absolute and resolved.
    """

    root: Path

    @property
    def label(self) -> str:
        """The folder's path."""
        return str(self.root)

    def files(self) -> list[str]:
        """The paths of all files; links to folders are not followed."""
        # Strings, because a library may have thousands of files and pathlib's objects would be most of the time.
        found = list[str]()
        _add_files(str(self.root), "", found)
        return sorted(found)

    def listed(self, folder: str) -> list[str]:
        """The names of the files in one folder."""
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(entry.name for entry in entries if _is_file(entry))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(str(self.root / folder), error) from None

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.isfile(f"{self.root}/{path}")  # noqa: PTH113 - as above

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text."""
        file = self.place(path)
        if self._may_lead_out(path) and not self._is_inside(file):
            raise TemplateError(
                f"{file} leads out of the library {self.root}; links out of it are not followed"
            )
        return read_content(file, most_bytes=most_bytes)

    def place(self, path: str) -> str:
        """The file's path."""
        return os.path.join(self.root, path)  # noqa: PTH118 - as above

    def _is_inside(self, file: str) -> bool:
        try:
            return Path(file).resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # links that lead in a circle, which reading tells of
            return True

    def _may_lead_out(self, path: str) -> bool:
        """False for a path below the root without links and steps upwards, which cannot."""
        at, parts = str(self.root), path.split("/")
        if os.name == "nt" or path.startswith("/") or ".." in parts:  # Windows has junctions beside links
            return True
        for part in parts:
            at = f"{at}/{part}"
            if os.path.islink(at):  # noqa: PTH114 - as above
                return True
        return False


@dataclass(frozen=True, slots=True)
class ResourceTree:
    """The folder of an installed package, which may lie in a zip file.

    Attributes:
        package: The package's dotted name.
        label: Its place, for messages.
    """

    package: str
    label: str

    def files(self) -> list[str]:
        """The paths of all files."""
        return sorted(_walk(importlib.resources.files(self.package), ""))

    def listed(self, folder: str) -> list[str]:
        """The names of the files in one folder."""
        found = self._at(folder)
        return sorted(item.name for item in found.iterdir() if item.is_file()) if found.is_dir() else []

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return self._at(path).is_file()

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text."""
        try:
            data = self._at(path).read_bytes()
        except (OSError, KeyError) as error:
            raise TemplateError(f"The file cannot be read: {error}.", file=self.place(path)) from None
        return decoded(data, self.place(path), most_bytes=most_bytes)

    def place(self, path: str) -> str:
        """Where the file lies in the archive."""
        return f"{self.label}/{path}"

    def _at(self, path: str) -> Traversable:
        return importlib.resources.files(self.package).joinpath(*path.split("/"))


@dataclass(frozen=True, slots=True)
class BelowTree:
    """One folder of another tree.

    Attributes:
        tree: The other tree.
        folder: The folder's path in it.
    """

    tree: Tree
    folder: str

    @property
    def label(self) -> str:
        """The folder's place."""
        return self.tree.place(self.folder)

    def files(self) -> list[str]:
        """The paths of all files below the folder."""
        start = f"{self.folder}/"
        return [path.removeprefix(start) for path in self.tree.files() if path.startswith(start)]

    def listed(self, folder: str) -> list[str]:
        """The names of the files in one folder below this one."""
        return self.tree.listed(f"{self.folder}/{folder}")

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.tree.has(f"{self.folder}/{path}")

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text."""
        return self.tree.text(f"{self.folder}/{path}", most_bytes=most_bytes)

    def place(self, path: str) -> str:
        """What errors call a file."""
        return self.tree.place(f"{self.folder}/{path}")


def line_breaks(text: str) -> str:
    r"""The text without byte order mark and with ``\n`` as its only line break."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _walk(folder: Traversable, start: str) -> Iterator[str]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _walk(item, f"{start}{item.name}/")
        else:
            yield f"{start}{item.name}"


def _add_files(folder: str, below: str, found: list[str]) -> None:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:  # removed a moment ago
        return
    except OSError as error:
        raise _unreadable(folder, error) from None
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _add_files(entry.path, f"{below}{entry.name}/", found)
            elif _is_file(entry):
                found.append(f"{below}{entry.name}")


def _is_file(entry: os.DirEntry[str]) -> bool:
    """False also for a link that leads nowhere, or back to itself."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _unreadable(folder: str, error: OSError) -> TemplateError:
    return TemplateError(
        f"The folder cannot be read: {error.strerror or error}. Check its permissions, or move it out of the library.",
        file=folder,
    )
