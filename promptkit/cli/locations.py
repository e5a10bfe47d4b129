"""Where prompts are: the library of a command line, and the prompt that a name or a path means."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from promptkit.authoring import SUFFIXES
from promptkit.cli.stderr import say
from promptkit.errors import ConfigurationError, PromptError
from promptkit.libraries import Library, load
from promptkit.libraries.deprecation import notice_of
from promptkit.prompts import Prompt
from promptkit.records import CallRecord
from promptkit.sessions import settings

__all__ = ["find_library", "find_prompt", "find_prompt_of", "is_path", "library_folder", "located", "name_in"]


_NO_LIBRARY = (
    'name one with --library DIR or by library = "DIR" in promptkit.toml, or write its first prompt with '
    "promptkit new NAME"
)


def library_folder(given: Path | None) -> Path:
    """The library's folder, whether it exists or not: the one given, the configured one, or ``templates``."""
    if given is not None:
        return given
    configured = settings()
    if (configured.models or configured.rules) and configured.file is not None:
        # A project that names its modules in its configuration means those that lie beside it; what is
        # installed comes first, so that no stray file shadows a package.
        folder = str(configured.file.parent)
        if folder not in sys.path:
            sys.path.append(folder)
    return configured.library or Path("templates")


def find_library(given: Path | None, *, strict: bool = False) -> Library:
    """The library.

    Args:
        given: The folder, where the command line names one.
        strict: True to load as its lock says.

    Raises:
        ConfigurationError: When its folder does not exist.
    """
    folder = library_folder(given)
    if not folder.is_dir():
        mend = "check the path" if given is not None else _NO_LIBRARY
        raise ConfigurationError(f"there is no library {folder.absolute()}; {mend}")
    return Library(folder.resolve(), strict=strict)


def is_path(name: str) -> bool:
    """Whether a NAME on the command line is the path of a prompt file."""
    return name.endswith(SUFFIXES)


def name_in(library: Library, path: Path) -> str | None:
    """The name by which a library knows a file; None when the file is not in it."""
    file = path.resolve()
    if not file.is_relative_to(library.root):
        return None
    name = file.relative_to(library.root).as_posix()
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), None)


def find_prompt(name: str, given: Path | None) -> Prompt[Any]:
    """The prompt of a name, of a name with a version range, or of a path.

    A file inside the library is taken as the library's own, so that its includes resolve there.

    Raises:
        ConfigurationError: When there is no library.
        PromptError: When there is no such prompt, its file is faulty, or it is not what is locked.
    """
    prompt = _found(name, given)
    notice = notice_of(prompt.declaration)
    if notice is not None:
        say(f"warning: {notice}")
    return prompt


def find_prompt_of(call: CallRecord, name: str | None, given: Path | None) -> Prompt[Any]:
    """The prompt of a name or a path, else that of a recorded call.

    Raises:
        ConfigurationError: When there is no library.
        PromptError: When there is no such prompt, its file is faulty, or it is not what is locked.
    """
    try:
        return find_prompt(name or call.prompt.name, given)
    except PromptError as error:
        if name is not None:
            raise
        raise PromptError(f"{error}. Name the file of the call's prompt with --prompt PATH") from error


def located(name: str, given: Path | None) -> tuple[Path, str | None]:
    """Where such a prompt is: a library's folder and the name in it, or a file that lies in no library.

    Raises:
        ConfigurationError: When there is no library.
    """
    if not is_path(name):
        return find_library(given).root, name
    folder, path = library_folder(given), Path(name)
    own = name_in(Library(folder.resolve()), path) if folder.is_dir() and path.is_file() else None
    return (path, None) if own is None else (folder.resolve(), own)


def _found(name: str, given: Path | None) -> Prompt[Any]:
    path, own = located(name, given)
    return load(path) if own is None else Library(path, strict=settings().strict).get(own)
