"""Checking prompts of a library, and files that lie in none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from promptkit.authoring import read_file
from promptkit.checks import Report, Settings, Subject, check_subjects
from promptkit.errors import TemplateError
from promptkit.libraries.fragments import Fragments
from promptkit.libraries.frozen import Entry
from promptkit.libraries.own_rules import kinds_of
from promptkit.libraries.reading import surroundings_of
from promptkit.libraries.trees import Tree
from promptkit.prompts import Loader, Prompt
from promptkit.sessions import settings

__all__ = ["Shelf", "check_file", "check_library", "file_subject", "library_subjects"]


class Shelf(Protocol):
    """A library, as far as checking needs to know it."""

    @property
    def tree(self) -> Tree:
        """Its files."""
        ...

    def names(self) -> list[str]:
        """All names, sorted."""
        ...

    def entry(self, reference: str) -> Entry:
        """The file that a reference means."""
        ...

    def open(self, entry: Entry, *, output: Any = None, load: Loader | None = None) -> Prompt[Any]:
        """The prompt of one file."""
        ...


def check_library(library: Shelf, names: Iterable[str] | None = None) -> Report:
    """Check the prompts of a library and run their tests, by the settings of the configuration.

    Args:
        library: Where the prompts are.
        names: Which to check, by references; None checks all working copies.

    Raises:
        PromptError: When there is no prompt of a given name, or two files have one name.
    """
    return check_subjects(library_subjects(library, names), Settings(settings().check))


def check_file(path: str | os.PathLike[str]) -> Report:
    """Check one prompt file and run its tests; its folder is the library for its includes."""
    return check_subjects([file_subject(path)], Settings(settings().check))


def library_subjects(library: Shelf, names: Iterable[str] | None = None) -> Sequence[Subject]:
    """Prompts of a library, ready to be checked.

    Raises:
        PromptError: As of :func:`check_library`.
    """
    return [_subject(library, name) for name in (library.names() if names is None else names)]


def file_subject(path: str | os.PathLike[str]) -> Subject:
    """One file, ready to be checked."""
    file = Path(path)

    def opened() -> Prompt[Any]:
        kinds = kinds_of(())
        declaration = read_file(file, kinds=kinds, around=surroundings_of(file, kinds))
        return Prompt.declared(declaration, load=Fragments.of_folder(file.parent), models=settings().models)

    return Subject(file.name, str(path), opened)


def _subject(library: Shelf, name: str) -> Subject:
    try:
        entry = library.entry(name)
    except TemplateError as error:  # a file of the library that no prompt can be called by
        return Subject(name, error.file or name, partial(_refuse, error))
    return Subject(name, library.tree.place(entry.path), lambda: library.open(entry))


def _refuse(error: TemplateError) -> Prompt[Any]:
    raise error
