"""Finds what is wrong with prompt files before a model is asked: form, texts, contract, examples, clarity.

Runs the tests that stand in the files against a mocked backend.
"""

from __future__ import annotations

from promptkit.checks.file_tests import TestOutcome, run_file_tests
from promptkit.checks.prompt_checks import check_prompt
from promptkit.checks.reports import Report, Subject, check_subject, check_subjects
from promptkit.checks.settings import Settings
from promptkit.findings import Finding

__all__ = [
    "Finding",
    "Report",
    "Settings",
    "Subject",
    "TestOutcome",
    "check_prompt",
    "check_subject",
    "check_subjects",
    "run_file_tests",
]
