"""Constraints: one rule declared once, then said to the model, told to the schema, checked and hinted.

`between`, `max_words` and the other functions make them in Python; `from_file` makes them from a prompt file.
"""

from __future__ import annotations

from promptkit.constraints.boundaries import BoundaryCase, boundary_cases
from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.contradictions import Contradiction, contradiction_in
from promptkit.constraints.factories import between, expr, matches, max_words, never_says, one_of, quoted_from
from promptkit.constraints.files import from_file
from promptkit.constraints.forms import Excerpt, Form, Whole, Without
from promptkit.constraints.kinds import KINDS, OPTIONS, Kinds, RuleClass, known_kinds
from promptkit.constraints.lengths import MaxWords
from promptkit.constraints.matching import Matches
from promptkit.constraints.narrowing import check_paths, forms_of, narrow
from promptkit.constraints.numbers import Between
from promptkit.constraints.paths import Path, parse
from promptkit.constraints.phrases import NeverSays
from promptkit.constraints.quotations import QuotedFrom
from promptkit.constraints.rules import (
    Binds,
    Boundary,
    Bounds,
    Decodes,
    Fits,
    Hints,
    Narrows,
    Quotes,
    Reads,
    Rule,
    Scope,
    Unjudged,
)
from promptkit.constraints.speech import spoken_list
from promptkit.constraints.valid_values import ValidValues

__all__ = [
    "KINDS",
    "OPTIONS",
    "Between",
    "Binds",
    "Boundary",
    "BoundaryCase",
    "Bounds",
    "Constraint",
    "Contradiction",
    "Decodes",
    "Excerpt",
    "Expr",
    "Fits",
    "Form",
    "Hints",
    "Kinds",
    "Matches",
    "MaxWords",
    "Narrows",
    "NeverSays",
    "OneOf",
    "Path",
    "QuotedFrom",
    "Quotes",
    "Reads",
    "Rule",
    "RuleClass",
    "Scope",
    "Unjudged",
    "ValidValues",
    "Whole",
    "Without",
    "between",
    "boundary_cases",
    "check_paths",
    "contradiction_in",
    "expr",
    "forms_of",
    "from_file",
    "known_kinds",
    "matches",
    "max_words",
    "narrow",
    "never_says",
    "one_of",
    "parse",
    "quoted_from",
    "spoken_list",
]
