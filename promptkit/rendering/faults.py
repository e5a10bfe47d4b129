"""Jinja's errors as ours: where in the prompt's own files, and what was wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

import jinja2
from jinja2.exceptions import TemplateSyntaxError

from promptkit.errors import TemplateError
from promptkit.passages import Passage
from promptkit.spelling import did_you_mean

__all__ = ["COMPILE_FAULTS", "RUN_FAULTS", "Place", "compile_fault", "run_fault"]

RUN_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AssertionError,  # Jinja checks the arguments of some filters so
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,  # RecursionError among them
    TypeError,
    ValueError,
)
"""What an expression in a template can raise while it runs. Errors of promptkit itself are none of these."""

COMPILE_FAULTS = (jinja2.TemplateError, MemoryError, OverflowError, RecursionError, SyntaxError, ValueError)
"""What parsing and compiling can raise; SyntaxError comes from Python, for blocks nested too deeply."""

_INNERMOST = re.compile(r"innermost block that needs to be closed is '([\w ]+)'")
_EXPECTED = re.compile(r"expected token (.+), got (.+)")
_BRACKET = re.compile(r"unexpected ('.'), expected ('.')")
_UNKNOWN_TAG = re.compile(r"unknown tag '(\w+)'")
_EXPRESSION = re.compile(r"\{[{%][-+]?\s*(?P<inner>[^\s}%](?:(?!\}\}|%\}).)*)")
_TAGS = [
    "system",
    "user",
    "assistant",
    "examples",
    "history",
    "endsystem",
    "enduser",
    "endassistant",
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "include",
    "import",
    "from",
    "with",
    "endwith",
    "raw",
    "endraw",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a template's text stands.

    Attributes:
        file: The file, or the prompt's name.
        first: Line of the file at which the text begins; None when not known.
        fixed: True when the text's own lines cannot be told apart in the file, as in a YAML value.
        what: What the text is, for example ``clarity.role``; empty for a file or body.
        height: How many lines of the file the text may take up.
        indent: How many blanks of the file stand before each line of the text.
        text: The text, for the columns of what has none.
    """

    file: str | None
    first: int | None = 1
    fixed: bool = False
    what: str = ""
    height: int = 1
    indent: int = 0
    text: str = field(default="", repr=False, compare=False)

    def error(
        self,
        problem: str,
        lineno: int | None = None,
        *,
        column: int | None = None,
        rule: str = "template",
        word: str = "",
    ) -> TemplateError:
        """A TemplateError at line ``lineno`` of this text, where ``word`` breaks a rule of ``promptkit check``."""
        line = self.first if lineno is None else self.line(lineno)
        told = f"{self.what}: {problem}" if self.what else problem
        if column is None and lineno is not None and word:
            found = Passage([self._line_of_text(lineno)], 1).find(word)
            column = found[1] if found else None
        at = None if column is None or self.fixed or line is None else column + self.indent
        return TemplateError(told, file=self.file, line=line, column=at, rule=rule, word=word)

    def only_expression(self, lineno: int) -> int | None:
        """The column of what can fail on a line of this text; None where that is not one thing alone."""
        # A name by itself prints, and no more.
        starts = [
            match.start("inner") + 1
            for match in _EXPRESSION.finditer(self._line_of_text(lineno))
            if not match["inner"].rstrip(" -+").isidentifier()
        ]
        return starts[0] if len(starts) == 1 else None

    def _line_of_text(self, lineno: int) -> str:
        lines = self.text.split("\n")
        return lines[lineno - 1] if 0 < lineno <= len(lines) else ""

    def line(self, lineno: int) -> int | None:
        """The line of the file where line ``lineno`` of this text stands; None where it is not known."""
        return self.first if self.first is None or self.fixed else self.first + lineno - 1


def compile_fault(error: BaseException, place: Place, *, column: int | None = None) -> TemplateError:
    """The error of a text that cannot be parsed or compiled.

    Args:
        error: What Jinja or Python raised.
        place: Where the text stands.
        column: Where in its line it stops being Jinja, as far as that is known.
    """
    if isinstance(error, TemplateSyntaxError):
        return place.error(_syntax(error.message or "this is no valid Jinja"), error.lineno, column=column)
    if isinstance(error, RecursionError | MemoryError | SyntaxError):
        return place.error("the template is nested too deeply; break it into macros or includes")
    return place.error(f"the template cannot be compiled: {error}")


def _syntax(message: str) -> str:
    """Jinja's complaint with the mend in it."""
    tag, inner = _UNKNOWN_TAG.search(message), _INNERMOST.search(message)
    if tag is not None and tag[1] not in _TAGS and (guess := did_you_mean(tag[1], _TAGS)):
        return f"unknown tag {tag[1]}{guess}"
    if inner is not None:
        block = inner[1].removeprefix("emit ")
        mend = f"the block {{% {block} %}} is still open; close it with {{% end{block} %}}"
        return f"{{% {tag[1]} %}} stands here, but {mend} first" if tag is not None else f"{mend}"
    if tag is not None:
        guess = did_you_mean(tag[1], [name for name in _TAGS if name != tag[1]])
        closes = tag[1].startswith("end") and tag[1] in _TAGS
        return (
            f"{{% {tag[1]} %}} closes a block that is not open" if closes else f"unknown tag {tag[1]}{guess}"
        )
    return _in_expression(message)


def _in_expression(message: str) -> str:
    if message.startswith(("unexpected char '\"'", 'unexpected char "\'"')):
        return "a text in quotes begins here and does not end; close it with the same quote"
    if message.startswith("unexpected char"):
        return f"{message.partition(' at ')[0]}, which means nothing in an expression; put text in quotes"
    bracket = _BRACKET.match(message)
    if bracket is not None:
        return f"a bracket is still open here and got {bracket[1]}; close it with {bracket[2]}"
    if message.startswith("unexpected '}'"):
        return "an expression ends in one brace; write {{ name }} with two on each side"
    if "end of print statement" in message and ("end of template" in message or message.endswith("got '{'")):
        return "an expression is not closed; write {{ name }} with two braces on each side"
    expected = _EXPECTED.fullmatch(message.rstrip("."))
    if expected is not None:
        return (
            f"Jinja expected token {expected[1]} here and got {expected[2]}; look at the brackets, quotes, commas and "
            f"filters of this expression"
        )
    return message.rstrip(".")


def run_fault(error: BaseException, places: Mapping[str, Place]) -> TemplateError:
    """The error of a template that failed while it ran, at the innermost template line."""
    place, lineno = Place(file=None, first=None), None
    for template, line in _template_lines(error.__traceback__):
        if template.name is not None and template.name in places:
            place, lineno = places[template.name], template.get_corresponding_lineno(line)
    column = None if lineno is None else place.only_expression(lineno)
    return place.error(_problem(error), lineno, column=column)


def _problem(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return (
            "macros call one another without end, or a value is nested too deeply; give the recursion an end"
        )
    if isinstance(error, jinja2.TemplateError):
        return error.message or type(error).__name__
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; shorten the inputs"
    if isinstance(error, ZeroDivisionError):
        return "division by zero; ask {% if %} first"
    return f"the expression fails: {error} ({type(error).__name__})"


def _template_lines(trace: TracebackType | None) -> Iterable[tuple[jinja2.Template, int]]:
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template):
            yield template, trace.tb_lineno
        trace = trace.tb_next
