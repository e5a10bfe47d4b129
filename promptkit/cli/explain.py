"""``promptkit explain``: where each part of the messages comes from, and what it costs in tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from promptkit.cli.options import (
    AsJson,
    BackendOption,
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

if TYPE_CHECKING:
    from promptkit.cli.screen import Screen
    from promptkit.requests import Rendered, SourceMap

__all__ = ["explain"]

_SHOWN = 44


def explain(  # noqa: PLR0913 - the options of a command
    name: NameArgument,
    stdin: StdinArgument = None,
    *,
    sets: SetOption = None,
    inputs: InputsOption = None,
    backend: BackendOption = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Say where each part of a prompt's messages comes from, and its tokens; no model is asked."""
    from promptkit.cli.inputs import gather
    from promptkit.cli.locations import find_prompt
    from promptkit.cli.screen import Screen
    from promptkit.prompts.counting import TextCounter, backend_if_named

    prompt = find_prompt(name, library)
    given = gather(prompt.contract.inputs, sets=sets or (), file=inputs, stdin=wants_stdin(stdin))
    rendered = prompt.using(backend).render(**given)
    count = TextCounter(backend_if_named(prompt.name, backend))
    found = rendered.source_map
    tokens = found.tokens(count)
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(
            {
                "messages": rendered.to_dicts(),
                "ranges": found.to_dicts(),
                "tokens": {**tokens, "exact": count.exact},
                "fit": None if rendered.fit is None else str(rendered.fit).split("\n"),
            }
        )
        return 0
    _show(rendered, found, tokens, screen, exact=count.exact)
    return 0


def _show(
    rendered: Rendered, found: SourceMap, tokens: dict[str, dict[str, int]], screen: Screen, *, exact: bool
) -> None:
    for number, message in enumerate(rendered.messages):
        screen.heading(message.role, first=number == 0)
        screen.table(("characters", "what", "where", "text"), _rows(found, number))
    about = "tokens" if exact else "tokens, about"
    for title, counts in (("section", tokens["sections"]), ("value", tokens["values"])):
        if counts:
            screen.text("")
            screen.table((about, title), ((str(count), key) for key, count in counts.items()))
    if rendered.fit is not None:
        screen.text("")
        screen.text(str(rendered.fit))


def _rows(found: SourceMap, message: int) -> Iterator[tuple[str, ...]]:
    for each in found.ranges:
        if each.message == message:
            origin: Any = each.origin
            file = "" if origin.file is None else origin.file.rsplit("/", 1)[-1]
            where = file if origin.line is None else f"{file}:{origin.line}"
            what = origin.name or origin.section or "text"
            yield f"{each.start}-{each.end}", what, where, _excerpt(each.text)


def _excerpt(text: str) -> str:
    shown = text.replace("\n", "⏎")
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
