"""Library: a folder of prompt files, anchored to a package or to an absolute path."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

from promptkit.authoring import SUFFIXES, Header, read_file, read_header
from promptkit.constraints import RuleClass
from promptkit.errors import ConfigurationError, PromptError, TemplateError, VersionError
from promptkit.libraries.own_rules import kinds_of
from promptkit.libraries.versions import satisfies, split_reference
from promptkit.prompts import Prompt, TypedPrompt
from promptkit.prompts.typed import check_signature, hints_of
from promptkit.rendering import Source
from promptkit.sessions import settings
from promptkit.spelling import did_you_mean

__all__ = ["Fragments", "Library", "is_prompt_name", "library", "load"]

P = ParamSpec("P")
T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_FRAGMENT_SUFFIXES = ("", ".j2", ".md", ".txt")


def is_prompt_name(name: str) -> bool:
    """Whether a library can hold a prompt or a fragment of this name; ``..`` and a leading / are never part of one."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Fragments:
    """Gives the files of a folder by name, for includes and macros; never one outside the folder.

    Attributes:
        root: The folder, absolute and resolved.
    """

    root: Path

    def __call__(self, name: str) -> Source:
        """The file ``name``, with or without its suffix ``.j2``, ``.md`` or ``.txt``.

        Raises:
            TemplateError: When there is no such file, when it lies outside, or when it is no UTF-8 text.
        """
        if not is_prompt_name(name):
            raise TemplateError(
                f"{name!r} is no name of a file in the library {self.root}; use names such as "
                f"fragments/refund-policy, without .. and without a leading /"
            )
        for suffix in _FRAGMENT_SUFFIXES:
            path = self.root / f"{name}{suffix}"
            if path.is_file():
                return Source(_read_inside(path, self.root), str(path))
        found = [str(path.relative_to(self.root)) for path in sorted(self.root.rglob("*")) if path.is_file()]
        known = [name for name in found if not name.endswith(SUFFIXES)]
        without = [re.sub(r"\.(j2|md|txt)$", "", name) for name in known]
        raise TemplateError(
            f"there is no file {name} in the library {self.root}{did_you_mean(name, without)}"
        )


def _read_inside(path: Path, root: Path) -> str:
    if not path.resolve().is_relative_to(root):
        raise TemplateError(f"{path} leads out of the library {root}; links out of it are not followed")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path} cannot be read as UTF-8 text: {error}", file=str(path)) from error


