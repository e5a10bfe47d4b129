"""Report: what was checked and what was found, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from promptkit.findings import Finding

__all__ = ["Report", "TestOutcome", "combined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """What became of one test of a prompt file.

    Attributes:
        prompt: The prompt that it belongs to.
        name: The test's name.
        passed: True when everything that it expects came about.
        message: Why it failed, one sentence for each expectation; empty when it passed.
        line: Line of the test in its file, counted from 1.
    """

    __test__ = False  # pytest collects classes by this name

    prompt: str
    name: str
    passed: bool
    message: str
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked and what was found.

    Attributes:
        prompts: How many prompts were checked.
        findings: Everything that was found, failed tests included.
        tests: Each test that ran.
    """

    prompts: int = 0
    findings: tuple[Finding, ...] = ()
    tests: tuple[TestOutcome, ...] = ()

    def __add__(self, other: Report) -> Report:
        return combined([self, other])

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings of severity error."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings of severity warning."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(test.passed for test in self.tests)

    def __str__(self) -> str:
        failed = len(self.tests) - self.passed
        parts = [
            _counted(self.prompts, "prompt"),
            _counted(len(self.faults), "fault"),
            *([_counted(len(self.warnings), "warning")] if self.warnings else ()),
            f"{_counted(self.passed, 'test')} passed",
        ]
        return ", ".join(parts) + (f", {failed} failed" if failed else "")


def combined(reports: Iterable[Report]) -> Report:
    """One report of several; a broken fragment is one finding, however many prompts include it."""
    each = list(reports)
    return Report(
        prompts=sum(report.prompts for report in each),
        findings=tuple(dict.fromkeys(finding for report in each for finding in report.findings)),
        tests=tuple(test for report in each for test in report.tests),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
