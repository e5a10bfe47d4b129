"""``promptkit release``: give the working copy the version number that its changes demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption

__all__ = ["release"]


def release(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A prompt of the library.")],
    version: Annotated[
        str | None,
        typer.Option(
            "--version",
            metavar="VERSION",
            help="Another version than the least that the changes demand, or major, minor or patch.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REV",
            help="Compare with a git revision and not with the newest frozen version.",
        ),
    ] = None,
    frozen: Annotated[
        bool, typer.Option("--freeze", help="Freeze the prompt as this version as well.")
    ] = False,
    library: LibraryOption = None,
) -> int:
    """Write a version into a prompt; refused where it is less than what changed demands."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.libraries.diffs import Bump
    from promptkit.libraries.freezing import freeze
    from promptkit.libraries.releasing import release

    found = find_library(library)
    words = {str(bump): bump for bump in (Bump.MAJOR, Bump.MINOR, Bump.PATCH)}
    made = release(found, name, wanted=words.get(version or "", version), base=base)
    screen = Screen()
    for change in made.diff.changes if made.diff else ():
        screen.text(str(change))
    since = f" after {made.before}" if made.before else ""
    what = "wrote version" if made.written else "the file names version"
    screen.text(f"{_shown(made.path)}: {what} {made.version}{since}")
    if frozen:
        kept = freeze(found, name)
        screen.text(f"{'wrote' if kept.made else 'frozen already:'} {_shown(kept.path)}")
    return 0


def _shown(path: Path) -> str:
    """The path as people see it from where they stand."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
