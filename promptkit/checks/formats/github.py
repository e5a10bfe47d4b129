"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

The form is that of https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from promptkit.findings import Finding

__all__ = ["github_lines", "relative_to"]


def github_lines(findings: Iterable[Finding], folder: Path) -> Iterator[str]:
    """One command for each finding.

    Args:
        findings: The findings.
        folder: The root of the repository, to which paths are made relative.
    """
    for finding in findings:
        properties = {"file": relative_to(finding.file, folder), "title": f"promptkit: {finding.rule}"}
        if finding.line is not None:
            properties["line"] = str(finding.line)
        if finding.column is not None:
            properties |= {"col": str(finding.column), "endColumn": str(finding.column + finding.width)}
        said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        yield f"::{finding.severity} {said}::{_data(finding.message)}"


def relative_to(file: str, folder: Path) -> str:
    """A file's path below the folder, with ``/``; as it is where it lies elsewhere."""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(folder):
        path = path.relative_to(folder)
    return path.as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
