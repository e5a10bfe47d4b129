"""Strict loading: only what the lock names, and only as it was locked."""

from __future__ import annotations

from collections.abc import Iterator

from promptkit.errors import TemplateError
from promptkit.libraries.frozen import Entry
from promptkit.libraries.locks import LOCK_NAME, Lock, Pin, read_lock
from promptkit.libraries.pins import differences, text_digest
from promptkit.libraries.trees import Tree
from promptkit.libraries.versions import newest, split_reference
from promptkit.spelling import did_you_mean

__all__ = ["lock_in", "locked_entry", "refuse_other_text", "refuse_unlocked"]

_MOST_BYTES = 64_000_000
"""Of a lock: some 150,000 files."""
_MEND = "Restore it, or run promptkit lock when the change is meant."


def lock_in(tree: Tree) -> Lock | None:
    """The lock of a library; None when it has none.

    Raises:
        LockError: When there is one that cannot be read.
    """
    if not tree.has(LOCK_NAME):
        return None
    return read_lock(tree.text(LOCK_NAME, most_bytes=_MOST_BYTES), tree.place(LOCK_NAME))


def locked_entry(lock: Lock, reference: str) -> Entry:
    """The file that a reference means among those that are locked: as in the library, but none else.

    Raises:
        LockError: When none is locked.
        VersionError: When the range is none.
    """
    name, wanted = split_reference(reference)
    pins = [pin for pin in lock.pins.values() if pin.name == name]
    if not pins:
        names = {pin.name for pin in lock.pins.values()}
        raise lock.fault(
            f"{name} is not locked{did_you_mean(name, names)}. Where the library has it, run promptkit lock to add it."
        )
    if wanted is None:
        chosen = [pin for pin in pins if not pin.frozen]
    else:
        best = newest([pin.version for pin in pins if pin.version], wanted)
        chosen = sorted((pin for pin in pins if pin.version == best and best), key=lambda pin: not pin.frozen)
    if not chosen:
        what = "no working copy" if wanted is None else f"nothing in the range {wanted}"
        have = ", ".join(dict.fromkeys(pin.version or "a working copy without version" for pin in pins))
        raise lock.fault(
            f"of {name} {what} is locked, only {have}. Run promptkit lock to add what is there now."
        )
    return Entry(name=name, path=chosen[0].file, version=chosen[0].version, frozen=chosen[0].frozen)


def refuse_other_text(lock: Lock, entry: Entry, tree: Tree) -> None:
    """Hold the texts of a prompt and of its judges against the lock, before anything in them is read.

    Raises:
        LockError: When one is missing or has changed.
    """
    for pin in _with_judges(lock, lock.pins[entry.path]):
        try:
            text = tree.text(pin.file)
        except TemplateError as error:
            raise lock.fault(
                f"{pin.file} is locked and cannot be read: {error.problem} {_MEND}", pin.file
            ) from error
        if text_digest(text) != pin.text:
            raise lock.fault(
                f"{tree.place(pin.file)} has another text ({text_digest(text)[7:19]}) than is locked "
                f"({pin.text[7:19]}). {_MEND}",
                pin.file,
            )


def refuse_unlocked(lock: Lock, found: Pin, place: str) -> None:
    """Hold all that a prompt is made of against the lock.

    Raises:
        LockError: When something differs.
    """
    told = "; ".join(differences(lock.pins[found.file], found))
    if told:
        raise lock.fault(f"{place} {told}. {_MEND}", found.file)


def _with_judges(lock: Lock, pin: Pin) -> Iterator[Pin]:
    """A pin and those of its judges, and of theirs; each once."""
    seen: set[str] = set()
    waiting = [pin]
    while waiting:
        each = waiting.pop()
        if each.file in seen:
            continue
        seen.add(each.file)
        yield each
        for reference, file in each.judges.items():
            if file not in lock.pins:
                raise lock.fault(f"{reference}, which judges {each.name}, is not locked. {_MEND}", each.file)
            waiting.append(lock.pins[file])
