"""Places: the column of a finding, by the word that is to blame."""

from __future__ import annotations

from promptkit.checks.lines import Lines
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.findings import Finding, Severity
from promptkit.rendering import Problem

__all__ = ["fault_of", "lines_of", "placed"]


def lines_of(declaration: Declaration) -> Lines:
    """The lines of a prompt's own file, which are known already, and of every other file."""
    return Lines({declaration.place: declaration.text.split("\n")} if declaration.text else {})


def placed(problem: Problem, severity: Severity, lines: Lines) -> Finding:
    """A problem of a text with its column, found by its word."""
    file, line = problem.file or "", problem.line
    column: int | None = None
    if line is not None and problem.word:
        line, column = _found(lines, problem, line)
    return Finding(
        file=file,
        line=line,
        column=column,
        width=len(problem.word) if column else 1,
        rule=problem.rule,
        severity=severity,
        message=problem.message,
    )


def fault_of(error: Exception, rule: str, file: str, lines: Lines | None = None) -> Finding:
    """An error that loading raised, as a finding: at its own place and of its own rule where it names them.

    Args:
        error: The error.
        rule: The rule of one that names none.
        file: The file of one that names none.
        lines: The lines of files, for the column of one that names a word alone.
    """
    if isinstance(error, TemplateError) and error.rule != "template":
        rule = error.rule
    if isinstance(error, TemplateError) and error.file:
        if error.word and lines is not None:
            problem = Problem(
                rule=rule, message=error.problem, file=error.file, line=error.line, word=error.word
            )
            return placed(problem, "error", lines)
        return Finding(
            file=error.file,
            line=error.line,
            column=error.column,
            rule=rule,
            severity="error",
            message=error.problem,
        )
    message = error.problem if isinstance(error, TemplateError) else str(error)
    return Finding(file=file, rule=rule, severity="error", message=message.removeprefix(f"{file}: "))


def _found(lines: Lines, problem: Problem, first: int) -> tuple[int, int | None]:
    """Line and column of the word: as it is spelled there, inside an expression, before anywhere else."""
    passage = lines.passage(problem.file or "", first, problem.lines)
    return passage.find(problem.word, problem.spelling) or (first, None)
