"""``promptkit review``: one comment on all prompts that changed since a git revision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from promptkit.cli.options import AsJson, LibraryOption

if TYPE_CHECKING:
    from promptkit.libraries.reviews import Reviewed

__all__ = ["ReviewFormat", "review"]

_MOST_LINES = 200
"""Lines of one difference in a comment: GitHub refuses comments of more than 65,536 characters."""
_MOST_CHARACTERS = 60_000


class ReviewFormat(StrEnum):
    """How a review is printed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


def review(
    base: Annotated[
        str,
        typer.Option(
            "--base", metavar="REV", help="The git revision to compare with, for example origin/main."
        ),
    ],
    form: Annotated[
        ReviewFormat, typer.Option("--format", help="How to print; github is Markdown.")
    ] = ReviewFormat.TEXT,
    as_json: AsJson = False,
    library: LibraryOption = None,
) -> int:
    """Review every prompt that changed; exit with 1 where a version rose too little or a frozen file changed."""
    from promptkit.cli.locations import find_library
    from promptkit.cli.screen import Screen
    from promptkit.libraries.reviews import review_since

    found = review_since(find_library(library), base)
    screen = Screen()
    if as_json or form is ReviewFormat.JSON:
        screen.json([one.to_dict() for one in found])
    elif form is ReviewFormat.GITHUB:
        screen.text(_comment(found, base))
    else:
        screen.text("\n".join(_lines(found, base)))
    return 1 if any(one.fault for one in found) else 0


def _lines(found: Sequence[Reviewed], base: str) -> Iterator[str]:
    if not found:
        yield f"no prompt changed since {base}"
    for one in found:
        yield f"{one.name}: {_verdict(one)}"
        if one.diff is not None:
            yield from (f"  {change}" for change in one.diff.changes)


def _verdict(one: Reviewed) -> str:
    if one.fault or one.note:
        return one.fault or one.note
    assert one.diff is not None
    return (
        f"{_versions(one)}, demands {one.diff.demands}"
        if str(one.diff.demands) != "none"
        else "no new version needed"
    )


def _versions(one: Reviewed) -> str:
    diff = one.diff
    if diff is None:
        return ""
    if diff.old_version is None and diff.new_version is None:
        return "no version"
    if diff.old_version == diff.new_version:
        return f"{diff.new_version}"
    return f"{diff.old_version or 'none'} -> {diff.new_version or 'none'}"


def _comment(found: Sequence[Reviewed], base: str) -> str:
    """Markdown: a table of all, and the differences of each folded below it while there is room."""
    if not found:
        return f"### Prompts\n\nNo prompt changed since `{base}`."
    rows = [
        f"| {'❌' if one.fault else '✅'} | `{one.name}` | {_versions(one)} | {_demands(one)} | {_cell(one)} |"
        for one in found
    ]
    head = [
        f"### Prompts: {len(found)} changed since `{base}`",
        "",
        "| | prompt | version | demands | |",
        "| --- | --- | --- | --- | --- |",
    ]
    text = "\n".join([*head, *rows])
    for one in found:
        details = "\n".join(_details(one))
        if len(text) + len(details) > _MOST_CHARACTERS:
            return f"{text}\n\nThe rest is too long for a comment: `promptkit review --base {base}` shows it."
        text += details
    return text


def _demands(one: Reviewed) -> str:
    return "" if one.diff is None else str(one.diff.demands)


def _cell(one: Reviewed) -> str:
    return (one.fault or one.note).replace("|", "\\|").replace("\n", " ")


def _details(one: Reviewed) -> Iterator[str]:
    if one.diff is None:
        return
    yield f"\n\n<details><summary><code>{one.name}</code></summary>\n"
    for change in one.diff.changes:
        yield f"- **{change.demands}** {_escaped(str(change).partition(': ')[2])}"
    for title, lines in (
        *((f"Messages of {shown.case}", shown.lines) for shown in one.diff.messages),
        ("Text", one.diff.text),
    ):
        if lines:
            yield f"\n{title}\n\n{_fenced(lines[:_MOST_LINES])}"
    yield "\n</details>"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def _fenced(lines: Sequence[str]) -> str:
    """A code block that nothing in it can close."""
    body = "\n".join(lines)
    fence = "```"
    while fence in body:
        fence += "`"
    return f"{fence}diff\n{body}\n{fence}"
