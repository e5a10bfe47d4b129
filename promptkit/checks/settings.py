"""Settings: what a finding of each rule is, by the file, the configuration and the rule itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from promptkit.findings import RULES, Finding, Setting, Severity

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What rules are set to; what is not named is as the rule says.

    Attributes:
        configured: By ``[tool.promptkit.check]``.
        own: By the ``check:`` of the file, which counts before the configuration.
    """

    configured: Mapping[str, Setting] = field(default_factory=dict[str, Setting])
    own: Mapping[str, Setting] = field(default_factory=dict[str, Setting])

    def severity(self, rule: str) -> Severity | None:
        """What a finding of this rule is; None when the rule is off."""
        setting = self.own.get(rule) or self.configured.get(rule) or RULES[rule].severity
        return None if setting == "off" else setting

    def applied(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings whose rules are on, with their severity; those that cannot be set stay as they are."""
        for finding in findings:
            if RULES[finding.rule].fixed:
                yield finding
                continue
            severity = self.severity(finding.rule)
            if severity is not None:
                yield replace(finding, severity=severity)
