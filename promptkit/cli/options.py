"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = [
    "AsJson",
    "Format",
    "FormatOption",
    "InputsOption",
    "LibraryOption",
    "NameArgument",
    "SetOption",
    "StdinArgument",
    "wants_json",
    "wants_stdin",
]


class Format(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


NameArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="A prompt of the library, or the path of a prompt file.")
]
StdinArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="-", help="Read standard input: a JSON object, or the text of the only text input."
    ),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One input. Text as it stands, other types as JSON; @FILE reads a file, @@ writes a leading @, "
        "a dotted key sets a field of an object. May be repeated.",
    ),
]
InputsOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--inputs", metavar="FILE", help="Inputs by name from a file of JSON."),
]
LibraryOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        help="Folder of prompt files. Default: the configured one, else templates/.",
    ),
]
FormatOption: TypeAlias = Annotated[Format, typer.Option("--format", help="How to print.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Short for --format json.")]


def wants_json(as_json: bool, form: Format) -> bool:
    """Whether to print JSON."""
    return as_json or form is Format.JSON


def wants_stdin(argument: str | None) -> bool:
    """Whether the argument after NAME asks for standard input.

    Raises:
        typer.BadParameter: When it is anything but ``-``.
    """
    if argument not in (None, "-"):
        raise typer.BadParameter(
            f"unexpected argument {argument!r}; give inputs with --set KEY=VALUE, --inputs FILE or - (stdin)"
        )
    return argument == "-"
