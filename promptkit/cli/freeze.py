"""``promptkit freeze``: write a version that does not change again."""

from __future__ import annotations

from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption

__all__ = ["freeze"]


def freeze(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A prompt of the library, or with --version a fragment.")
    ],
    version: Annotated[
        str | None,
        typer.Option(
            "--version", metavar="VERSION", help="The version of a fragment, which names none itself."
        ),
    ] = None,
    library: LibraryOption = None,
) -> int:
    """Freeze the working copy of a prompt as the version that its file names, or a fragment as one."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.libraries.freezing import freeze, freeze_fragment

    found = find_library(library)
    frozen = freeze(found, name) if version is None else freeze_fragment(found, name, version)
    screen = Screen()
    if not frozen.made:
        screen.text(f"{frozen.name}@{frozen.version} is frozen already, with the same content")
        return 0
    screen.text(f"wrote {frozen.path}")
    if frozen.fragments:
        screen.text(f"with {', '.join(frozen.fragments)}")
    return 0
