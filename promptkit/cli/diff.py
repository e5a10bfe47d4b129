"""``promptkit diff``: what changed between two versions of a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from promptkit.cli.options import AsJson, Format, FormatOption, LibraryOption, wants_json

if TYPE_CHECKING:
    from promptkit.libraries.diffs import PromptDiff

__all__ = ["diff"]


def diff(
    old: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="NAME, NAME@RANGE, the path of a file, or one of these in a git revision: HEAD~1:NAME.",
        ),
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[B]",
            help="The same; without it A's newest frozen version, or A as named, and the working copy.",
        ),
    ] = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Show what changed: the contract, the messages of the examples, the text, and the version that it demands."""
    from promptkit.cli.screen import Screen

    found = _diff(old, new, library)
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(found.to_dict())
    else:
        screen.text("\n".join(_lines(found)))
    return 0


def _diff(old: str, new: str | None, library: LibraryOption) -> PromptDiff:
    from promptkit.cli.locations import find_library
    from promptkit.errors import VersionError
    from promptkit.libraries.diffs import diff_of
    from promptkit.libraries.sides import newest_frozen, revised, side_at, side_of
    from promptkit.libraries.versions import split_reference

    found = find_library(library)
    new = new or revised(old)
    if new is not None:
        return diff_of(side_at(found, old), side_at(found, new))
    name, span = split_reference(old)
    if span is not None:
        return diff_of(side_at(found, old), side_at(found, name))
    working = side_of(found, found.entry(old))
    frozen = newest_frozen(found, old)
    if frozen is None:
        raise VersionError(
            f"{old} has no frozen version to compare with; write promptkit diff HEAD:{old} {old}, or freeze it first"
        )
    return diff_of(side_of(found, frozen), working)


def _lines(found: PromptDiff) -> Iterator[str]:
    from promptkit.libraries.diffs import Bump

    yield f"{found.old} -> {found.new}"
    for title, block in (
        ("what callers and answers notice", [str(change) for change in found.changes]),
        *((f"messages of {shown.case}", list(shown.lines)) for shown in found.messages),
        ("text", list(found.text)),
    ):
        if block:
            yield f"\n{title}"
            yield from (f"  {line}".rstrip() for line in block)
    yield ""
    if found.demands is Bump.NONE:
        yield "demands no new version"
        return
    yield f"demands {found.demands}{_least(found)}"


def _least(found: PromptDiff) -> str:
    from promptkit.libraries.diffs import enough, least_after

    if found.old_version is None:
        return ""
    least = f": {least_after(found.old_version, found.demands)} or higher after {found.old_version}"
    if found.new_version is None or found.new_version == found.old_version:
        return least
    if enough(found.old_version, found.new_version, found.demands):
        return f"{least}; it is {found.new_version}"
    return f"{least}; {found.new_version} is too small"
