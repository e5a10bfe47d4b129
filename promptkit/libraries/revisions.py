"""A library as it was in a git revision: read from git's store, never checked out."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from promptkit.authoring import MOST_BYTES, decoded
from promptkit.errors import PromptError, TemplateError

__all__ = ["RevisionTree", "blob_digest", "tree_at"]

_LINK = "120000"
_SUBMODULE = "160000"
_TIMEOUT_S = 60


class _Failed(PromptError):
    """Git did not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class RevisionTree:
    """A folder of a git repository in one revision.

    Attributes:
        repository: The repository's folder.
        revision: The revision as it was asked for.
        folder: The library's path in the repository; empty for all of it.
        blobs: The object of each file by its path below that folder.
    """

    repository: Path
    revision: str
    folder: str
    blobs: dict[str, str] = field(repr=False)

    @property
    def label(self) -> str:
        """``REVISION:FOLDER``, as git writes it."""
        return f"{self.revision}:{self.folder or '.'}"

    def files(self) -> list[str]:
        """The paths of all files; links and submodules are left out."""
        return sorted(self.blobs)

    def listed(self, folder: str) -> list[str]:
        """The names of the files in one folder."""
        start = f"{folder}/" if folder else ""
        names = (path.removeprefix(start) for path in self.files() if path.startswith(start))
        return [name for name in names if "/" not in name]

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self.blobs

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text."""
        if path not in self.blobs:
            raise TemplateError("There is no such file in this revision.", file=self.place(path))
        data = _git(self.repository, "cat-file", "blob", self.blobs[path])
        return decoded(data, self.place(path), most_bytes=most_bytes)

    def place(self, path: str) -> str:
        """``REVISION:PATH``, as git writes it."""
        return f"{self.revision}:{self.folder}/{path}" if self.folder else f"{self.revision}:{path}"


def tree_at(folder: Path, revision: str) -> RevisionTree:
    """The files of a library's folder in a revision of the repository that it lies in.

    Args:
        folder: The library's folder on disk, as it is called today.
        revision: A revision as git takes it: a branch, a tag, ``HEAD~1``, a commit.

    Raises:
        PromptError: When the folder lies in no repository, when there is no such revision, or without git.
    """
    if not revision or revision.startswith("-"):
        raise PromptError(f"{revision!r} is no revision; write for example main, HEAD~1 or v1.2.0")
    try:
        top = Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    except _Failed:
        raise PromptError(
            f"{folder} lies in no git repository, so it has no revision {revision}; name versions or files"
        ) from None
    below = folder.resolve().relative_to(top.resolve()).as_posix()
    below = "" if below == "." else below
    commit = _commit(top, revision)
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *([below] if below else []))
    blobs: dict[str, str] = {}
    for line in listed.decode("utf-8", "surrogateescape").split("\0"):
        facts, tab, path = line.partition("\t")
        if not tab or facts.startswith((_LINK, _SUBMODULE)):
            continue
        blobs[path.removeprefix(f"{below}/" if below else "")] = facts.split()[2]
    return RevisionTree(top, revision, below, blobs)


def _commit(top: Path, revision: str) -> str:
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    try:
        return _git(top, *asked).decode().strip()
    except _Failed:
        raise PromptError(
            f"{top} has no revision {revision}; write a branch, a tag or a commit that git log shows, and fetch it "
            "first where the clone is shallow"
        ) from None


def blob_digest(data: bytes) -> str:
    """The name that git gives to a file's content, in a repository of SHA-1 names."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _git(folder: Path, *arguments: str) -> bytes:
    """What git prints. Nothing of the repository is run: these commands know no hooks and no filters."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, its arguments in a list
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError:
        raise PromptError(
            "git is not installed, so no revision can be read; install it, or name files"
        ) from None
    except subprocess.TimeoutExpired:
        raise PromptError(
            f"git {arguments[0]} gave no answer within {_TIMEOUT_S} s; try it by hand"
        ) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _Failed(f"git {arguments[0]} failed: {said[-1] if said else 'it said nothing'}")
    return done.stdout
