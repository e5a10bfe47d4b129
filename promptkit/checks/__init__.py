"""Finds what is wrong with prompt files before a model is asked: form, texts, contract, examples, clarity.

Runs the tests that stand in the files against a mocked backend. Importing this room loads none of what checking
needs: each name loads its module when used, so that a report can be recalled without it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptkit.checks.file_tests import run_file_tests
    from promptkit.checks.prompt_checks import check_prompt
    from promptkit.checks.report import Report, TestOutcome
    from promptkit.checks.settings import Settings
    from promptkit.checks.subjects import Subject, check_opened, check_subject, check_subjects
    from promptkit.findings import Finding

__all__ = [
    "Finding",
    "Report",
    "Settings",
    "Subject",
    "TestOutcome",
    "check_opened",
    "check_prompt",
    "check_subject",
    "check_subjects",
    "run_file_tests",
]

_HOMES = {
    "Finding": "promptkit.findings",
    "Report": "promptkit.checks.report",
    "Settings": "promptkit.checks.settings",
    "Subject": "promptkit.checks.subjects",
    "TestOutcome": "promptkit.checks.report",
    "check_opened": "promptkit.checks.subjects",
    "check_prompt": "promptkit.checks.prompt_checks",
    "check_subject": "promptkit.checks.subjects",
    "check_subjects": "promptkit.checks.subjects",
    "run_file_tests": "promptkit.checks.file_tests",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
