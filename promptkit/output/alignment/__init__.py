"""Alignment: the value that an answer means, with a receipt for everything that was changed to take it.

Values are found in the text, read tolerantly, brought to the schema's form, and one is chosen, or an error says why
none is.
"""

from __future__ import annotations

from promptkit.output.alignment.aligned import Aligned, Candidate
from promptkit.output.alignment.alignment import align, aligned, stands
from promptkit.output.alignment.rules import LOSSY_RULES, RULES, Rule, allowed_rules

__all__ = [
    "LOSSY_RULES",
    "RULES",
    "Aligned",
    "Candidate",
    "Rule",
    "align",
    "aligned",
    "allowed_rules",
    "stands",
]
