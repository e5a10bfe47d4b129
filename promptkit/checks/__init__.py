"""Finds what is wrong with prompt files before a model is asked: their form, their contract, their examples.

Runs the tests that stand in the files against a mocked backend.
"""

from __future__ import annotations

from promptkit.checks.faults import Fault, check_prompt
from promptkit.checks.file_tests import TestOutcome, run_file_tests
from promptkit.checks.reports import Report, check_file, check_library

__all__ = [
    "Fault",
    "Report",
    "TestOutcome",
    "check_file",
    "check_library",
    "check_prompt",
    "run_file_tests",
]
