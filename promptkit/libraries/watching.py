"""WatchedTree: the files of a library, and which of them were read."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptkit.authoring import MOST_BYTES
from promptkit.libraries.trees import Tree
from promptkit.user_cache import digest_of

__all__ = ["WatchedTree"]


@dataclass(slots=True)
class WatchedTree:
    """Another tree, and a digest of every file that was read from it.

    Attributes:
        tree: The other tree.
        read: Digests by path, in the order in which they were first read.
    """

    tree: Tree
    read: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def label(self) -> str:
        """What errors call the root."""
        return self.tree.label

    def files(self) -> list[str]:
        """The paths of all files, sorted."""
        return self.tree.files()

    def listed(self, folder: str) -> list[str]:
        """The names of the files in one folder."""
        return self.tree.listed(folder)

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.tree.has(path)

    def text(self, path: str, *, most_bytes: int = MOST_BYTES) -> str:
        """A file's text, noted as read."""
        text = self.tree.text(path, most_bytes=most_bytes)
        self.read[path] = digest_of(text.encode("utf-8"))
        return text

    def place(self, path: str) -> str:
        """What errors call a file."""
        return self.tree.place(path)
