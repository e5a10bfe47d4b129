"""The two sides of a comparison: what ``NAME``, ``NAME@RANGE``, a path and ``REVISION:NAME`` mean."""

from __future__ import annotations

from pathlib import Path

from promptkit.authoring import SUFFIXES
from promptkit.errors import PromptError
from promptkit.libraries.diffs import Side
from promptkit.libraries.folders import Library
from promptkit.libraries.fragments import Included
from promptkit.libraries.freezing import folder_of
from promptkit.libraries.frozen import Entry
from promptkit.libraries.revisions import tree_at
from promptkit.libraries.trees import FolderTree, line_breaks

__all__ = ["at_revision", "newest_frozen", "revised", "side_at", "side_of"]


def side_of(library: Library, entry: Entry, label: str | None = None) -> Side:
    """One file of a library as a side.

    Raises:
        PromptError: When the prompt does not hold together.
    """
    included = Included(library.fragments(entry))
    prompt = library.open(entry, load=included)
    prompt.check()
    version = f"@{prompt.version}" if prompt.version and entry.frozen else ""
    return Side(
        label=label or f"{entry.name}{version}",
        prompt=prompt,
        text=line_breaks(library.tree.text(entry.path)),
        fragments=dict(included.texts),
    )


def at_revision(library: Library, revision: str) -> Library:
    """A library in a folder as it was in a git revision; models are resolved as they are now.

    Raises:
        PromptError: When there is no such revision.
    """
    return library.over(tree_at(folder_of(library), revision))


def newest_frozen(library: Library, name: str) -> Entry | None:
    """The newest frozen version of a prompt; None when there is none.

    Raises:
        PromptError: When ``name`` is none, or a frozen file is misnamed.
    """
    versions = library.versions(name)
    return library.entry(f"{name}@{versions[-1]}") if versions else None


def revised(reference: str) -> str | None:
    """What a reference names in a git revision: ``triage`` of ``HEAD~1:triage``; None where it names none."""
    _revision, colon, rest = reference.partition(":")
    return rest if colon and not Path(reference).exists() else None


def side_at(library: Library, reference: str) -> Side:
    """What a reference on the command line means.

    Args:
        library: The library, for names and revisions.
        reference: ``support/triage``, ``support/triage@^1``, ``dir/triage.prompt.j2``, or one of these behind a
            git revision and a colon: ``HEAD~1:support/triage``.

    Raises:
        PromptError: When there is no such thing, or it does not hold together.
    """
    rest = revised(reference)
    if rest is not None:
        revision = reference.partition(":")[0]
        past = at_revision(library, revision)
        name = _name_below(folder_of(library), rest) if rest.endswith(SUFFIXES) else rest
        return side_of(past, past.entry(name), reference)
    if not reference.endswith(SUFFIXES):
        entry = library.entry(reference)
        return side_of(library, entry, None if entry.frozen else reference)
    path = Path(reference)
    if not path.is_file():
        raise PromptError(f"there is no file {path}; check the path")
    file = path.resolve()
    if file.is_relative_to(library.root):
        below = file.relative_to(library.root).as_posix()
        own = next((entry for entry in library.entries() if entry.path == below), None)
        if own is not None:
            return side_of(library, own, reference)
    alone = library.over(FolderTree(file.parent))
    return side_of(alone, Entry(name=_stem(path.name), path=path.name, alone=True), reference)


def _name_below(root: Path, path: str) -> str:
    full = Path(path).absolute()
    if not full.is_relative_to(root):
        raise PromptError(
            f"{path} does not lie in the library {root}; name a prompt of it, or choose --library"
        )
    return _stem(full.relative_to(root).as_posix())


def _stem(name: str) -> str:
    suffix = next(suffix for suffix in SUFFIXES if name.endswith(suffix))
    return name.removesuffix(suffix)
