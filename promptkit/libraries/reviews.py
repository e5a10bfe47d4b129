"""One review of all prompts that changed since a git revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from promptkit.authoring import SUFFIXES
from promptkit.errors import PromptError
from promptkit.libraries.diffs import Bump, PromptDiff, diff_of, enough, least_after
from promptkit.libraries.folders import Library
from promptkit.libraries.freezing import folder_of
from promptkit.libraries.frozen import is_frozen, is_frozen_fragment, name_of_frozen
from promptkit.libraries.locks import LOCK_NAME
from promptkit.libraries.revisions import RevisionTree, blob_digest
from promptkit.libraries.sides import at_revision, side_of

__all__ = ["Reviewed", "review_since"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What became of one prompt.

    Attributes:
        name: Its name; the path of a frozen file that changed.
        diff: What changed; None for a prompt that is new, gone or faulty.
        note: What else there is to say; empty when there is nothing.
        fault: Why it cannot stay so: a version that rose too little, a frozen file that changed, a faulty file;
            empty when it can.
    """

    name: str
    diff: PromptDiff | None = None
    note: str = ""
    fault: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        diff = None if self.diff is None else self.diff.to_dict()
        return {"name": self.name, "note": self.note, "fault": self.fault, "diff": diff}


def review_since(library: Library, revision: str) -> tuple[Reviewed, ...]:
    """Every prompt that renders, asks or promises otherwise than in ``revision``, by name.

    Args:
        library: A library in a folder.
        revision: A git revision, for example ``origin/main``.

    Raises:
        PromptError: When there is no such revision, or two files have one name.
    """
    past = at_revision(library, revision)
    assert isinstance(past.tree, RevisionTree)
    changed = _changed_files(library, past.tree)
    found = [*_frozen(changed, past.tree)]
    names, before = set(library.names()), set(past.names())
    # A changed fragment may change any prompt; without one only prompts whose own file changed are looked at.
    shared = any(_is_shared(path) for path in changed)
    for name in sorted(names | before):
        if not shared and not any(f"{name}{suffix}" in changed for suffix in SUFFIXES):
            continue
        if name not in before:
            found.append(_new(library, name))
        elif name not in names:
            found.append(Reviewed(name=name, note="is removed"))
        else:
            found.extend(_changed(library, past, name, revision))
    return tuple(sorted(found, key=lambda one: one.name))


def _changed_files(library: Library, past: RevisionTree) -> set[str]:
    root = folder_of(library)
    now = {path: blob_digest((root / path).read_bytes()) for path in library.tree.files()}
    return {path for path in now.keys() | past.blobs.keys() if now.get(path) != past.blobs.get(path)}


def _is_shared(path: str) -> bool:
    """Whether prompts may include a file."""
    if path.endswith(SUFFIXES) or path == LOCK_NAME:
        return False
    return not is_frozen(path) or is_frozen_fragment(path)


def _frozen(changed: set[str], past: RevisionTree) -> Iterator[Reviewed]:
    for path in changed:
        if not is_frozen(path):
            continue
        if past.has(path):
            yield Reviewed(
                name=path,
                fault="is frozen and has changed; restore it, and give the change a version of its own",
            )
        elif name_of_frozen(path) is not None:
            yield Reviewed(name=path, note="is frozen newly")


def _new(library: Library, name: str) -> Reviewed:
    try:
        side_of(library, library.entry(name))
    except PromptError as error:
        return Reviewed(name=name, fault=_faulty(error, library.tree.label))
    return Reviewed(name=name, note="is new")


def _changed(library: Library, past: Library, name: str, revision: str) -> Iterator[Reviewed]:
    try:
        new = side_of(library, library.entry(name))
    except PromptError as error:
        yield Reviewed(name=name, fault=_faulty(error, library.tree.label))
        return
    try:
        old = side_of(past, past.entry(name), f"{name} at {revision}")
    except PromptError as error:
        yield Reviewed(name=name, note=f"was faulty before: {error}")
        return
    diff = diff_of(old, new)
    if diff.text or diff.demands is not Bump.NONE:
        yield Reviewed(name=name, diff=diff, fault=_too_small(diff))


def _too_small(diff: PromptDiff) -> str:
    """Why the version did not rise enough; empty when it did, and for prompts without versions."""
    old, new = diff.old_version, diff.new_version
    if old is None:
        return ""
    least = least_after(old, diff.demands)
    if new is None:
        return f"names no version any more; it was {old}"
    if enough(old, new, diff.demands):
        return ""
    moved = f"is still {old}" if old == new else f"went from {old} to {new}"
    return f"{moved}, and what changed demands {least} or higher ({diff.demands})"


def _faulty(error: PromptError, root: str) -> str:
    """Why a prompt is faulty, at its place below the library, which is the same on every machine."""
    return f"does not hold together: {str(error).replace(f'{root}/', '')}"
