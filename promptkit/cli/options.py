"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = [
    "AsJson",
    "AttemptsOption",
    "BackendOption",
    "CallsOption",
    "Enforce",
    "EnforceOption",
    "Format",
    "FormatOption",
    "IdArgument",
    "InputsOption",
    "LibraryOption",
    "MaxTokensOption",
    "NameArgument",
    "OfPromptOption",
    "RecordOption",
    "SeedOption",
    "SetOption",
    "StdinArgument",
    "StreamOption",
    "TemperatureOption",
    "wants_json",
    "wants_stdin",
]


class Format(StrEnum):
    """How a command prints what it found."""

    TEXT = "text"
    JSON = "json"


class Enforce(StrEnum):
    """Whether a backend shall hold the model to the output while it writes."""

    OFF = "off"
    PREFER = "prefer"
    REQUIRE = "require"


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
BackendOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="Who answers, for example llama:demo, openai:MODEL or a profile. Default: as configured.",
    ),
]
EnforceOption: TypeAlias = Annotated[
    Enforce | None,
    typer.Option(
        "--enforce",
        help="In place of the file's: hold the model to the output while it writes never, where possible, or "
        "for every rule.",
    ),
]
RecordOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--record",
        metavar="PATH",
        help="Keep the call in a file: a database where it ends in .db, else lines of JSON.",
    ),
]
IdArgument: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="A call's id, or how it begins.")]
CallsOption: TypeAlias = Annotated[
    Path, typer.Option("--file", metavar="PATH", help="The database of calls. Default: calls.db.")
]
OfPromptOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--prompt", metavar="NAME", help="A prompt or the path of its file. Default: the call's."),
]
AttemptsOption: TypeAlias = Annotated[
    int | None, typer.Option("--attempts", min=1, help="How often to ask in all, over the file's.")
]
MaxTokensOption: TypeAlias = Annotated[
    int | None, typer.Option("--max-tokens", min=1, help="Upper bound of the answer's tokens.")
]
TemperatureOption: TypeAlias = Annotated[
    float | None, typer.Option("--temperature", min=0, help="How freely to sample; 0 is greedy.")
]
SeedOption: TypeAlias = Annotated[int | None, typer.Option("--seed", help="Seed of the sampler.")]
StreamOption: TypeAlias = Annotated[
    bool, typer.Option("--stream", help="Show the text as it comes (on stderr with --json).")
]


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
