"""Turns the text of a prompt file into a declaration: front matter with its lines, Picoschema, the sections.

Hands the Jinja body on as text; every fault is a TemplateError with line, column and the mend.
"""

from __future__ import annotations

from promptkit.authoring.files import (
    MOST_BYTES,
    SUFFIXES,
    decoded,
    read_content,
    read_file,
    read_text,
)
from promptkit.authoring.headers import Header, header_of, read_header
from promptkit.authoring.surroundings import Surroundings

__all__ = [
    "MOST_BYTES",
    "SUFFIXES",
    "Header",
    "Surroundings",
    "decoded",
    "header_of",
    "read_content",
    "read_file",
    "read_header",
    "read_text",
]
