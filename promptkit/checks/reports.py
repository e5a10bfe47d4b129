"""Reports: what checking prompts found, and the prompts that are to be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.checks.file_tests import TestOutcome, run_file_tests
from promptkit.checks.places import fault_of
from promptkit.checks.prompt_checks import check_prompt
from promptkit.checks.settings import Settings
from promptkit.errors import PlanError, PromptError
from promptkit.findings import Finding
from promptkit.prompts import Loader, Prompt

__all__ = ["Report", "Subject", "check_subject", "check_subjects"]

Wrap: TypeAlias = Callable[[Loader], Loader]


@dataclass(frozen=True, slots=True)
class Subject:
    """One prompt that is to be checked.

    Attributes:
        name: Its name.
        file: Its file, as findings name it.
        open: Reads it; what gives its included files is wrapped by the argument first.
    """

    name: str
    file: str
    open: Callable[[Wrap], Prompt[Any]]


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
        return Report(
            prompts=self.prompts + other.prompts,
            # A broken fragment is the fault of one file, however many prompts include it.
            findings=tuple(dict.fromkeys(self.findings + other.findings)),
            tests=self.tests + other.tests,
        )

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


def check_subjects(subjects: Iterable[Subject], settings: Settings | None = None) -> Report:
    """Check prompts one after the other and run their tests; no model is called.

    Args:
        subjects: The prompts.
        settings: What rules are set to by the configuration.
    """
    reports = [check_subject(subject, settings) for subject in subjects]
    return Report(
        prompts=sum(report.prompts for report in reports),
        findings=tuple(dict.fromkeys(finding for report in reports for finding in report.findings)),
        tests=tuple(test for report in reports for test in report.tests),
    )


def check_subject(subject: Subject, settings: Settings | None = None, wrap: Wrap | None = None) -> Report:
    """Check one prompt and run its tests.

    Args:
        subject: The prompt.
        settings: What rules are set to by the configuration.
        wrap: Wraps what gives included files, for a caller that wants to know of them.
    """
    settings = settings or Settings()
    try:
        prompt = subject.open(wrap or _as_it_is)
    except (PromptError, PlanError) as error:
        return Report(prompts=1, findings=(fault_of(error, "file", subject.file),))
    findings = check_prompt(prompt, settings)
    try:
        tests = run_file_tests(prompt)
    except (PromptError, PlanError):  # what keeps it from loading is among the findings
        return Report(prompts=1, findings=findings)
    failed = (
        Finding(
            file=prompt.declaration.place,
            line=test.line,
            rule="test",
            severity="error",
            message=f"test {test.name!r} failed: {test.message}",
        )
        for test in tests
        if not test.passed
    )
    own = Settings(settings.configured, prompt.declaration.check)
    return Report(prompts=1, findings=(*findings, *own.applied(failed)), tests=tests)


def _as_it_is(load: Loader) -> Loader:
    return load


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
