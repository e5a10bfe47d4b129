"""A report as plain data, for ``--format json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from promptkit.checks.report import Report

if TYPE_CHECKING:
    from promptkit.checks.attacks import AttackReport

__all__ = ["report_data"]


def report_data(report: Report, attacked: AttackReport | None = None) -> dict[str, Any]:
    """The report with its findings and tests as plain data, and what an attack tried where there was one."""
    data: dict[str, Any] = {
        "prompts": report.prompts,
        "findings": [asdict(finding) for finding in report.findings],
        "tests": [asdict(test) for test in report.tests],
    }
    if attacked is not None:
        counts = asdict(attacked)
        del counts["findings"]
        data["attack"] = counts
    return data
