"""What ``promptkit check`` can find: its rules by id, and one finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

__all__ = ["RULES", "SETTINGS", "Finding", "Rule", "Setting", "Severity"]

Severity: TypeAlias = Literal["error", "warning"]
Setting: TypeAlias = Literal["off", "warning", "error"]

SETTINGS: tuple[Setting, ...] = ("off", "warning", "error")
"""What a rule may be set to, in a file's ``check:`` or in ``[tool.promptkit.check]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Its reason, its source and an example stand in docs/reference/checks.md under its id.

    Attributes:
        id: Its name, lower case with hyphens.
        severity: What a finding is where nothing else is set.
        about: What it finds, as the end of the sentence "This finds ...".
        fixed: True when it cannot be set, because a prompt that breaks it does not load.
    """

    id: str
    severity: Severity
    about: str
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found in a prompt file.

    Attributes:
        file: Path of the file, or the prompt's name for a prompt that was built in Python.
        line: Line in it, counted from 1; None when no one line is to blame.
        column: Column, counted from 1; None when not known.
        width: How many characters are to blame, from the column on.
        rule: Id of the rule.
        severity: What it is: an ``error`` fails the check, a ``warning`` does not.
        message: What is wrong and what to do, without its place.
    """

    file: str
    line: int | None = None
    column: int | None = None
    width: int = 1
    rule: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        mark = "" if self.severity == "error" else f"{self.severity}: "
        return f"{place}: {mark}{self.message} [{self.rule}]"


_FIXED = (
    Rule(id="file", severity="error", about="what makes a file no prompt file: YAML, keys and their values"),
    Rule(id="template", severity="error", about="Jinja that does not parse or may not stand where it stands"),
    Rule(id="include", severity="error", about="an include or import that leads to no file, or in a circle"),
    Rule(id="undefined-name", severity="error", about="a name that is no input and that nothing sets"),
    Rule(id="unknown-filter", severity="error", about="a filter that templates do not have"),
    Rule(id="unknown-test", severity="error", about="a test, as in `is odd`, that templates do not have"),
    Rule(id="unprinted-section", severity="error", about="a section that is declared and never printed"),
    Rule(id="contract", severity="error", about="parts that do not fit together: models, paths, defaults"),
)
_TYPES = (
    Rule(id="unset-name", severity="error", about="a name that is set elsewhere and has no value here"),
    Rule(id="unsure-name", severity="warning", about="a name that only some ways to this place set"),
    Rule(id="undefined-field", severity="error", about="a field or attribute that a value does not have"),
    Rule(id="unguarded-optional", severity="error", about="an optional value used where None fails"),
    Rule(id="empty-list", severity="warning", about="an item of a list that may have none"),
    Rule(id="printed-optional", severity="warning", about="an optional value that may leave a gap in a line"),
    Rule(id="loop-over-scalar", severity="error", about="a loop over what is no list"),
    Rule(id="impossible-comparison", severity="error", about="a comparison that no value can make true"),
    Rule(id="operand-type", severity="error", about="an operator, filter or call on a value of a wrong type"),
    Rule(id="macro-arguments", severity="error", about="a macro called with other arguments than it takes"),
    Rule(id="filter-arguments", severity="error", about="a filter, test or method with other arguments"),
    Rule(id="unused-input", severity="warning", about="an input that no text and no rule reads"),
    Rule(id="untrusted-system", severity="error", about="an untrusted value in a system message, unfenced"),
    Rule(id="unstable-prefix", severity="warning", about="a changing value before text that never changes"),
    Rule(id="secret", severity="error", about="a key, a token or a password in the file"),
    Rule(id="example", severity="error", about="an example that breaks a schema or a constraint"),
    Rule(id="contradiction", severity="error", about="constraints that no value can hold together"),
    Rule(id="test", severity="error", about="a test of the file that fails"),
)
_ATTACKS = (
    Rule(id="attack", severity="error", about="a hostile value that becomes more than its own text"),
    Rule(id="open-end", severity="warning", about="a value without a fence before text of the prompt"),
)
_CLARITY = (
    Rule(id="task-missing", severity="warning", about="a prompt that states no task"),
    Rule(id="task-several", severity="warning", about="several tasks in one prompt"),
    Rule(id="audience-missing", severity="warning", about="prose for nobody in particular"),
    Rule(id="done-when-missing", severity="warning", about="a prompt that does not say when it is done"),
    Rule(id="vague-word", severity="warning", about="words that two readers take differently"),
    Rule(id="bare-negation", severity="warning", about="what not to do, without what to do"),
    Rule(id="length-unnamed", severity="warning", about="prose of any length"),
    Rule(id="tone-unnamed", severity="warning", about="prose for people in any tone"),
    Rule(id="format-repeated", severity="warning", about="the answer's format said more than once"),
    Rule(id="context-unmentioned", severity="warning", about="context that the instruction never refers to"),
    Rule(id="context-absent", severity="warning", about="a reference to context that is not there"),
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        **{
            rule.id: Rule(id=rule.id, severity=rule.severity, about=rule.about, fixed=True) for rule in _FIXED
        },
        **{rule.id: rule for rule in (*_TYPES, *_CLARITY, *_ATTACKS)},
    }
)
"""Every rule by its id."""
