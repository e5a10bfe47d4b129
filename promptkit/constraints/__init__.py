"""Constraints: one rule declared once, then said to the model, told to the schema, checked and hinted.

`between`, `max_words` and the other functions make them in Python; `from_file` makes them from a prompt file.
"""

from __future__ import annotations

from promptkit.constraints.constraint import Constraint
from promptkit.constraints.factories import between, expr, matches, max_words, never_says, one_of, quoted_from
from promptkit.constraints.files import KINDS, OPTIONS, from_file
from promptkit.constraints.narrowing import check_paths, narrow
from promptkit.constraints.paths import Path, parse
from promptkit.constraints.rules import Between, Expr, OneOf, Rule, Scope, Unjudged
from promptkit.constraints.text_rules import Matches, MaxWords, NeverSays, QuotedFrom

__all__ = [
    "KINDS",
    "OPTIONS",
    "Between",
    "Constraint",
    "Expr",
    "Matches",
    "MaxWords",
    "NeverSays",
    "OneOf",
    "Path",
    "QuotedFrom",
    "Rule",
    "Scope",
    "Unjudged",
    "between",
    "check_paths",
    "expr",
    "from_file",
    "matches",
    "max_words",
    "narrow",
    "never_says",
    "one_of",
    "parse",
    "quoted_from",
]
