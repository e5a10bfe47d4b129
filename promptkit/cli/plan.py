"""``promptkit plan``: what a backend would do with each rule of a prompt's output, before it is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from promptkit.cli.options import (
    AsJson,
    BackendOption,
    EnforceOption,
    Format,
    FormatOption,
    LibraryOption,
    NameArgument,
    wants_json,
)

if TYPE_CHECKING:
    from promptkit.cli.screen import Screen
    from promptkit.requests import Plan

__all__ = ["plan"]


def plan(  # noqa: PLR0913 - the options of a command
    name: NameArgument,
    *,
    backend: BackendOption = None,
    enforce: EnforceOption = None,
    wire: Annotated[
        bool, typer.Option("--wire", help="Print the schema as the backend would be given it, too.")
    ] = False,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Say where a backend enforces each rule of a prompt's output; no model is called."""
    from promptkit.cli.locations import find_prompt
    from promptkit.cli.run import require_backend
    from promptkit.cli.screen import Screen

    prompt = find_prompt(name, library)
    if backend is None:
        require_backend(prompt.name)
    asked = prompt.using(backend, enforce=None if enforce is None else enforce.value)
    made, refused = asked.plan(), asked.refusal()
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(made.to_dict())
    else:
        _show(made, screen, wire=wire)
    if refused is not None:
        raise refused
    return 0


def _show(made: Plan, screen: Screen, *, wire: bool) -> None:
    if screen.terminal:
        from promptkit.cli.panels import plan_table

        screen.show(*plan_table(made))
    else:
        screen.text(str(made))
    if wire:
        screen.text("")
        nothing = (
            "no schema is sent" if made.wire is None else json.dumps(made.wire, indent=2, ensure_ascii=False)
        )
        screen.text(nothing)
