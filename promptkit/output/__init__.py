"""From a completion to a value: strict JSON or what can be mended, the constraints, and what is wrong in a re-ask.

Outcomes are types, `Accepted` and `Rejected`, and `Unusable` for an answer to a part; a cut or refused answer
is never taken as whole.
"""

from __future__ import annotations

from promptkit.output.alignment import LOSSY_RULES, Aligned, Candidate, align
from promptkit.output.confidence import with_confidence
from promptkit.output.events import FieldDelta, FieldDone, FieldEvent, FieldStarted
from promptkit.output.merging import Unusable, read_part
from promptkit.output.reading import Accepted, Outcome, Rejected, read
from promptkit.output.reask import reask_messages
from promptkit.output.streaming import AnswerReader
from promptkit.output.subquestions import Subquestion, subquestion
from promptkit.output.thoughts import without_thoughts

__all__ = [
    "LOSSY_RULES",
    "Accepted",
    "Aligned",
    "AnswerReader",
    "Candidate",
    "FieldDelta",
    "FieldDone",
    "FieldEvent",
    "FieldStarted",
    "Outcome",
    "Rejected",
    "Subquestion",
    "Unusable",
    "align",
    "read",
    "read_part",
    "reask_messages",
    "subquestion",
    "with_confidence",
    "without_thoughts",
]
