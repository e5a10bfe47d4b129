"""``promptkit check``: what is wrong with prompt files, without asking a model."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptkit.cli.options import AsJson, LibraryOption

if TYPE_CHECKING:
    from promptkit.backends.llama.readers import TokenReader
    from promptkit.checks import Report, Subject
    from promptkit.checks.attacks import AttackReport
    from promptkit.checks.memory import Memory

__all__ = ["CheckFormat", "check"]

_SUFFIXES = (".prompt.j2", ".prompt.yaml")


class CheckFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def check(  # noqa: PLR0913, PLR0917 - one for each option
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
    attack: Annotated[
        bool,
        typer.Option("--attack", help="Render hostile values as well: roles, bytes and tokens must hold."),
    ] = False,
    tokens_of: Annotated[
        str | None,
        typer.Option(
            "--tokens-of", metavar="NAME", help="Whose tokens --attack looks at. Default: llama:demo."
        ),
    ] = None,
) -> int:
    """Check prompt files and run their own tests; no model is called."""
    report = _recalled(names, library) if cache else None
    if report is None:
        report = _checked(names or [], library, cache=cache)
    attacked = _attacked(names or [], library, tokens_of) if attack or tokens_of else None
    if attacked is not None:
        report = replace(report, findings=(*report.findings, *attacked.findings))
    _print(report, attacked, CheckFormat.JSON if as_json else form)
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
    from promptkit.checks import Report, Settings, check_subjects
    from promptkit.cli.locations import find_library
    from promptkit.errors import PromptError
    from promptkit.libraries import file_subject
    from promptkit.libraries.remembering import check_folder
    from promptkit.sessions import settings

    configured = settings()
    chosen, loose = _split(names, library)
    report = Report()
    if chosen or not names:
        whole = find_library(library)
        if not names and not whole.names():
            raise PromptError(
                f"there are no prompt files in {whole.root}; promptkit new NAME writes the first"
            )
        memory = _memory(whole.root, configured) if cache else None
        report = check_folder(whole.root, chosen or None, Settings(configured.check), memory=memory)
    return report + check_subjects(map(file_subject, loose), Settings(configured.check))


def _split(names: list[str], library: Path | None) -> tuple[list[str], list[Path]]:
    """Names of the library, and files that do not lie in it; a file of the library is known by its name."""
    from promptkit.cli.locations import is_path, library_folder, name_in
    from promptkit.errors import PromptError
    from promptkit.libraries import Library

    chosen: list[str] = []
    loose: list[Path] = []
    folder = library_folder(library)
    own = Library(folder.resolve()) if folder.is_dir() else None
    for name in names:
        path = Path(name)
        if is_path(name) and not path.is_file():
            raise PromptError(f"there is no file {path}; check the path")
        inside = name_in(own, path) if is_path(name) and own is not None else None
        if inside is not None or not is_path(name):
            chosen.append(inside or name)
        else:
            loose.append(path)
    return list(dict.fromkeys(chosen)), loose


def _subjects(names: list[str], library: Path | None) -> list[Subject]:
    """What is named, ready to be checked; the whole library where nothing is."""
    from promptkit.cli.locations import find_library
    from promptkit.libraries import file_subject, library_subjects

    chosen, loose = _split(names, library)
    inside = library_subjects(find_library(library), chosen or None) if chosen or not names else ()
    return [*inside, *map(file_subject, loose)]


def _attacked(names: list[str], library: Path | None, tokens_of: str | None) -> AttackReport:
    from promptkit.checks import Settings
    from promptkit.checks.attacks import attack_subjects
    from promptkit.sessions import settings

    subjects = _subjects(names, library)
    return attack_subjects(subjects, _reader(tokens_of), Settings(settings().check))


def _reader(tokens_of: str | None) -> TokenReader | None:
    """Whose tokens are looked at; without the extra nobody's, unless a model is named."""
    from promptkit.backends.llama.readers import TokenReader
    from promptkit.errors import ModelLoadError

    scheme, _, reference = (tokens_of or "llama:demo").partition(":")
    if scheme != "llama":
        raise typer.BadParameter(
            f"--tokens-of takes a llama: model, got {tokens_of!r}; tokens are read here alone"
        )
    try:
        return TokenReader(reference)
    except ModelLoadError:
        if tokens_of is not None:
            raise
        return None


def _print(report: Report, attacked: AttackReport | None, form: CheckFormat) -> None:
    from promptkit.cli.screen import Screen

    screen = Screen()
    if form is CheckFormat.JSON:
        from promptkit.checks.formats import report_data

        screen.json(report_data(report, attacked))
    elif form is CheckFormat.SARIF:
        from promptkit.checks.formats import sarif_log
        from promptkit.prompts.contract import environment

        screen.json(sarif_log(report.findings, Path.cwd(), version=environment()["promptkit"]))
    else:
        from promptkit.checks.formats import github_lines, text_lines

        printed = github_lines if form is CheckFormat.GITHUB else text_lines
        lines = printed(report.findings, Path.cwd())
        for line in (*lines, *([] if attacked is None else [str(attacked)]), str(report)):
            screen.text(line)
