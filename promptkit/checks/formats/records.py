"""A report as plain data, for ``--format json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from promptkit.checks.report import Report

__all__ = ["report_data"]


def report_data(report: Report) -> dict[str, Any]:
    """The report with its findings and tests as plain data."""
    return {
        "prompts": report.prompts,
        "findings": [asdict(finding) for finding in report.findings],
        "tests": [asdict(test) for test in report.tests],
    }
