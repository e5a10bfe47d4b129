"""``promptkit schema``: the JSON Schema of prompt files, for editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

__all__ = ["schema"]


def schema(
    front_matter: Annotated[
        bool,
        typer.Option(
            "--front-matter", help="That of the front matter of .prompt.j2 files, not of .prompt.yaml."
        ),
    ] = False,
) -> int:
    """Print the JSON Schema of prompt files."""
    from promptkit.authoring.editor_schema import editor_schema
    from promptkit.cli.locations import library_folder
    from promptkit.cli.screen import Screen
    from promptkit.libraries.own_rules import kinds_of

    library_folder(None)  # what the configuration names lies beside it
    made = editor_schema(front_matter=front_matter, kinds=kinds_of(()))
    Screen().text(json.dumps(made, indent=2, ensure_ascii=False))
    return 0
