"""Freezing: a prompt's working copy becomes a version that does not change again."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from promptkit.authoring import SUFFIXES
from promptkit.errors import PromptError, TemplateError, VersionError
from promptkit.libraries.folders import Library
from promptkit.libraries.fragments import FRAGMENT_SUFFIXES, Fragments, Included
from promptkit.libraries.frozen import Entry, bundle_of, frozen_files, frozen_path
from promptkit.libraries.trees import FolderTree, line_breaks
from promptkit.libraries.versions import Version
from promptkit.libraries.writing import (
    BEGINNING,
    alone,
    create_file,
    make_folder,
    remove_unfinished,
    writing_faults,
)

__all__ = ["Frozen", "folder_of", "freeze", "freeze_fragment"]

_INCLUDE = re.compile(r"""\{%[-+]?\s*(?:include|import|from)\s+['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What freezing did.

    Attributes:
        name: The prompt's name.
        version: The frozen version.
        path: Its file.
        fragments: The included files that were frozen with it, by their paths below the library's root.
        made: False when the version was frozen before with the same content, so that nothing was written.
    """

    name: str
    version: str
    path: Path
    fragments: tuple[str, ...]
    made: bool


def freeze_fragment(library: Library, name: str, version: str) -> Frozen:
    """Write a fragment as a version that does not change again; what it includes must have versions as well.

    Args:
        library: A library in a folder.
        name: The fragment's name, with or without its suffix.
        version: The version.

    Raises:
        PromptError: When there is no such fragment, when it includes one without a version, or cannot be written.
        VersionError: When the version is none, or is frozen with another content.
    """
    root = folder_of(library)
    if Version.read(version) is None:
        raise VersionError(f"{version!r} is no semantic version, which has three numbers such as 1.0.0")
    path = _fragment(library, _bare(name), version)
    text = line_breaks(library.tree.text(path))
    open_end = next((found for found in _INCLUDE.finditer(text) if "@" not in found[1]), None)
    if open_end is not None:
        raise TemplateError(
            f"This includes {open_end[1]}, which may change. Freeze that first, and include a version of it, for "
            f"example {open_end[1]}@^1.",
            file=library.tree.place(path),
            line=text.count("\n", 0, open_end.start()) + 1,
        )
    suffix = next(suffix for suffix in FRAGMENT_SUFFIXES if path.endswith(suffix))
    stem = path.removesuffix(suffix)
    target = root / frozen_path(stem, version, suffix)
    file = _there(library, stem, version, FRAGMENT_SUFFIXES)
    made = Frozen(name=stem, version=version, path=target, fragments=(), made=file is None)
    if file is None:
        make_folder(target.parent, root)
        with _alone(target.parent), writing_faults(target):
            create_file(target, text)
    elif line_breaks(library.tree.text(file)) != text:
        raise VersionError(
            f"{stem}@{version} is frozen in {library.tree.place(file)} with another content, and a frozen version "
            f"never changes; choose a higher version"
        )
    return made


def _fragment(library: Library, name: str, version: str) -> str:
    try:
        return Fragments(library.tree).path(name)
    except TemplateError:
        if name not in library:
            raise
    raise VersionError(
        f"{name} is a prompt, and its file names its version; write promptkit release {name} --version {version} "
        "--freeze"
    )


def _fragment_fault(library: Library, name: str) -> PromptError | None:
    """What to do where a fragment is called so and no prompt is."""
    try:
        Fragments(library.tree).path(name)
    except TemplateError:
        return None
    return VersionError(
        f"{name} is a fragment, which names no version itself; give it one: promptkit freeze {name} --version 1.0.0"
    )


def freeze(library: Library, name: str) -> Frozen:
    """Write the working copy of a prompt, and every file that it includes, as a version that does not change again.

    The file is written last and in one step; a run that was broken off leaves no version.

    Args:
        library: A library in a folder.
        name: The prompt's name, without a version.

    Raises:
        PromptError: When there is no such prompt, when it does not hold together, or when it cannot be written.
        VersionError: When it names no version, or one that is frozen with another content.
    """
    root = folder_of(library)
    try:
        entry = library.entry(_bare(name))
    except PromptError as error:
        raise _fragment_fault(library, name) or error from None
    included = Included(library.fragments(entry))
    prompt = library.open(entry, load=included)
    prompt.check()
    version = prompt.version
    if version is None:
        raise TemplateError(
            f"{name} names no version, so there is none to freeze. Write `version: 1.0.0` into its front matter.",
            file=prompt.declaration.place,
        )
    suffix = next(suffix for suffix in SUFFIXES if entry.path.endswith(suffix))
    target = frozen_path(name, version, suffix)
    text = line_breaks(library.tree.text(entry.path))
    made = Frozen(
        name=name, version=version, path=root / target, fragments=tuple(sorted(included.texts)), made=True
    )
    there = _there(library, name, version)
    if there is None:
        make_folder(made.path.parent, root)
        with _alone(made.path.parent):
            there = _there(library, name, version)  # another run may have frozen it meanwhile
            if there is None:
                _write(made.path, text, included.texts)
                return made
    return _again(
        library, made, Entry(name=name, path=there, version=version, frozen=True), text, included.texts
    )


def _there(library: Library, name: str, version: str, suffixes: Sequence[str] = SUFFIXES) -> str | None:
    """The file in which a version is frozen."""
    known = {Version.read(text): path for text, path in frozen_files(library.tree, name, suffixes).items()}
    return known.get(Version.read(version))


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Waits for other runs that freeze into a folder, and takes away what a killed one left half-written there."""
    with alone(folder, or_without=True) as held:
        if held:
            remove_unfinished(folder)
        yield


def folder_of(library: Library) -> Path:
    """The folder of a library that can be written to.

    Raises:
        PromptError: When it lies in an archive or in a git revision.
    """
    if not isinstance(library.tree, FolderTree):
        raise PromptError(
            f"the library {library.tree.label} is no folder on disk, so nothing can be written to it; work in the "
            f"folder that it was made from"
        )
    return library.tree.root


def _bare(name: str) -> str:
    if "@" in name:
        bare, _, version = name.partition("@")
        raise PromptError(
            f"{name!r} names a version, and what is frozen is the working copy with the version that its file "
            f"says; write {bare}, and version: {version} into the file"
        )
    return name


def _again(library: Library, made: Frozen, entry: Entry, text: str, included: Mapping[str, str]) -> Frozen:
    """Freezing what is frozen: nothing to do when it is the same, and an error when it is not."""
    bundle = library.fragments(entry).tree
    same = line_breaks(library.tree.text(entry.path)) == text and all(
        bundle.has(path) and line_breaks(bundle.text(path)) == content for path, content in included.items()
    )
    place = library.tree.place(entry.path)
    if same:
        return Frozen(
            name=made.name, version=made.version, path=Path(place), fragments=made.fragments, made=False
        )
    raise VersionError(
        f"{made.name}@{made.version} is frozen in {place} with another content, and a frozen version never "
        f"changes; give the working copy a higher version: promptkit release {made.name}"
    )


def _write(target: Path, text: str, included: Mapping[str, str]) -> None:
    bundle = target.parent / bundle_of(target.name)
    with writing_faults(target):
        if included:
            _write_bundle(bundle, included)
        try:
            create_file(target, text)
        except FileExistsError:
            raise VersionError(
                f"{target} was written by somebody else just now; nothing was changed"
            ) from None


def _write_bundle(bundle: Path, included: Mapping[str, str]) -> None:
    """The included files in a folder that appears in one step; one that a broken run left is replaced."""
    with tempfile.TemporaryDirectory(dir=bundle.parent, prefix=BEGINNING) as folder:
        whole = Path(folder) / bundle.name
        for path, content in included.items():
            file = whole / path
            file.parent.mkdir(parents=True, exist_ok=True)
            create_file(file, content)
        if bundle.is_dir():
            shutil.rmtree(bundle)
        whole.rename(bundle)
