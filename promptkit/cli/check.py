"""``promptkit check``: what is wrong with prompt files, without asking a model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptkit.cli.options import AsJson, Format, FormatOption, LibraryOption, wants_json

if TYPE_CHECKING:
    from promptkit.checks import Report

__all__ = ["check"]


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|FILE]...", help="What to check; by default the whole library."),
    ] = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Check prompt files and run their own tests; no model is called."""
    from promptkit.cli.screen import Screen

    report = _checked(names or [], library)
    screen = Screen()
    if wants_json(as_json, form):
        screen.json(_as_data(report))
    else:
        for fault in report.faults:
            screen.text(str(fault))
        screen.text(str(report))
    return 1 if report.faults else 0


def _checked(names: list[str], library: Path | None) -> Report:
    from promptkit.checks import Report, check_library
    from promptkit.cli.locations import find_library, is_path
    from promptkit.errors import PromptError

    if not names:
        whole = find_library(library)
        if not whole.names():
            raise PromptError(
                f"there are no prompt files in {whole.root}; promptkit new NAME writes the first"
            )
        return check_library(whole)
    report = Report()
    for name in names:
        report += (
            _check_path(Path(name), library)
            if is_path(name)
            else check_library(find_library(library), [name])
        )
    return report


def _check_path(path: Path, library: Path | None) -> Report:
    """Check one file: as the library's own where it lies in it, so that its includes resolve there."""
    from promptkit.checks import check_file, check_library
    from promptkit.cli.locations import library_folder, name_in
    from promptkit.errors import PromptError
    from promptkit.libraries import Library

    if not path.is_file():
        raise PromptError(f"there is no file {path}; check the path")
    folder = library_folder(library)
    if folder.is_dir():
        own = Library(folder.resolve())
        name = name_in(own, path)
        if name is not None:
            return check_library(own, [name])
    return check_file(path)


def _as_data(report: Report) -> dict[str, Any]:
    return {
        "prompts": report.prompts,
        "faults": [asdict(fault) for fault in report.faults],
        "tests": [asdict(test) for test in report.tests],
    }
