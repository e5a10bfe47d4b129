"""Opening a library by its anchor, and a prompt by its file."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from promptkit.authoring import read_file
from promptkit.constraints import RuleClass
from promptkit.errors import ConfigurationError
from promptkit.libraries.deprecation import warn_if_deprecated
from promptkit.libraries.folders import Library
from promptkit.libraries.fragments import Fragments
from promptkit.libraries.own_rules import kinds_of
from promptkit.libraries.reading import surroundings_of
from promptkit.libraries.trees import BelowTree, ResourceTree, Tree
from promptkit.prompts import Prompt
from promptkit.sessions import settings

__all__ = ["library", "load"]

T = TypeVar("T")


def library(
    anchor: str | os.PathLike[str],
    *,
    models: Sequence[str] = (),
    rules: Sequence[RuleClass] = (),
    strict: bool | None = None,
) -> Library:
    """A folder of prompts.

    Args:
        anchor: A package's dotted name (``"app.prompts"``), whose folder is the library, also where the package
            is installed as a zip file; or an absolute path.
        models: Modules in which ``model:`` references of its files may be resolved.
        rules: Classes of rules that its files may name by their kind.
        strict: True to give out only what ``prompts.lock`` in its folder names, and only as it was locked; by
            default as ``strict`` in the configuration says, and else False.

    Raises:
        ConfigurationError: When there is no such package or folder, or the path is relative: a library must not
            depend on the directory in which a program happens to be started.
    """
    strict = settings().strict if strict is None else strict
    if isinstance(anchor, str) and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", anchor):
        return Library(_package_files(anchor), models=models, rules=rules, strict=strict)
    path = Path(anchor)
    if not path.is_absolute():
        raise ConfigurationError(
            f"{path} is relative; anchor the library to a package (pk.library('app.prompts')) or to a file: "
            f"pk.library(Path(__file__).parent / '{path.name}')"
        )
    return Library(path, models=models, rules=rules, strict=strict)


def _package_files(package: str) -> Path | Tree:
    locations = _locations(package)
    if locations:
        folder = Path(locations[0])
        return folder if folder.is_dir() else ResourceTree(package, str(folder))
    # An archive may list files alone, and then Python sees no package in a folder without __init__.py.
    parent, _, last = package.rpartition(".")
    above = _locations(parent) if parent else []
    if above:
        tree = BelowTree(ResourceTree(parent, above[0]), last)
        if tree.files():
            return tree
    raise ConfigurationError(
        f"there is no package {package}; give an importable package or an absolute path, for example "
        f"pk.library(Path(__file__).parent / '{package}')"
    )


def _locations(package: str) -> list[str]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    return list(spec.submodule_search_locations or ()) if spec is not None else []


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
    kinds = kinds_of(rules)
    declaration = read_file(file, kinds=kinds, around=surroundings_of(file, kinds))
    warn_if_deprecated(declaration)
    return Prompt.declared(
        declaration, output=output, load=Fragments.of_folder(file.parent), models=settings().models
    )
