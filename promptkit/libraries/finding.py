"""Finding: which file of a library a name or a range means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promptkit.authoring import SUFFIXES, Header, header_of
from promptkit.errors import PromptError, TemplateError, VersionError
from promptkit.libraries.frozen import Entry, frozen_files, is_frozen, name_of_frozen
from promptkit.libraries.names import is_prompt_name
from promptkit.libraries.trees import Tree
from promptkit.libraries.versions import newest, satisfies, split_reference
from promptkit.spelling import did_you_mean

__all__ = ["Finder"]


class Finder:
    """Finds the files of prompts by name and version.

    Attributes:
        tree: The library's files.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def names(self) -> list[str]:
        """All names, sorted; frozen versions are no names of their own.

        Raises:
            PromptError: When two files have one name.
        """
        return sorted(self.files())

    def files(self) -> dict[str, str]:
        """The path of each working copy by its name.

        Raises:
            PromptError: When two files have one name.
        """
        found: dict[str, str] = {}
        for path in self.tree.files():
            suffix = next((suffix for suffix in SUFFIXES if path.endswith(suffix)), None)
            if suffix is None or is_frozen(path):
                continue
            name = path.removesuffix(suffix)
            if name in found:
                raise self._named_twice(name, found[name], path)
            found[name] = path
        return found

    def entries(self) -> list[Entry]:
        """Every file of a prompt, working copies and frozen versions, sorted by path.

        Raises:
            PromptError: When two files have one name, or a frozen one is misnamed.
        """
        files = self.files()
        frozen = {name_of_frozen(path) for path in self.tree.files() if is_frozen(path)} - {None}
        found = [Entry(name=name, path=path) for name, path in files.items()]
        for name in frozen:
            files = frozen_files(self.tree, name or "")
            found += [
                Entry(name=name or "", path=path, version=version, frozen=True)
                for version, path in files.items()
            ]
        return sorted(found, key=lambda entry: entry.path)

    def header(self, name: str, path: str | None = None) -> Header:
        """Name, version and description of one prompt's working copy.

        Args:
            name: The prompt's name.
            path: Its file, where that was found before.

        Raises:
            PromptError: When the library has no such prompt, or its file cannot be read.
        """
        path = path or self.file(name)
        header = header_of(self.tree.text(path), file=self.tree.place(path), name=name)
        return header if header.name == name else replace(header, name=name)

    def versions(self, name: str) -> list[str]:
        """The frozen versions of a prompt, oldest first.

        Raises:
            PromptError: When a file among them is misnamed, or two files hold one version.
        """
        return list(frozen_files(self.tree, name))

    def entry(self, reference: str) -> Entry:
        """The file that a reference means: the working copy for a name, the newest that fits for a range.

        Raises:
            PromptError: When there is no such prompt.
            VersionError: When none of its versions lies in the range.
        """
        name, wanted = split_reference(reference)
        if wanted is None:
            return Entry(name=name, path=self.file(name))
        frozen = frozen_files(self.tree, name)
        best = newest(frozen, wanted)
        working = self._working(name) if not frozen or self._is_there(name) else None
        if working is not None and working.version and satisfies(working.version, wanted):
            # Of a version that is frozen, the frozen file counts: the working copy may have moved on.
            newer = best is None or newest([best, working.version], wanted) != best
            if newer:
                return working
        if best is None:
            raise VersionError(self._nothing_fits(reference, working, list(frozen)))
        return Entry(name=name, path=frozen[best], version=best, frozen=True)

    def file(self, name: str) -> str:
        """The path of a prompt's working copy below the root.

        Raises:
            PromptError: When the library has no such prompt, or two files of its name.
        """
        if not is_prompt_name(name):
            raise self._no_name(name)
        found = [f"{name}{suffix}" for suffix in SUFFIXES if self.tree.has(f"{name}{suffix}")]
        if len(found) > 1:
            raise self._named_twice(name, *found)
        if found:
            return found[0]
        frozen = list(frozen_files(self.tree, name))
        if frozen:
            raise PromptError(
                f"{name} in {self.tree.label} has no working copy, only the frozen {', '.join(frozen)}; write "
                f"{name}@{frozen[-1]}, or a range"
            )
        known = self.names()
        raise PromptError(
            f"there is no prompt {name} in {self.tree.label}{did_you_mean(name, known)}; it has "
            f"{', '.join(known[:20]) or 'no prompt files yet'}"
        )

    def _is_there(self, name: str) -> bool:
        return any(self.tree.has(f"{name}{suffix}") for suffix in SUFFIXES)

    def _working(self, name: str) -> Entry:
        return Entry(name=name, path=self.file(name), version=self.header(name).version)

    def _no_name(self, name: str) -> PromptError:
        told = f"{name!r} is no name of a prompt; names look like support/triage"
        path = self.files().get(name)
        return (
            PromptError(told)
            if path is None
            else TemplateError(f"{told}; rename it", file=self.tree.place(path))
        )

    def _named_twice(self, name: str, first: str, second: str) -> PromptError:
        return PromptError(
            f"{self.tree.place(first)} and {self.tree.place(second)} are both named {name}; rename or remove one "
            f"of them"
        )

    def _nothing_fits(self, reference: str, working: Entry | None, frozen: Sequence[str]) -> str:
        have = f"{self.tree.place(working.path)} has {working.version or 'no version'}" if working else ""
        kept = f"{', '.join(frozen)} {'are' if len(frozen) > 1 else 'is'} frozen" if frozen else ""
        there = " and ".join(part for part in (have, kept) if part)
        return f"{reference} is wanted, but {there}; change the range or the file"
