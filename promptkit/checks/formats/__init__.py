"""Reports as text for people, as data, as annotations of GitHub and as SARIF."""

from __future__ import annotations

from promptkit.checks.formats.github import github_lines
from promptkit.checks.formats.records import report_data
from promptkit.checks.formats.sarif import sarif_log
from promptkit.checks.formats.text import text_lines

__all__ = ["github_lines", "report_data", "sarif_log", "text_lines"]
