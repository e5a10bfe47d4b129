"""Places: the column of a finding, by the word that is to blame, and the line to show for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from promptkit.declarations import Declaration
from promptkit.errors import TemplateError
from promptkit.findings import Finding, Severity
from promptkit.rendering import Problem

__all__ = ["Sources", "fault_of"]

_OPENED = re.compile(r"\{[{%](?:(?![}%]\}).)*$")


@dataclass(slots=True)
class Sources:
    """The lines of files by path, read once each.

    Attributes:
        lines: What was read so far.
    """

    lines: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @classmethod
    def of(cls, declaration: Declaration) -> Sources:
        """The lines of a prompt's own file are known already."""
        return cls({declaration.place: declaration.text.split("\n")} if declaration.text else {})

    def line(self, file: str, number: int) -> str:
        """One line, counted from 1; empty where there is none."""
        if file not in self.lines:
            self.lines[file] = _read(file)
        lines = self.lines[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def finding(self, problem: Problem, severity: Severity) -> Finding:
        """A problem of a text with its column, found by its word."""
        file, line = problem.file or "", problem.line
        column: int | None = None
        if line is not None and problem.word:
            line, column = self._found(file, line, problem.lines, problem.word)
        return Finding(
            file=file,
            line=line,
            column=column,
            width=len(problem.word) if column else 1,
            rule=problem.rule,
            severity=severity,
            message=problem.message,
        )

    def found(self, finding: Finding, word: str, *, lines: int = 1) -> Finding:
        """The same finding at the word, where it stands in the line or soon after it."""
        return (
            finding
            if finding.line is None
            else self.finding(
                Problem(
                    rule=finding.rule,
                    message=finding.message,
                    file=finding.file,
                    line=finding.line,
                    lines=lines,
                    word=word,
                ),
                finding.severity,
            )
        )

    def _found(self, file: str, first: int, lines: int, word: str) -> tuple[int, int | None]:
        """Line and column of the word: inside an expression before anywhere else."""
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        other: tuple[int, int] | None = None
        for number in range(first, first + lines):
            text = self.line(file, number)
            for match in pattern.finditer(text):
                if _OPENED.search(text, 0, match.start()):
                    return number, match.start() + 1
                other = other or (number, match.start() + 1)
        return other or (first, None)


def fault_of(error: Exception, rule: str, file: str) -> Finding:
    """An error that loading raised, as a finding: at its own place where it names one."""
    if isinstance(error, TemplateError) and error.file:
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


def _read(file: str) -> list[str]:
    try:
        text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return []
    return text.splitlines()
