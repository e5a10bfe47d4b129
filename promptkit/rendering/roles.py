"""Role blocks as syntax: the tags ``system``, ``user``, ``assistant``, ``examples`` and ``history``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from jinja2 import nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser

from promptkit.messages import Role
from promptkit.rendering.names import Names
from promptkit.rendering.run import CURRENT

__all__ = [
    "COMPARED",
    "CONCAT",
    "EMITTERS",
    "EXAMPLES",
    "FIXED",
    "HISTORY",
    "LOOP",
    "PIECE",
    "ROLE_FILTERS",
    "SECTION",
    "SHOWN",
    "TRACED_TEXT",
    "TRACED_VALUE",
    "WEIGHED",
    "RoleBlocks",
    "internal",
    "role_of",
    "section_key",
]

_ROLES: tuple[Role, ...] = ("system", "user", "assistant")

# Names of filters that no template can write, since a name in Jinja holds no blank.
ROLE_FILTERS: Mapping[str, Role] = MappingProxyType({f"emit {role}": role for role in _ROLES})
"""A role block is a filter block over one of these: its text goes to the sink, nothing comes back."""
EXAMPLES = "emit examples"
HISTORY = "emit history"
FIXED = "emit fixed"
PIECE = "print piece"
SECTION = "print section"
LOOP = "count turns"
CONCAT = "join texts"
WEIGHED = "count items"
SHOWN = "show as a value"
COMPARED = "count compared"
TRACED_TEXT = "trace text"
TRACED_VALUE = "trace value"


class RoleBlocks(Extension):
    """Parses the five tags."""

    tags = {*_ROLES, "examples", "history"}  # noqa: RUF012 - the name and type that Jinja asks for

    def parse(self, parser: Parser) -> nodes.Node:
        """A role block becomes a filter block, the two others a statement."""
        token = next(parser.stream)
        tag: str = token.value
        if tag in _ROLES:
            emitter = nodes.Filter(None, f"emit {tag}", [], [], None, None, lineno=token.lineno)
            body = parser.parse_statements((f"name:end{tag}",), drop_needle=True)
            return nodes.FilterBlock(body, emitter, lineno=token.lineno)
        return nodes.ExprStmt(internal(f"emit {tag}", nodes.Const(None), token.lineno), lineno=token.lineno)


def internal(name: str, operand: nodes.Expr, lineno: int) -> nodes.Filter:
    """A call of one of promptkit's own filters on an operand."""
    return nodes.Filter(operand, name, [], [], None, None, lineno=lineno)


def role_of(node: nodes.Node) -> Role | None:
    """The role of a role block; None for every other node."""
    return ROLE_FILTERS.get(node.filter.name) if isinstance(node, nodes.FilterBlock) else None


def section_key(node: nodes.Node) -> str | None:
    """The key of a section that is printed; None for every other node."""
    if isinstance(node, nodes.Filter) and node.name == SECTION and isinstance(node.node, nodes.Const):
        return str(node.node.value)
    return None


def _emitter(role: Role) -> Callable[..., str]:
    # With the context as an argument Jinja never works the filter out while it compiles.
    @pass_context
    def emit(context: Names, body: str) -> str:
        (context.run or CURRENT.get()).emit(role, body)
        return ""

    return emit


EMITTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {name: _emitter(role) for name, role in ROLE_FILTERS.items()}
)
