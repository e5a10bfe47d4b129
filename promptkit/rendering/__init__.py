"""Rendering: body, sections and validated inputs become messages, by Jinja in a sandbox.

Roles are syntax and data is data: nothing is ever read back from rendered text.
"""

from __future__ import annotations

from promptkit.rendering.analysis import Problem, analyse
from promptkit.rendering.compiling import compile_template
from promptkit.rendering.template import Template
from promptkit.rendering.texts import Reading, read_prompt, undeclared_inputs
from promptkit.rendering.units import Source

__all__ = [
    "Problem",
    "Reading",
    "Source",
    "Template",
    "analyse",
    "compile_template",
    "read_prompt",
    "undeclared_inputs",
]
