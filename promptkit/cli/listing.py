"""``promptkit list``: the prompts of a library."""

from __future__ import annotations

from promptkit.cli.options import AsJson, Format, FormatOption, LibraryOption, wants_json
from promptkit.cli.stderr import say

__all__ = ["list_prompts"]


def list_prompts(
    library: LibraryOption = None, as_json: AsJson = False, form: FormatOption = Format.TEXT
) -> int:
    """List the prompts of the library with version and description."""
    from promptkit.authoring import Header
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.errors import PromptError

    found = find_library(library)
    headers: list[tuple[str, Header]] = []
    faults: list[PromptError] = []
    for name in found.names():
        try:
            headers.append((name, found.header(name)))
        except PromptError as error:
            faults.append(error)
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(
            [
                {"name": name, "version": head.version, "description": head.description}
                for name, head in headers
            ]
        )
    elif headers:
        screen.table(
            ("name", "version", "description"),
            [(name, head.version or "-", head.description or "") for name, head in headers],
        )
    elif not faults:
        screen.text(f"no prompts in {found.root}; promptkit new NAME writes the first")
    for fault in faults:
        say(f"error: {fault}")
    return 2 if faults else 0
