"""Subjects: prompts that are to be checked, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from promptkit.checks.file_tests import run_file_tests
from promptkit.checks.places import fault_of
from promptkit.checks.prompt_checks import check_prompt
from promptkit.checks.report import Report, combined
from promptkit.checks.settings import Settings
from promptkit.errors import PlanError, PromptError
from promptkit.findings import Finding
from promptkit.prompts import Prompt

__all__ = ["Subject", "check_opened", "check_subject", "check_subjects"]

Open: TypeAlias = Callable[[], Prompt[Any]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One prompt that is to be checked.

    Attributes:
        name: Its name.
        file: Its file, as findings name it.
        open: Reads it.
    """

    name: str
    file: str
    open: Open


def check_subjects(subjects: Iterable[Subject], settings: Settings | None = None) -> Report:
    """Check prompts one after the other and run their tests; no model is called.

    Args:
        subjects: The prompts.
        settings: What rules are set to by the configuration.
    """
    return combined([check_subject(subject, settings) for subject in subjects])


def check_subject(subject: Subject, settings: Settings | None = None) -> Report:
    """Check one prompt and run its tests.

    Args:
        subject: The prompt.
        settings: What rules are set to by the configuration.
    """
    try:
        prompt = subject.open()
    except (PromptError, PlanError) as error:
        return Report(prompts=1, findings=(fault_of(error, "file", subject.file),))
    return check_opened(prompt, settings)


def check_opened(prompt: Prompt[Any], settings: Settings | None = None) -> Report:
    """Check a prompt that was read and run its tests.

    Args:
        prompt: The prompt.
        settings: What rules are set to by the configuration.
    """
    settings = settings or Settings()
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
