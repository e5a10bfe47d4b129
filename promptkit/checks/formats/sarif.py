"""Findings as a SARIF log, which code scanning services read.

The form is that of SARIF 2.1.0 (OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from promptkit.checks.formats.github import relative_to
from promptkit.findings import RULES, Finding, Rule

__all__ = ["sarif_log"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(findings: Sequence[Finding], folder: Path, *, version: str) -> dict[str, Any]:
    """The log of one run.

    Args:
        findings: The findings.
        folder: The root of the repository, to which paths are made relative.
        version: The version of promptkit.
    """
    used = sorted({finding.rule for finding in findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "promptkit",
                        "version": version,
                        "rules": [_rule(RULES[rule]) for rule in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": list(_results(findings, used, folder)),
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": f"This finds {rule.about}."},
        "help": {"text": f"docs/reference/checks.md#{rule.id}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _results(findings: Iterable[Finding], used: Sequence[str], folder: Path) -> Iterable[dict[str, Any]]:
    for finding in findings:
        file = relative_to(finding.file, folder)
        uri = Path(file).as_uri() if Path(file).is_absolute() else quote(file)
        place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
        if finding.line is not None:
            region: dict[str, Any] = {"startLine": finding.line}
            if finding.column is not None:
                region |= {"startColumn": finding.column, "endColumn": finding.column + finding.width}
            place["region"] = region
        yield {
            "ruleId": finding.rule,
            "ruleIndex": used.index(finding.rule),
            "level": finding.severity,
            "message": {"text": finding.message},
            "locations": [{"physicalLocation": place}],
            # Without the line, so that a finding is known again when lines above it come or go.
            "partialFingerprints": {"promptkit/v1": _digest(file, finding.rule, finding.message)},
        }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]
