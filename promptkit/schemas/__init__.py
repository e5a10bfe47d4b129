"""Schemas of inputs and outputs: one JSON Schema and one strict validator for each, whatever declared it.

A check has two outcomes, `Valid` or `Invalid`; nothing is coerced and nothing is silently left out.
"""

from __future__ import annotations

from promptkit.schemas.agreement import differences, schema_of, with_limits
from promptkit.schemas.description import describe
from promptkit.schemas.findings import MAX_INPUT_CHARS
from promptkit.schemas.generation.choices import Choices
from promptkit.schemas.generation.generate import Generated, Generator, Refused, generate
from promptkit.schemas.generation.making import NOTHING, Suggest
from promptkit.schemas.generation.shrinking import shrink
from promptkit.schemas.inputs import InputField, InputKind, InputSchema, Trust
from promptkit.schemas.outcomes import Invalid, Problem, Valid
from promptkit.schemas.outputs import OutputSchema
from promptkit.schemas.places import path_text

__all__ = [
    "MAX_INPUT_CHARS",
    "NOTHING",
    "Choices",
    "Generated",
    "Generator",
    "InputField",
    "InputKind",
    "InputSchema",
    "Invalid",
    "OutputSchema",
    "Problem",
    "Refused",
    "Suggest",
    "Trust",
    "Valid",
    "describe",
    "differences",
    "generate",
    "path_text",
    "schema_of",
    "shrink",
    "with_limits",
]
