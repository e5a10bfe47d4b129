"""Library: a folder of prompt files, each with its frozen versions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

from promptkit.authoring import Header
from promptkit.checks import Report
from promptkit.constraints import RuleClass
from promptkit.declarations import Declaration
from promptkit.errors import ConfigurationError, LockError, PromptError
from promptkit.libraries.checking import check_library
from promptkit.libraries.deprecation import warn_if_deprecated
from promptkit.libraries.finding import Finder
from promptkit.libraries.fragments import Fragments, Included
from promptkit.libraries.frozen import Entry
from promptkit.libraries.locks import LOCK_NAME, Lock, Pin
from promptkit.libraries.opened import Opened
from promptkit.libraries.own_rules import kinds_of
from promptkit.libraries.reading import Reader
from promptkit.libraries.strict import lock_in, locked_entry, refuse_other_text, refuse_unlocked
from promptkit.libraries.trees import FolderTree, Tree
from promptkit.prompts import Loader, Prompt, TypedPrompt
from promptkit.prompts.typed import check_signature, hints_of

__all__ = ["Library"]

P = ParamSpec("P")
T = TypeVar("T")


class Library:
    """A folder of prompt files. Names are paths below it without suffix: ``support/triage``.

    A file is the working copy of its prompt. ``versions`` beside it holds those versions that were frozen, as
    ``versions/triage@2.1.0.prompt.j2``.

    Args:
        root: The folder, or a tree of files from elsewhere.
        models: Modules in which ``model:`` references of its files may be resolved, beside those that the
            configuration names.
        rules: Classes of rules that its files may name by their kind, beside those that the configuration
            names.
        strict: True to give out only what ``prompts.lock`` in its folder names, and only as it was locked. The
            lock is read once.

    Raises:
        ConfigurationError: When the folder does not exist, or a class is no rule.
    """

    def __init__(
        self,
        root: Path | Tree,
        *,
        models: Sequence[str] = (),
        rules: Sequence[RuleClass] = (),
        strict: bool = False,
    ) -> None:
        if isinstance(root, Path):
            if not root.is_dir():
                raise ConfigurationError(f"there is no folder {root}; a library is a folder of prompt files")
            root = FolderTree(root.resolve())
        self.tree = root
        self.models = tuple(models)
        self.strict = strict
        self._rules = tuple(rules)
        self._lock: Lock | None = None
        self._finder = Finder(root)
        self._reader = Reader(self._finder, kinds=kinds_of(rules), models=models)
        self._opened = Opened(root, self._reader)

    @property
    def root(self) -> Path:
        """The folder; where the library lies in an archive, its place there."""
        return Path(self.tree.label)

    def over(self, tree: Tree) -> Library:
        """The same library over other files."""
        return Library(tree, models=self.models, rules=self._rules)

    def names(self) -> list[str]:
        """All names, sorted; frozen versions are no names of their own.

        Raises:
            PromptError: When two files have one name.
        """
        return self._finder.names()

    def entries(self) -> list[Entry]:
        """Every file of a prompt, working copies and frozen versions, sorted by path.

        Raises:
            PromptError: When two files have one name, or a frozen one is misnamed.
        """
        return self._finder.entries()

    def headers(self) -> Iterator[tuple[str, Header]]:
        """Name, version and description of each prompt, read without the rest of the file."""
        for name, path in sorted(self._finder.files().items()):
            yield name, self._finder.header(name, path)

    def header(self, name: str) -> Header:
        """Name, version and description of one prompt's working copy.

        Raises:
            PromptError: When the library has no such prompt, or its file cannot be read.
        """
        return self._finder.header(name)

    def path(self, name: str) -> Path:
        """The file of a prompt's working copy.

        Raises:
            PromptError: When the library has no such prompt, or two files of its name.
        """
        path = self._finder.file(name)
        self.tree.text(path)
        return Path(self.tree.place(path))

    def versions(self, name: str) -> list[str]:
        """The frozen versions of a prompt, oldest first.

        Raises:
            PromptError: When a file among them is misnamed, or two files hold one version.
        """
        return self._finder.versions(name)

    def entry(self, reference: str) -> Entry:
        """The file that a reference means: the working copy for a name, the newest that fits for a range.

        Raises:
            PromptError: When there is no such prompt.
            VersionError: When none of its versions lies in the range.
        """
        return self._finder.entry(reference)

    @overload
    def get(self, reference: str) -> Prompt[Any]: ...

    @overload
    def get(self, reference: str, output: type[T]) -> Prompt[T]: ...

    @overload
    def get(self, reference: str, output: Any) -> Prompt[Any]: ...

    def get(self, reference: str, output: Any = None) -> Prompt[Any]:
        """The prompt of a name, or of a name and a version range such as ``support/triage@^2``.

        Asking again gives the same prompt, compiled already, as long as its files say the same.

        Args:
            reference: Name, with ``@`` and a range where a version matters: the newest frozen version or working
                copy in it.
            output: The output's type in Python; it must agree with the file.

        Raises:
            PromptError: When there is no such prompt or its file is faulty.
            VersionError: When no version lies in the range.
            LockError: When the library is strict and the prompt is not what was locked.
        """
        prompt = (
            self._locked(reference, output)
            if self.strict
            else self._opened.prompt(self.entry(reference), output)
        )
        warn_if_deprecated(prompt.declaration)
        return prompt

    def open(self, entry: Entry, *, output: Any = None, load: Loader | None = None) -> Prompt[Any]:
        """The prompt of one file.

        Args:
            entry: The file.
            output: The output's type in Python; it must agree with the file.
            load: Gives included files; by default :meth:`fragments`. An ``Included`` remembers those of prompts that
                are extended as well.

        Raises:
            PromptError: When the file is faulty, names itself otherwise, or breaks the contract that it extends.
        """
        return self._reader.prompt(entry, output=output, load=load)

    def pin(self, entry: Entry) -> Pin:
        """What the prompt of one file is made of now, as hashes.

        Raises:
            PromptError: When it does not hold together, or the library lacks a prompt that judges it.
        """
        included = Included(self._reader.fragments(entry))
        return self._reader.pin(entry, self.open(entry, load=included), included)

    def declaration(self, entry: Entry) -> Declaration:
        """What one file declares; for a variant with all that it takes over.

        Raises:
            TemplateError: When the file is faulty, names itself or its version otherwise, or breaks the contract
                that it extends.
        """
        return self._reader.declaration(entry)

    def check(self, names: Iterable[str] | None = None) -> Report:
        """What is wrong with its working copies, without asking a model; their own tests run as well.

        Args:
            names: Which to check; None checks all.

        Raises:
            PromptError: When there is no prompt of a given name, or two files have one name.
        """
        return check_library(self, names)

    def fragments(self, entry: Entry) -> Fragments:
        """Where a file's includes are found: for a frozen one those that were frozen with it."""
        return self._reader.fragments(entry)

    def __getitem__(self, reference: str) -> Prompt[Any]:
        return self.get(reference)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def prompt(self, reference: str) -> Callable[[Callable[P, T]], TypedPrompt[P, T]]:
        """Give a prompt the signature of a function: the file is the prompt, the signature is the type.

        The function's body never runs; write ``...`` or ``raise NotImplementedError``.

        Args:
            reference: Name, with ``@`` and a range where a version matters.

        Raises:
            PromptError: When parameters or result do not fit what the file declares.
        """
        if not isinstance(reference, str):  # pyright: ignore[reportUnnecessaryIsInstance] - @library.prompt bare
            raise PromptError("@library.prompt needs the prompt's name: @library.prompt('support/triage')")
        caller = inspect.currentframe()  # annotations may name classes that are local to the caller
        names = caller.f_back.f_locals if caller is not None and caller.f_back is not None else {}

        def decorate(function: Callable[P, T]) -> TypedPrompt[P, T]:
            hints = hints_of(function, names)
            prompt: Prompt[T] = self.get(reference, output=hints["return"])
            check_signature(prompt, function, hints)
            return TypedPrompt(prompt, function)

        return decorate

    def __repr__(self) -> str:
        return f"Library({self.tree.label!r})"

    def _locked(self, reference: str, output: Any) -> Prompt[Any]:
        """As :meth:`open`, for what the lock names and as it was locked."""
        lock = self._lock = self._lock or lock_in(self.tree)
        if lock is None:
            raise LockError(
                "the library is strict and has no lock; write one: promptkit lock",
                file=self.tree.place(LOCK_NAME),
            )
        entry = locked_entry(lock, reference)
        refuse_other_text(lock, entry, self.tree)
        only = frozenset(lock.pins[entry.path].fragments)
        included = Included(replace(self.fragments(entry), locked=only))
        declared = self.open(entry, load=included)
        # The lock holds what the files declare; a type given in code has its own comparison with that.
        refuse_unlocked(lock, self._reader.pin(entry, declared, included), self.tree.place(entry.path))
        return declared if output is None else self.open(entry, output=output, load=included)
