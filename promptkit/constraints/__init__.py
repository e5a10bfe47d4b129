"""Constraints: one rule declared once, then said to the model, told to the schema, checked and hinted.

`between`, `max_words` and the other functions make them in Python; `from_file` makes them from a prompt file.
"""

from __future__ import annotations

from promptkit.constraints.affixes import Contains, EndsWith, StartsWith
from promptkit.constraints.choices import OneOf
from promptkit.constraints.conditions import Expr
from promptkit.constraints.constraint import Constraint
from promptkit.constraints.factories import (
    between,
    characters,
    contains,
    ends_with,
    expr,
    item_count,
    language,
    lines,
    matches,
    max_characters,
    max_items,
    max_lines,
    max_sentences,
    max_words,
    min_characters,
    min_items,
    min_lines,
    min_sentences,
    min_words,
    must_mention,
    never_says,
    one_of,
    quoted_from,
    sentences,
    starts_with,
    words,
)
from promptkit.constraints.files import from_file
from promptkit.constraints.forms import Excerpt, Form, Whole, Without
from promptkit.constraints.kinds import KINDS, OPTIONS, Kinds, RuleClass, known_kinds
from promptkit.constraints.languages import Language
from promptkit.constraints.lengths import Length
from promptkit.constraints.matching import Matches
from promptkit.constraints.mentions import MustMention
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
from promptkit.constraints.sentences import sentence_ends
from promptkit.constraints.speech import spoken_list

__all__ = [
    "KINDS",
    "OPTIONS",
    "Between",
    "Binds",
    "Boundary",
    "Bounds",
    "Constraint",
    "Contains",
    "Decodes",
    "EndsWith",
    "Excerpt",
    "Expr",
    "Fits",
    "Form",
    "Hints",
    "Kinds",
    "Language",
    "Length",
    "Matches",
    "MustMention",
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
    "StartsWith",
    "Unjudged",
    "Whole",
    "Without",
    "between",
    "characters",
    "check_paths",
    "contains",
    "ends_with",
    "expr",
    "forms_of",
    "from_file",
    "item_count",
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
    "min_items",
    "min_lines",
    "min_sentences",
    "min_words",
    "must_mention",
    "narrow",
    "never_says",
    "one_of",
    "parse",
    "quoted_from",
    "sentence_ends",
    "sentences",
    "spoken_list",
    "starts_with",
    "words",
]
