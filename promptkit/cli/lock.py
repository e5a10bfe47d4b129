"""``promptkit lock``: pin what a library consists of, or check that it still is so."""

from __future__ import annotations

from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption
from promptkit.cli.stderr import say

__all__ = ["lock"]


def lock(
    library: LibraryOption = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit with 2 where the library is not what is locked."),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Replace the lock whatever it says, even one that cannot be read.")
    ] = False,
) -> int:
    """Write prompts.lock: every prompt and frozen version with the hashes of all that it is made of."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.libraries.locking import changes_since_lock, lock_library

    found, screen = find_library(library), Screen()
    if check:
        changes = changes_since_lock(found)
        for change in changes:
            screen.text(change)
        if changes:
            say(
                "error: the library is not what prompts.lock says; run promptkit lock when the changes are meant"
            )
            return 2
        screen.text("the library is what prompts.lock says")
        return 0
    locked = lock_library(found, anew=anew)
    for change in locked.changes:
        screen.text(change)
    files = len(locked.pins)
    screen.text(f"{locked.path}: {files} {'file' if files == 1 else 'files'} locked")
    return 0
