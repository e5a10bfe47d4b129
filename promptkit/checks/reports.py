"""Reports: what checking a library, or one file, found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from promptkit.checks.faults import Fault, check_prompt, fault_of
from promptkit.checks.file_tests import TestOutcome, run_file_tests
from promptkit.errors import PlanError, PromptError
from promptkit.libraries import Library, load
from promptkit.prompts import Prompt

__all__ = ["Report", "check_file", "check_library"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked and what was found.

    Attributes:
        prompts: How many prompts were checked.
        faults: Everything that is wrong, failed tests included.
        tests: Each test that ran.
    """

    prompts: int = 0
    faults: tuple[Fault, ...] = ()
    tests: tuple[TestOutcome, ...] = ()

    def __add__(self, other: Report) -> Report:
        return Report(
            prompts=self.prompts + other.prompts,
            # A broken fragment is the fault of one file, however many prompts include it.
            faults=tuple(dict.fromkeys(self.faults + other.faults)),
            tests=self.tests + other.tests,
        )

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(test.passed for test in self.tests)

    def __str__(self) -> str:
        failed = len(self.tests) - self.passed
        parts = [
            _counted(self.prompts, "prompt"),
            _counted(len(self.faults), "fault"),
            f"{_counted(self.passed, 'test')} passed",
        ]
        return ", ".join(parts) + (f", {failed} failed" if failed else "")


def check_library(library: Library, names: Iterable[str] | None = None) -> Report:
    """Check the prompts of a library and run their tests.

    Args:
        library: Where the prompts are.
        names: Which to check; None checks all.

    Raises:
        PromptError: When there is no prompt of a given name, or two files have one name.
    """
    report = Report()
    for name in library.names() if names is None else names:
        path = library.path(name)
        report += _check(partial(library.get, name), str(path))
    return report


def check_file(path: str | os.PathLike[str]) -> Report:
    """Check one prompt file and run its tests; its folder is the library for its includes."""
    return _check(partial(load, path), str(path))


def _check(read: Callable[[], Prompt[Any]], file: str) -> Report:
    try:
        prompt = read()
    except (PromptError, PlanError) as error:
        return Report(prompts=1, faults=(fault_of(error, "file", file),))
    faults = check_prompt(prompt)
    if any(fault.rule == "contract" for fault in faults):
        return Report(prompts=1, faults=faults)
    tests = run_file_tests(prompt)
    failed = tuple(
        Fault(
            file=prompt.declaration.place,
            line=test.line,
            column=None,
            rule="test",
            message=f"test {test.name!r} failed: {test.message}",
        )
        for test in tests
        if not test.passed
    )
    return Report(prompts=1, faults=faults + failed, tests=tests)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
