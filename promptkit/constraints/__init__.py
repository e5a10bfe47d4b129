"""Constraints: one rule declared once, then said to the model, told to the schema, checked and hinted.

`between`, `max_words` and the other functions make them in Python; `from_file` makes them from a prompt file.
"""

from __future__ import annotations

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.boundaries import BoundaryCase, boundary_cases
from promptkit.constraints.choices import OneOf, OneOfInput
from promptkit.constraints.conditions import Expr
from promptkit.constraints.confidence import MinConfidence
from promptkit.constraints.constraint import Constraint, predicate_of, subject_of
from promptkit.constraints.contradictions import Contradiction, contradiction_in
from promptkit.constraints.dates import DateBetween, NotAfter, NotBefore
from promptkit.constraints.factories import (
    at_least,
    at_most,
    between,
    characters,
    contains,
    ends_with,
    expr,
    format_of,
    grammar,
    item_count,
    judged,
    language,
    lines,
    matches,
    max_characters,
    max_items,
    max_lines,
    max_sentences,
    max_words,
    min_characters,
    min_confidence,
    min_items,
    min_lines,
    min_sentences,
    min_words,
    must_mention,
    never_says,
    no_invented,
    not_after,
    not_before,
    one_of,
    one_of_input,
    quoted_from,
    sentences,
    sorted_by,
    starts_with,
    tone,
    unique,
    words,
)
from promptkit.constraints.files import from_file
from promptkit.constraints.formats import Format
from promptkit.constraints.forms import Derived, Excerpt, Form, Listed, Whole, Without
from promptkit.constraints.growing import GrowingVerdicts
from promptkit.constraints.invention import NoInvented
from promptkit.constraints.judged import JUDGED_KINDS, JUDGED_OPTIONS, Judged, Tone
from promptkit.constraints.kinds import KINDS, OPTIONS, Kinds, RuleClass, known_kinds
from promptkit.constraints.languages import Language
from promptkit.constraints.lark import Grammar
from promptkit.constraints.lengths import STOPPING_KINDS, Length
from promptkit.constraints.lists import Sorted, Unique
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
from promptkit.constraints.narrowing import check_paths, forms_of, narrow
from promptkit.constraints.numbers import AtLeast, AtMost, Between
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
from promptkit.constraints.sentences import sentence_ends
from promptkit.constraints.speech import spoken_list
from promptkit.constraints.valid_values import ValidValues

__all__ = [
    "JUDGED_KINDS",
    "JUDGED_OPTIONS",
    "KINDS",
    "OPTIONS",
    "STOPPING_KINDS",
    "AtLeast",
    "AtMost",
    "Between",
    "Binds",
    "Boundary",
    "BoundaryCase",
    "Bounds",
    "Constraint",
    "Contains",
    "Contradiction",
    "DateBetween",
    "Decodes",
    "Derived",
    "EndsWith",
    "Excerpt",
    "Expr",
    "Fits",
    "Form",
    "Format",
    "Grammar",
    "GrowingVerdicts",
    "Hints",
    "Judged",
    "Kinds",
    "Language",
    "Length",
    "Listed",
    "Matches",
    "MinConfidence",
    "MustMention",
    "Narrows",
    "NeverSays",
    "NoInvented",
    "NotAfter",
    "NotBefore",
    "OneOf",
    "OneOfInput",
    "Path",
    "QuotedFrom",
    "Quotes",
    "Reads",
    "Rule",
    "RuleClass",
    "Scope",
    "Sorted",
    "StartsWith",
    "Tone",
    "Unique",
    "Unjudged",
    "ValidValues",
    "Whole",
    "Without",
    "at_least",
    "at_most",
    "between",
    "boundary_cases",
    "characters",
    "check_paths",
    "contains",
    "contradiction_in",
    "ends_with",
    "expr",
    "format_of",
    "forms_of",
    "from_file",
    "grammar",
    "item_count",
    "judged",
    "known_kinds",
    "language",
    "lines",
    "matches",
    "max_characters",
    "max_items",
    "max_lines",
    "max_sentences",
    "max_words",
    "min_characters",
    "min_confidence",
    "min_items",
    "min_lines",
    "min_sentences",
    "min_words",
    "must_mention",
    "narrow",
    "never_says",
    "no_invented",
    "not_after",
    "not_before",
    "one_of",
    "one_of_input",
    "parse",
    "predicate_of",
    "quoted_from",
    "sentence_ends",
    "sentences",
    "sorted_by",
    "spoken_list",
    "starts_with",
    "subject_of",
    "tone",
    "unique",
    "words",
]
