"""Fragments: the files of a library that prompts include."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from promptkit.authoring import SUFFIXES
from promptkit.errors import TemplateError
from promptkit.libraries.trees import FolderTree, Tree, line_breaks
from promptkit.rendering import Source
from promptkit.spelling import did_you_mean

__all__ = ["Fragments", "Included", "is_prompt_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_FRAGMENT_SUFFIXES = ("", ".j2", ".md", ".txt")


def is_prompt_name(name: str) -> bool:
    """Whether a library can hold a prompt or a fragment of this name; ``..`` and a leading / are never part of one."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Fragments:
    """Gives the files of a library by name, for includes and macros; never one outside it.

    Attributes:
        tree: The library's files.
    """

    tree: Tree

    @classmethod
    def of_folder(cls, folder: Path) -> Fragments:
        """The files of a folder, which need not be absolute."""
        return cls(FolderTree(folder.resolve()))

    def __call__(self, name: str) -> Source:
        """The file ``name``, with or without its suffix ``.j2``, ``.md`` or ``.txt``.

        Raises:
            TemplateError: When there is no such file, when it lies outside, or when it is no UTF-8 text.
        """
        path = self.path(name)
        return Source(line_breaks(self.tree.text(path)), self.tree.place(path))

    def path(self, name: str) -> str:
        """The path of the file ``name`` below the library's root.

        Raises:
            TemplateError: When there is no such file.
        """
        if not is_prompt_name(name):
            raise TemplateError(
                f"{name!r} is no name of a file in the library {self.tree.label}; use names such as "
                f"fragments/refund-policy, without .. and without a leading /"
            )
        for suffix in _FRAGMENT_SUFFIXES:
            if self.tree.has(f"{name}{suffix}"):
                return f"{name}{suffix}"
        known = [path for path in self.tree.files() if not path.endswith(SUFFIXES)]
        without = [re.sub(r"\.(j2|md|txt)$", "", path) for path in known]
        raise TemplateError(
            f"there is no file {name} in the library {self.tree.label}{did_you_mean(name, without)}"
        )


class Included:
    """Fragments that remembers which files were asked for.

    Attributes:
        texts: The text of each file by its path below the library's root, in the order in which they were read.
    """

    def __init__(self, fragments: Fragments) -> None:
        self._fragments = fragments
        self.texts: dict[str, str] = {}

    def __call__(self, name: str) -> Source:
        """As :class:`Fragments`."""
        source = self._fragments(name)
        self.add(self._fragments.path(name), source.text)
        return source

    def add(self, path: str, text: str) -> None:
        """Remember a file that was read in another way."""
        self.texts[path] = line_breaks(text)
