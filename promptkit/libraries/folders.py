"""Library: a folder of prompt files, each with its frozen versions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

from promptkit.authoring import SUFFIXES, Header, header_of, read_text
from promptkit.checks import Report
from promptkit.constraints import RuleClass
from promptkit.declarations import Declaration
from promptkit.errors import ConfigurationError, LockError, PromptError, TemplateError, VersionError
from promptkit.libraries.checking import check_library
from promptkit.libraries.deprecation import warn_if_deprecated
from promptkit.libraries.fragments import Fragments, Included, is_prompt_name
from promptkit.libraries.frozen import Entry, bundle_of, frozen_files, is_frozen, name_of_frozen
from promptkit.libraries.locks import LOCK_NAME, Lock, Pin
from promptkit.libraries.own_rules import kinds_of
from promptkit.libraries.pins import pin_of
from promptkit.libraries.strict import lock_in, locked_entry, refuse_other_text, refuse_unlocked
from promptkit.libraries.trees import BelowTree, FolderTree, Tree
from promptkit.libraries.versions import newest, satisfies, split_reference
from promptkit.prompts import Loader, Prompt, TypedPrompt
from promptkit.prompts.typed import check_signature, hints_of
from promptkit.sessions import settings
from promptkit.spelling import did_you_mean

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
        self._kinds = kinds_of(rules)

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
        found: dict[str, str] = {}
        for path in self.tree.files():
            suffix = next((suffix for suffix in SUFFIXES if path.endswith(suffix)), None)
            if suffix is None or is_frozen(path):
                continue
            name = path.removesuffix(suffix)
            if name in found:
                raise self._named_twice(name, found[name], path)
            found[name] = path
        return sorted(found)

    def entries(self) -> list[Entry]:
        """Every file of a prompt, working copies and frozen versions, sorted by path.

        Raises:
            PromptError: When two files have one name, or a frozen one is misnamed.
        """
        names = self.names()
        frozen = {name_of_frozen(path) for path in self.tree.files() if is_frozen(path)} - {None}
        found = [Entry(name=name, path=self._file(name)) for name in names]
        for name in frozen:
            files = frozen_files(self.tree, name or "")
            found += [
                Entry(name=name or "", path=path, version=version, frozen=True)
                for version, path in files.items()
            ]
        return sorted(found, key=lambda entry: entry.path)

    def headers(self) -> Iterator[tuple[str, Header]]:
        """Name, version and description of each prompt, read without the rest of the file."""
        for name in self.names():
            yield name, self.header(name)

    def header(self, name: str) -> Header:
        """Name, version and description of one prompt's working copy.

        Raises:
            PromptError: When the library has no such prompt, or its file cannot be read.
        """
        path = self._file(name)
        header = header_of(self.tree.text(path), file=self.tree.place(path), name=name)
        return Header(name=name, version=header.version, description=header.description)

    def path(self, name: str) -> Path:
        """The file of a prompt's working copy.

        Raises:
            PromptError: When the library has no such prompt, or two files of its name.
        """
        path = self._file(name)
        self.tree.text(path)
        return Path(self.tree.place(path))

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
            return Entry(name=name, path=self._file(name))
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

    @overload
    def get(self, reference: str) -> Prompt[Any]: ...

    @overload
    def get(self, reference: str, output: type[T]) -> Prompt[T]: ...

    @overload
    def get(self, reference: str, output: Any) -> Prompt[Any]: ...

    def get(self, reference: str, output: Any = None) -> Prompt[Any]:
        """The prompt of a name, or of a name and a version range such as ``support/triage@^2``.

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
            else self.open(self.entry(reference), output=output)
        )
        warn_if_deprecated(prompt.declaration)
        return prompt

    def open(self, entry: Entry, *, output: Any = None, load: Loader | None = None) -> Prompt[Any]:
        """The prompt of one file.

        Args:
            entry: The file.
            output: The output's type in Python; it must agree with the file.
            load: Gives included files; by default :meth:`fragments`.

        Raises:
            PromptError: When the file is faulty, or names itself otherwise.
        """
        declaration = self.declaration(entry)
        models = (*self.models, *settings().models)
        return Prompt.declared(declaration, output=output, load=load or self.fragments(entry), models=models)

    def pin(self, entry: Entry) -> Pin:
        """What the prompt of one file is made of now, as hashes.

        Raises:
            PromptError: When it does not hold together, or the library lacks a prompt that judges it.
        """
        included = Included(self.fragments(entry))
        return self._pin(entry, self.open(entry, load=included), included)

    def declaration(self, entry: Entry) -> Declaration:
        """What one file declares.

        Raises:
            TemplateError: When the file is faulty, or names itself or its version otherwise.
        """
        place = self.tree.place(entry.path)
        declaration = read_text(
            self.tree.text(entry.path),
            file=place,
            name=entry.name,
            yaml_document=entry.path.endswith(SUFFIXES[1]),
            kinds=self._kinds,
        )
        if declaration.name != entry.name and not entry.alone:
            raise TemplateError(
                f"the file calls itself {declaration.name}, but its place in the library is {entry.name}; "
                f"leave name out, or write name: {entry.name}",
                file=place,
                line=declaration.lines.get("name"),
            )
        if entry.frozen and declaration.version != entry.version:
            raise TemplateError(
                f"the file says version {declaration.version or 'nothing'}, but it is frozen as {entry.version}; "
                f"a frozen file never changes: restore it, for example with git checkout",
                file=place,
                line=declaration.lines.get("version"),
            )
        return declaration

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
        if entry.frozen:
            bundle = BelowTree(self.tree, bundle_of(entry.path))
            if bundle.files():
                return Fragments(bundle)
        return Fragments(self.tree)

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
        included = Included(self.fragments(entry))
        declared = self.open(entry, load=included)
        # The lock holds what the files declare; a type given in code has its own comparison with that.
        refuse_unlocked(lock, self._pin(entry, declared, included), self.tree.place(entry.path))
        return declared if output is None else self.open(entry, output=output)

    def _pin(self, entry: Entry, prompt: Prompt[Any], included: Included) -> Pin:
        prompt.check()
        return pin_of(
            entry,
            prompt,
            text=self.tree.text(entry.path),
            fragments=included.texts,
            judge_file=lambda judge: self._judge(judge, prompt.declaration),
        )

    def _judge(self, reference: str, declaration: Declaration) -> str:
        try:
            return self.entry(reference).path
        except PromptError as error:
            raise TemplateError(
                f"a constraint is judged by {reference}, which is not there: {error}", file=declaration.place
            ) from error

    def _file(self, name: str) -> str:
        """The path of a working copy below the root."""
        if not is_prompt_name(name):
            raise PromptError(f"{name!r} is no name of a prompt; names look like support/triage")
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
        return Entry(name=name, path=self._file(name), version=self.header(name).version)

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
