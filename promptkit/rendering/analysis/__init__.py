"""The typed walk over a prompt's texts: every name, field, filter, loop and call against the inputs' schema.

Nothing is rendered: the walk reads the syntax trees that rendering compiles, and knows values by their kind only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jinja2 import nodes

from promptkit.constraints import parse
from promptkit.declarations import ContextBlock, Declaration
from promptkit.errors import TemplateError
from promptkit.messages import Role
from promptkit.rendering.analysis.kinds import ANY, Kind, kind_of_input
from promptkit.rendering.analysis.prints import FixedText, Print, check_prefix, check_trust
from promptkit.rendering.analysis.problems import Problem, Problems
from promptkit.rendering.analysis.statements import Statements
from promptkit.rendering.faults import Place
from promptkit.rendering.roles import EXAMPLES, HISTORY
from promptkit.rendering.texts import Texts
from promptkit.rendering.units import Unit
from promptkit.schemas import InputSchema

__all__ = ["Problem", "analyse"]

_FORMAT_SIZE = 150
"""Characters of a section on the output's format, by and large."""
_RULE_SIZE = 40
_EXAMPLE_SIZE = 200


def analyse(declaration: Declaration, *, inputs: InputSchema, texts: Texts) -> tuple[Problem, ...]:
    """What is wrong with the texts of a prompt, as far as its declaration tells.

    Args:
        declaration: The prompt as declared.
        inputs: The schema of its inputs.
        texts: Its texts, parsed.

    Raises:
        TemplateError: When an expression is nested too deeply.
    """
    try:
        return _Analysis(declaration, inputs, texts).problems()
    except RecursionError as error:
        raise TemplateError(
            "the template is nested too deeply; break it into macros or includes", file=declaration.place
        ) from error


class _Analysis:
    """One run over one prompt."""

    def __init__(self, declaration: Declaration, inputs: InputSchema, texts: Texts) -> None:
        typed = declaration.input.json_schema is None and not declaration.input.inferred
        self._declaration = declaration
        self._texts = texts
        self._kinds = {name: kind_of_input(item, typed=typed) for name, item in inputs.fields.items()}
        self._problems = Problems(Place(file=declaration.place, first=None))
        self._walker = Statements(texts.units, self._kinds, self._problems, self._section)

    def problems(self) -> tuple[Problem, ...]:
        body = self._texts.body
        if body is None:
            self._standard_layout()
        else:
            self._walker.walk(body)
            self._walker.walk_uncalled(body)
        check_trust(self._walker.prints, self._problems)
        check_prefix(self._walker.prints, self._problems)
        return tuple(self._problems.found)

    def _standard_layout(self) -> None:
        """The two messages of an empty body: instructions, then the data."""
        node = nodes.Const(None, lineno=1)
        blocks = self._declaration.context
        self._walker.role = "system" if self._kinds or any(block.source for block in blocks) else "user"
        for key in ("clarity", "constraints", "output_format", "context"):
            self._section(key, node)
        self._walker.role = None
        self._section(EXAMPLES, node)
        self._walker.role = "user"
        for block in blocks:
            if block.source is not None:
                self._section(f"context.{block.id}", node)
        self._walker.role = None

    def _section(self, key: str, node: nodes.Node) -> None:
        """Note what a section prints where it is printed."""
        declaration = self._declaration
        if key == EXAMPLES:
            self._fixed(None, _EXAMPLE_SIZE * len(declaration.examples))
        elif key == HISTORY:
            history = Kind(name="list", trusted=False, changes=True, path="history")
            self._walker.prints.append(Print("user", history, node, self._problems.place))
        elif key == "clarity":
            self._strings("clarity.")
        elif key == "constraints":
            self._strings("constraints[")
            silent = sum(rule.say is None for rule in declaration.constraints)
            self._fixed(self._walker.role, _RULE_SIZE * silent)
        elif key == "output_format":
            self._fixed(self._walker.role, _FORMAT_SIZE if declaration.output.kind == "json" else 0)
        else:
            self._context(key, node)

    def _context(self, key: str, node: nodes.Node) -> None:
        for block in self._declaration.context:
            if key == f"context.{block.id}" and block.source is not None:
                self._walker.shown(_source_kind(block, self._kinds), node, fenced=True)
            elif block.source is None and key in ("context", f"context.{block.id}"):
                self._strings(f"context.{block.id}", whole=True)

    def _strings(self, key: str, *, whole: bool = False) -> None:
        for name, text in self._texts.strings.items():
            if name == key if whole else name.startswith(key):
                self._text(text)

    def _text(self, text: Unit | str) -> None:
        if isinstance(text, str):
            self._fixed(self._walker.role, len(text))
        else:
            self._walker.walk(text)

    def _fixed(self, role: Role | None, size: int) -> None:
        self._walker.prints.append(FixedText(role, size))


def _source_kind(block: ContextBlock, kinds: Mapping[str, Kind]) -> Kind:
    """The kind of what a block with a source shows."""
    root, *rest = parse(block.source or "").steps
    kind, nullable = kinds.get(str(root), ANY), False
    for step in rest:
        nullable = nullable or kind.nullable
        kind = (kind.member(step) or ANY) if isinstance(step, str) else kind.item
    return replace(kind, nullable=nullable or kind.nullable)
