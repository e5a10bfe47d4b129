"""``promptkit fmt``: write prompt files in one way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from promptkit.cli.options import LibraryOption

__all__ = ["fmt"]


def fmt(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|FILE]...", help="What to format; by default the whole library."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file would change.")
    ] = False,
    library: LibraryOption = None,
) -> int:
    """Format prompt files; what they render does not change, frozen versions are left alone."""
    from promptkit.authoring import read_content
    from promptkit.authoring.formatting import formatted
    from promptkit.cli.screen import Screen
    from promptkit.libraries.writing import replace_file

    screen, changed, count = Screen(), 0, 0
    for path in _files(names or [], library):
        count += 1
        text = read_content(path)
        made = formatted(text, file=str(path), yaml_document=path.name.endswith(".yaml"))
        if made == text and b"\r" not in path.read_bytes():
            continue
        changed += 1
        screen.text(f"{'would format' if check else 'formatted'} {path}")
        if not check:
            replace_file(path, made)
    screen.text(
        f"{count} {'file' if count == 1 else 'files'}, {changed} {'to change' if check else 'changed'}"
    )
    return 1 if check and changed else 0


def _files(names: list[str], library: Path | None) -> Iterator[Path]:
    from promptkit.cli.locations import find_library, is_path
    from promptkit.errors import PromptError

    for name in names:
        if is_path(name):
            path = Path(name)
            if not path.is_file():
                raise PromptError(f"there is no file {path}; check the path")
            yield path
        else:
            yield find_library(library).path(name)
    if not names:
        found = find_library(library)
        yield from (found.path(name) for name in found.names())
