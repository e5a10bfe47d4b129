"""``promptkit render``: the messages that a model would be shown."""

from __future__ import annotations

from collections.abc import Iterator

from promptkit.cli.options import (
    AsJson,
    Format,
    FormatOption,
    InputsOption,
    LibraryOption,
    NameArgument,
    SetOption,
    StdinArgument,
    wants_json,
    wants_stdin,
)
from promptkit.messages import DocumentPart, ImagePart, Message, Part, TextPart, ToolCallPart, ToolResultPart

__all__ = ["render"]


def render(  # noqa: PLR0913 - the options of a command
    name: NameArgument,
    stdin: StdinArgument = None,
    *,
    sets: SetOption = None,
    inputs: InputsOption = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Fill a prompt in and print its messages; no model is called."""
    from promptkit.cli.inputs import gather
    from promptkit.cli.locations import find_prompt
    from promptkit.cli.screen import Screen

    wanted = wants_stdin(stdin)
    prompt = find_prompt(name, library)
    given = gather(prompt.contract.inputs, sets=sets or (), file=inputs, stdin=wanted)
    rendered = prompt.render(**given)
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(rendered.to_dicts())
        return 0
    for number, message in enumerate(rendered.messages):
        screen.heading(message.role, first=number == 0)
        screen.text("\n".join(_lines(message)))
    return 0


def _lines(message: Message) -> Iterator[str]:
    """The message line by line, indented, so that no line of it can pass for a heading."""
    for part in message.parts:
        for line in _shown(part).split("\n"):
            yield f"  {line}" if line else ""


def _shown(part: Part) -> str:
    match part:
        case TextPart():
            return part.text
        case ImagePart():
            size = part.url if part.url is not None else f"{len(part.data or b''):,} bytes"
            return f"[image {part.media_type}, {size}]"
        case DocumentPart():
            return f"[document {part.name or part.media_type}, {len(part.data):,} bytes]"
        case ToolCallPart():
            return f"[tool call {part.id}: {part.name} {part.arguments}]"
        case ToolResultPart():
            return f"[tool result {part.id}: {part.text}]"
