"""``promptkit freeze``: write a version that does not change again."""

from __future__ import annotations

from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption

__all__ = ["freeze"]


def freeze(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A prompt of the library.")],
    library: LibraryOption = None,
) -> int:
    """Freeze the working copy of a prompt as the version that its file names."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.libraries.freezing import freeze

    frozen = freeze(find_library(library), name)
    screen = Screen()
    if not frozen.made:
        screen.text(f"{frozen.name}@{frozen.version} is frozen already, with the same content")
        return 0
    screen.text(f"wrote {frozen.path}")
    if frozen.fragments:
        screen.text(f"with {', '.join(frozen.fragments)}")
    return 0
