"""Frozen versions: how their files are named, and which there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from promptkit.authoring import SUFFIXES
from promptkit.errors import PromptError
from promptkit.libraries.names import is_prompt_name
from promptkit.libraries.trees import Tree
from promptkit.libraries.versions import Version

__all__ = [
    "Entry",
    "bundle_of",
    "frozen_files",
    "frozen_path",
    "is_frozen",
    "is_frozen_fragment",
    "name_of_frozen",
]

_FOLDER = "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a prompt: its working copy or a frozen version.

    Attributes:
        name: The prompt's name.
        path: The file's path below the library's root.
        version: Its version; None where it was not looked at or there is none.
        frozen: True for a frozen version.
        alone: True for a file that belongs to no library, and may call itself what it likes.
        within: The folder of a frozen version that this file was frozen with, below the library's root.
    """

    name: str
    path: str
    version: str | None = None
    frozen: bool = False
    alone: bool = False
    within: str | None = None

    @property
    def bundle(self) -> str | None:
        """The folder of the files that were frozen with this one; None for a working copy."""
        return bundle_of(self.path) if self.frozen else self.within


def is_frozen(path: str) -> bool:
    """Whether a path below the library's root is that of a frozen version, or of a file frozen with one."""
    *folders, last = path.split("/")
    if _FOLDER not in folders:
        return False
    inside = [*folders, last][folders.index(_FOLDER) + 1]
    return "@" in inside


def name_of_frozen(path: str) -> str | None:
    """The name of the prompt of which ``path`` is a frozen version; None for a file that was frozen with one."""
    folder, _, file = path.rpartition("/")
    above, _, last = folder.rpartition("/")
    stem = file.partition("@")[0]
    if last != _FOLDER or not file.endswith(SUFFIXES) or "@" not in file:
        return None
    return f"{above}/{stem}" if above else stem


def frozen_path(name: str, version: str, suffix: str) -> str:
    """Where a version of a prompt is frozen, below the library's root."""
    folder, _, last = name.rpartition("/")
    return f"{folder + '/' if folder else ''}{_FOLDER}/{last}@{version}{suffix}"


def is_frozen_fragment(path: str) -> bool:
    """Whether a path below the library's root is that of a frozen version of a fragment."""
    *folders, last = path.split("/")
    return _FOLDER in folders[-1:] and "@" in last and not last.endswith(SUFFIXES)


def bundle_of(path: str) -> str:
    """The folder of the files that were frozen with the version at ``path``."""
    suffix = next(suffix for suffix in SUFFIXES if path.endswith(suffix))
    return path.removesuffix(suffix)


def frozen_files(tree: Tree, name: str, suffixes: Sequence[str] = SUFFIXES) -> dict[str, str]:
    """The frozen files of a prompt by version, oldest first.

    Args:
        tree: The library's files.
        name: The prompt's name, or a fragment's.
        suffixes: What the files' names end with; the first that does counts.

    Raises:
        PromptError: When ``name`` is none, when a file among them names no version, or when two hold the same one.
    """
    if not is_prompt_name(name):
        raise PromptError(f"{name!r} is no name of a prompt; names look like support/triage")
    folder, _, last = name.rpartition("/")
    folder = f"{folder}/{_FOLDER}" if folder else _FOLDER
    found: dict[Version, str] = {}
    for file in tree.listed(folder):
        suffix = next((suffix for suffix in suffixes if file.endswith(suffix)), None)
        if suffixes is not SUFFIXES and file.endswith(SUFFIXES):
            continue  # a prompt and a fragment of one name
        stem, at, text = file.removesuffix(suffix or "").partition("@")
        if suffix is None or not at or stem != last:
            continue
        path, version = f"{folder}/{file}", Version.read(text)
        if version is None:
            raise PromptError(
                f"{tree.place(path)} names no version: {text!r} is not three numbers such as 2.1.0; rename or "
                f"remove it"
            )
        if version in found:
            raise PromptError(
                f"{tree.place(found[version])} and {tree.place(path)} both hold {name}@{text}; remove one of them"
            )
        found[version] = path
    return {str(version): found[version] for version in sorted(found)}
