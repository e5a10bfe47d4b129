"""Fragments: the files of a library that prompts include."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from promptkit.authoring import SUFFIXES
from promptkit.errors import PromptError, TemplateError, VersionError
from promptkit.libraries.frozen import frozen_files
from promptkit.libraries.names import is_prompt_name
from promptkit.libraries.trees import FolderTree, Tree, line_breaks
from promptkit.libraries.versions import newest
from promptkit.rendering import Source
from promptkit.spelling import did_you_mean

__all__ = ["FRAGMENT_SUFFIXES", "Fragments", "Included"]

FRAGMENT_SUFFIXES = (".j2", ".md", ".txt", "")
"""What the names of fragments may end with."""


@dataclass(frozen=True, slots=True)
class Fragments:
    """Gives the files of a library by name, for includes and macros; never one outside it.

    Attributes:
        tree: The library's files.
        locked: The paths that a range may choose from; None for all that are there.
    """

    tree: Tree
    locked: frozenset[str] | None = None

    @classmethod
    def of_folder(cls, folder: Path) -> Fragments:
        """The files of a folder, which need not be absolute."""
        return cls(FolderTree(folder.resolve()))

    def __call__(self, name: str) -> Source:
        """The file ``name``, with or without its suffix ``.j2``, ``.md`` or ``.txt``; with a range a frozen one.

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
        bare, at, wanted = name.partition("@")
        if at and is_prompt_name(bare):
            return self._frozen(bare, wanted)
        if not is_prompt_name(name):
            raise TemplateError(
                f"{name!r} is no name of a file in the library {self.tree.label}; use names such as "
                f"fragments/refund-policy, without .. and without a leading /"
            )
        # A file of exactly this name comes first: tone.md is itself and not tone.md.md.
        for suffix in ("", *FRAGMENT_SUFFIXES[:-1]):
            if self.tree.has(f"{name}{suffix}"):
                return f"{name}{suffix}"
        known = [path for path in self.tree.files() if not path.endswith(SUFFIXES)]
        without = [re.sub(r"\.(j2|md|txt)$", "", path) for path in known]
        raise TemplateError(
            f"there is no file {name} in the library {self.tree.label}{did_you_mean(name, without)}"
        )

    def _frozen(self, name: str, wanted: str) -> str:
        """The newest frozen version of a fragment in a range."""
        try:
            files = frozen_files(self.tree, name, FRAGMENT_SUFFIXES)
            known = {
                version: path for version, path in files.items() if self.locked is None or path in self.locked
            }
            best = newest(known, wanted)
        except (PromptError, VersionError) as error:
            raise TemplateError(str(error)) from error
        if best is None:
            have = (
                f"{', '.join(known)} {'is' if len(known) == 1 else 'are'} frozen"
                if known
                else "none is frozen"
            )
            raise TemplateError(
                f"{name}@{wanted} is wanted of the library {self.tree.label}, and {have}; change the range, or freeze "
                f"one: promptkit freeze {name} --version 1.0.0"
            )
        return known[best]


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
