"""``promptkit stubs``: tell type checkers what each prompt takes and gives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption

__all__ = ["stubs"]


def stubs(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.pyi", help="The stub of the module that holds the library, beside that module."
        ),
    ],
    variable: Annotated[
        str, typer.Option("--variable", metavar="NAME", help="The module's variable that holds the library.")
    ] = "library",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where the file would change.")
    ] = False,
    library: LibraryOption = None,
) -> int:
    """Write a .pyi file from which type checkers know every prompt's inputs and output."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.errors import PromptError
    from promptkit.libraries.stubs import stub_of
    from promptkit.libraries.writing import replace_file

    if target.suffix != ".pyi" or not variable.isidentifier():
        raise PromptError(
            f"a stub is a file that ends in .pyi, of a variable with a Python name; got {target} and {variable}"
        )
    text, screen = stub_of(find_library(library), variable), Screen()
    same = target.is_file() and target.read_text(encoding="utf-8") == text
    if check:
        screen.text(f"{target} is {'as it would be written' if same else 'not what would be written'}")
        return 0 if same else 1
    if not same:
        replace_file(target, text)
    screen.text(f"wrote {target}" if not same else f"{target} is as it would be written")
    return 0
