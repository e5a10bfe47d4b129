"""``promptkit wording``: what promptkit itself says in prompts, as a file to translate."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["wording"]


def wording(
    language: Annotated[str, typer.Argument(metavar="LANGUAGE", help="en or de.")] = "en",
) -> int:
    """Print what promptkit says in prompts of a language, as TOML to translate into another one."""
    from promptkit.cli.screen import Screen
    from promptkit.errors import PromptError
    from promptkit.wordings import wording_named, written_wording

    try:
        found = wording_named(language)
    except ValueError as error:
        raise PromptError(str(error)) from None
    Screen().text(written_wording(found), end="")
    return 0
