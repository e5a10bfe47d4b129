"""What may stand where: role blocks at the top, text inside them, nothing that breaks the sandbox's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from promptkit.rendering.faults import Place
from promptkit.rendering.rewriting import Kind
from promptkit.rendering.roles import EXAMPLES, HISTORY, ROLE_FILTERS, role_of
from promptkit.rendering.spans import BLANKS
from promptkit.rendering.walking import below, children

__all__ = ["check_inside", "check_top", "trim_edges"]

_SILENT = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.FromImport,
    nodes.Import,
    nodes.Include,
    nodes.Macro,
)
"""Statements that print nothing themselves. What an include prints is checked in its own file."""

_TAGS = {**{name: f"{{% {role} %}}" for name, role in ROLE_FILTERS.items()}} | {
    EXAMPLES: "{% examples %}",
    HISTORY: "{% history %}",
}


def check_top(body: list[nodes.Node], place: Place) -> None:
    """Check what stands outside role blocks, and drop the blank text there.

    Raises:
        TemplateError: When other text stands there, or a role block where it cannot.
    """
    body[:] = [node for node in body if not _is_blank(node, place)]
    for node in body:
        if isinstance(node, nodes.FilterBlock) and role_of(node) is not None:
            _no_roles(node.body, place, "role blocks cannot be nested")
        elif isinstance(node, nodes.If):
            check_top(node.body, place)
            for branch in node.elif_:
                check_top([branch], place)
            check_top(node.else_, place)
        elif isinstance(node, nodes.For):
            check_top(node.body, place)
            check_top(node.else_, place)
        elif isinstance(node, nodes.With):
            check_top(node.body, place)
        elif isinstance(node, nodes.Block | nodes.Extends):
            continue  # the rewriting says what is wrong with them
        elif isinstance(node, _SILENT):
            _no_roles(children(node), place, "role blocks cannot stand in a macro or a set block")
        elif not isinstance(node, nodes.ExprStmt):
            raise place.error(_outside("this prints text"), node.lineno)


def check_inside(tree: nodes.Template, place: Place, kind: Kind) -> None:
    """Check a text that is used inside a role block, a macro or a section: it can hold no role block.

    Raises:
        TemplateError: When it does.
    """
    where = "a section" if kind is Kind.SECTION else "a file that is used inside a role block or as macros"
    _no_roles([tree], place, f"{where} cannot hold role blocks")


def trim_edges(tree: nodes.Template) -> None:
    """Take the blanks off that begin or end a role block: no message keeps them, so no render need look for them."""
    for block in below(tree, nodes.FilterBlock):
        if role_of(block) is not None:
            _trim(block.body, first=True)
            _trim(block.body, first=False)


def _trim(body: list[nodes.Node], *, first: bool) -> None:
    at = 0 if first else -1
    while body and isinstance(output := body[at], nodes.Output):
        pieces = output.nodes
        while pieces and isinstance(piece := pieces[at], nodes.TemplateData):
            text = piece.data.lstrip(BLANKS) if first else piece.data.rstrip(BLANKS)
            if text:
                piece.lineno += piece.data[: len(piece.data) - len(text)].count("\n") if first else 0
                piece.data = text
                break
            del pieces[at]
        if pieces:
            break
        del body[at]


def _no_roles(found: Iterable[nodes.Node], place: Place, problem: str) -> None:
    for top in found:
        for node in _filters(top):
            if node.name in _TAGS:
                inner = _TAGS[node.name]
                word = inner.strip("{%} ")
                raise place.error(
                    f"{problem}, and {inner} stands inside; move it out", node.lineno, word=word
                )


def _filters(node: nodes.Node) -> Iterator[nodes.Filter]:
    if isinstance(node, nodes.Filter):
        yield node
    yield from below(node, nodes.Filter)


def _is_blank(node: nodes.Node, place: Place) -> bool:
    """True for blank text; other text outside a role block is an error at its own line."""
    if not isinstance(node, nodes.Output):
        return False
    for child in node.nodes:
        if not isinstance(child, nodes.TemplateData):
            raise place.error(_outside("{{ ... }} stands"), child.lineno)
        text = child.data.lstrip()
        if text:
            blank = child.data[: len(child.data) - len(text)]
            lineno, word = child.lineno + blank.count("\n"), text.splitlines()[0].rstrip()
            raise place.error(_outside(f"the text {_short(text)} stands"), lineno, word=word)
    return True


def _short(text: str) -> str:
    line = text.splitlines()[0].rstrip()
    return repr(line if len(line) <= 40 else f"{line[:37]}...")  # noqa: PLR2004 - about half a line


def _outside(what: str) -> str:
    return f"{what} outside a role block; put it between {{% user %}} and {{% enduser %}} or in another role"
