"""Locking: writes down what a library consists of, and says where it has moved on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from promptkit.errors import LockError
from promptkit.libraries.folders import Library
from promptkit.libraries.freezing import folder_of
from promptkit.libraries.locks import LOCK_NAME, Lock, Pin, written
from promptkit.libraries.pins import differences
from promptkit.libraries.strict import lock_in
from promptkit.libraries.writing import refuse_outside, replace_file

__all__ = ["Locked", "changes_since_lock", "lock_library"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What locking did.

    Attributes:
        path: The lock's file.
        pins: All that is locked now, by path.
        changes: Where it differs from the lock before, a sentence each.
    """

    path: Path
    pins: Mapping[str, Pin]
    changes: tuple[str, ...]


def lock_library(library: Library, *, anew: bool = False) -> Locked:
    """Write the lock of a library: every prompt and every frozen version with all that it is made of.

    Args:
        library: A library in a folder.
        anew: Do not look at the lock that is there, which is then replaced whatever it says.

    Raises:
        PromptError: When a prompt does not hold together, or the lock cannot be written.
        LockError: When the lock cannot be read, or a frozen version is not what was locked.
    """
    root = folder_of(library)
    path = root / LOCK_NAME
    refuse_outside(path, root)
    before = None if anew else lock_in(library.tree)
    pins = _pins(library)
    if before is not None:
        _refuse_changed_versions(before, pins)
    changes = _changes(before.pins if before else {}, pins)
    if changes or before is None:
        replace_file(path, written(list(pins.values())))
    return Locked(path=path, pins=pins, changes=changes)


def changes_since_lock(library: Library) -> tuple[str, ...]:
    """Where a library is not what its lock says, a sentence each; empty when they agree.

    Raises:
        PromptError: When a prompt does not hold together.
        LockError: When there is no lock, or it cannot be read.
    """
    lock = lock_in(library.tree)
    if lock is None:
        raise LockError("there is no lock; write one: promptkit lock", file=library.tree.place(LOCK_NAME))
    return _changes(lock.pins, _pins(library))


def _pins(library: Library) -> dict[str, Pin]:
    return {entry.path: library.pin(entry) for entry in library.entries()}


def _refuse_changed_versions(lock: Lock, pins: Mapping[str, Pin]) -> None:
    for file, pin in lock.pins.items():
        if not pin.frozen or file not in pins:
            continue
        told = "; ".join(differences(pin, pins[file]))
        if told:
            raise lock.fault(
                f"{file} {told}. A frozen version never changes: restore it, for example with git checkout, and "
                f"give the change a version of its own",
                file,
            )


def _changes(before: Mapping[str, Pin], after: Mapping[str, Pin]) -> tuple[str, ...]:
    told = [
        *(f"{file} is not locked" for file in after if file not in before),
        *(f"{file} is locked and not there" for file in before if file not in after),
        *(
            f"{file} {difference}"
            for file in after
            if file in before
            for difference in differences(before[file], after[file])
        ),
    ]
    return tuple(sorted(told))
