"""``promptkit check``: what is wrong with prompt files, without asking a model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptkit.cli.options import AsJson, LibraryOption

if TYPE_CHECKING:
    from promptkit.checks import Report
    from promptkit.checks.memory import Memory

__all__ = ["CheckFormat", "check"]

_SUFFIXES = (".prompt.j2", ".prompt.yaml")


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
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Look only at files that changed since the last time.")
    ] = True,
) -> int:
    """Check prompt files and run their own tests; no model is called."""
    report = _recalled(names, library) if cache else None
    if report is None:
        report = _checked(names or [], library, cache=cache)
    _print(report, CheckFormat.JSON if as_json else form)
    return 1 if report.faults else 0


def _recalled(names: list[str] | None, library: Path | None) -> Report | None:
    """What is remembered, when it answers everything: nothing heavy is loaded for that."""
    from promptkit.configuration import find_configuration

    configured = find_configuration(Path.cwd())
    root = (library or configured.library or Path("templates")).resolve()
    if not root.is_dir() or any(name.endswith(_SUFFIXES) for name in names or ()):
        return None
    return _memory(root, configured).recalled(root, names or None)


def _memory(root: Path, configured: Any) -> Memory:
    from promptkit.checks.memory import memory_of

    kept = {
        "check": dict(configured.check),
        "models": configured.models,
        "rules": [*map(str, configured.rules)],
    }
    return memory_of(root, kept)


def _checked(names: list[str], library: Path | None, *, cache: bool) -> Report:
    from promptkit.checks import Report, Settings
    from promptkit.cli.locations import find_library, is_path
    from promptkit.errors import PromptError
    from promptkit.libraries.remembering import check_folder
    from promptkit.sessions import settings

    files = [name for name in names if is_path(name)]
    report = Report()
    if not names or len(files) < len(names):
        whole = find_library(library)
        if not names and not whole.names():
            raise PromptError(
                f"there are no prompt files in {whole.root}; promptkit new NAME writes the first"
            )
        configured = settings()
        chosen = [name for name in names if not is_path(name)] or None
        memory = _memory(whole.root, configured) if cache else None
        report = check_folder(whole.root, chosen, Settings(configured.check), memory=memory)
    for name in files:
        report += _check_path(Path(name), library)
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


def _print(report: Report, form: CheckFormat) -> None:
    from promptkit.cli.screen import Screen

    screen = Screen()
    if form is CheckFormat.JSON:
        from promptkit.checks.formats import report_data

        screen.json(report_data(report))
    elif form is CheckFormat.SARIF:
        from promptkit.checks.formats import sarif_log
        from promptkit.prompts.contract import environment

        screen.json(sarif_log(report.findings, Path.cwd(), version=environment()["promptkit"]))
    else:
        from promptkit.checks.formats import github_lines, text_lines

        github = form is CheckFormat.GITHUB
        lines = github_lines(report.findings, Path.cwd()) if github else text_lines(report.findings)
        for line in (*lines, str(report)):
            screen.text(line)