class Library:
    """A folder of prompt files. Names are paths below it without suffix: ``support/triage``.

    Args:
        root: The folder.
        models: Modules in which ``model:`` references of its files may be resolved, beside those that the
            configuration names.
        rules: Classes of rules that its files may name by their kind, beside those that the configuration
            names.

    Raises:
        ConfigurationError: When the folder does not exist, or a class is no rule.
    """

    def __init__(self, root: Path, *, models: Sequence[str] = (), rules: Sequence[RuleClass] = ()) -> None:
        if not root.is_dir():
            raise ConfigurationError(f"there is no folder {root}; a library is a folder of prompt files")
        self.root = root.resolve()
        self.models = tuple(models)
        self._kinds = kinds_of(rules)
        self._fragments = Fragments(self.root)

    def names(self) -> list[str]:
        """All names, sorted.

        Raises:
            PromptError: When two files have one name.
        """
        found: dict[str, Path] = {}
        for path in sorted(self.root.rglob("*")):
            suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), None)
            if suffix is None or not path.is_file():
                continue
            name = path.relative_to(self.root).as_posix().removesuffix(suffix)
            if name in found:
                raise PromptError(
                    f"{found[name]} and {path} are both named {name}; rename or remove one of them"
                )
            found[name] = path
        return sorted(found)

    def headers(self) -> Iterator[tuple[str, Header]]:
        """Name, version and description of each prompt, read without the rest of the file."""
        for name in self.names():
            yield name, replace(read_header(self.path(name)), name=name)

    def path(self, name: str) -> Path:
        """The file of a prompt.

        Raises:
            PromptError: When the library has no such prompt.
        """
        if not is_prompt_name(name):
            raise PromptError(f"{name!r} is no name of a prompt; names look like support/triage")
        for suffix in SUFFIXES:
            path = self.root / f"{name}{suffix}"
            if path.is_file():
                if not path.resolve().is_relative_to(self.root):
                    raise PromptError(
                        f"{path} leads out of the library {self.root}; links out of it are not followed"
                    )
                return path
        known = self.names()
        raise PromptError(
            f"there is no prompt {name} in {self.root}{did_you_mean(name, known)}; it has "
            f"{', '.join(known[:20]) or 'no prompt files yet'}"
        )

    @overload
    def get(self, reference: str) -> Prompt[Any]: ...

    @overload
    def get(self, reference: str, output: type[T]) -> Prompt[T]: ...

    @overload
    def get(self, reference: str, output: Any) -> Prompt[Any]: ...

    def get(self, reference: str, output: Any = None) -> Prompt[Any]:
        """The prompt of a name, or of a name and a version range such as ``support/triage@^2``.

        Args:
            reference: Name, with ``@`` and a range where a version matters.
            output: The output's type in Python; it must agree with the file.

        Raises:
            PromptError: When there is no such prompt or its file is faulty.
            VersionError: When its version lies outside the range.
        """
        name, wanted = split_reference(reference)
        declaration = read_file(self.path(name), name=name, kinds=self._kinds)
        if wanted is not None and not (declaration.version and satisfies(declaration.version, wanted)):
            have = declaration.version or "no version"
            raise VersionError(
                f"{reference} is wanted, but {declaration.file} has {have}; change the range or the file"
            )
        if declaration.name != name:
            raise TemplateError(
                f"the file calls itself {declaration.name}, but its place in the library is {name}; "
                f"leave name out, or write name: {name}",
                file=declaration.file,
                line=declaration.lines.get("name"),
            )
        models = (*self.models, *settings().models)
        return Prompt.declared(declaration, output=output, load=self._fragments, models=models)

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
        return f"Library({str(self.root)!r})"


def library(
    anchor: str | os.PathLike[str], *, models: Sequence[str] = (), rules: Sequence[RuleClass] = ()
) -> Library:
    """A folder of prompts.

    Args:
        anchor: A package's dotted name (``"app.prompts"``), whose folder is the library, or an absolute path.
        models: Modules in which ``model:`` references of its files may be resolved.
        rules: Classes of rules that its files may name by their kind.

    Raises:
        ConfigurationError: When there is no such package or folder, or the path is relative: a library must not
            depend on the directory in which a program happens to be started.
    """
    if isinstance(anchor, str) and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", anchor):
        return Library(_package_folder(anchor), models=models, rules=rules)
    path = Path(anchor)
    if not path.is_absolute():
        raise ConfigurationError(
            f"{path} is relative; anchor the library to a package (pk.library('app.prompts')) or to a file: "
            f"pk.library(Path(__file__).parent / '{path.name}')"
        )
    return Library(path, models=models, rules=rules)


def _package_folder(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            f"there is no package {package}; give an importable package or an absolute path, for example "
            f"pk.library(Path(__file__).parent / '{package}')"
        )
    return Path(next(iter(spec.submodule_search_locations)))


@overload
def load(path: str | os.PathLike[str], *, rules: Sequence[RuleClass] = ...) -> Prompt[Any]: ...


@overload
def load(path: str | os.PathLike[str], output: type[T], *, rules: Sequence[RuleClass] = ...) -> Prompt[T]: ...


@overload
def load(path: str | os.PathLike[str], output: Any, *, rules: Sequence[RuleClass] = ...) -> Prompt[Any]: ...


def load(path: str | os.PathLike[str], output: Any = None, *, rules: Sequence[RuleClass] = ()) -> Prompt[Any]:
    """The prompt of one file; its folder is the library for its includes.

    Args:
        path: A ``.prompt.j2`` or ``.prompt.yaml`` file.
        output: The output's type in Python; it must agree with the file.
        rules: Classes of rules that the file may name by their kind.

    Raises:
        TemplateError: When the file is missing or faulty.
    """
    file = Path(path)
    declaration = read_file(file, kinds=kinds_of(rules))
    return Prompt.declared(
        declaration, output=output, load=Fragments(file.resolve().parent), models=settings().models
    )
