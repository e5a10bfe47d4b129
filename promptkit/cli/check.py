"""``promptkit check``: what is wrong with prompt files, without asking a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptkit.cli.options import AsJson, LibraryOption

if TYPE_CHECKING:
    from promptkit.checks import Report

__all__ = ["CheckFormat", "check"]


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|FILE]...", help="What to check; by default the whole library."),
    ] = None,
    library: LibraryOption = None,
    as_json: AsJson = False,
    form: Annotated[CheckFormat, typer.Option("--format", help="How to print.")] = CheckFormat.TEXT,
) -> int:
    """Check prompt files and run their own tests; no model is called."""
    report = _checked(names or [], library)
    _print(report, CheckFormat.JSON if as_json else form)
    return 1 if report.faults else 0


def _print(report: Report, form: CheckFormat) -> None:
    from promptkit.checks.formats import github_lines, report_data, sarif_log, text_lines
    from promptkit.cli.screen import Screen
    from promptkit.prompts.contract import environment

    screen = Screen()
    if form is CheckFormat.JSON:
        screen.json(report_data(report))
    elif form is CheckFormat.SARIF:
        screen.json(sarif_log(report.findings, Path.cwd(), version=environment()["promptkit"]))
    else:
        github = form is CheckFormat.GITHUB
        lines = github_lines(report.findings, Path.cwd()) if github else text_lines(report.findings)
        for line in (*lines, str(report)):
            screen.text(line)


def _checked(names: list[str], library: Path | None) -> Report:
    from promptkit.checks import Report
    from promptkit.cli.locations import find_library, is_path
    from promptkit.errors import PromptError

    if not names:
        whole = find_library(library)
        if not whole.names():
            raise PromptError(
                f"there are no prompt files in {whole.root}; promptkit new NAME writes the first"
            )
        return whole.check()
    report = Report()
    for name in names:
        report += _check_path(Path(name), library) if is_path(name) else find_library(library).check([name])
    return report


def _check_path(path: Path, library: Path | None) -> Report:
    """Check one file: as the library's own where it lies in it, so that its includes resolve there."""
    from promptkit.cli.locations import library_folder, name_in
    from promptkit.errors import PromptError
    from promptkit.libraries import Library, check_file

    if not path.is_file():
        raise PromptError(f"there is no file {path}; check the path")
    folder = library_folder(library)
    if folder.is_dir():
        own = Library(folder.resolve())
        name = name_in(own, path)
        if name is not None:
            return own.check([name])
    return check_file(path)
