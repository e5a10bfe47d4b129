"""Rendering that remembers where each character comes from: marks on texts, put there by the template's own code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from promptkit.rendering.faults import Place
from promptkit.rendering.printing import printed
from promptkit.rendering.roles import PIECE, TRACED_TEXT, TRACED_VALUE, internal, role_of, section_key
from promptkit.rendering.sections import Changing, Section
from promptkit.rendering.spans import Noted, Span, joined, marked, own_text
from promptkit.rendering.walking import children
from promptkit.requests import Origin
from promptkit.schemas.json_types import is_list, is_object

__all__ = ["Tracer", "named", "root_of", "said", "traced"]


def traced(value: Any, origin: Origin, *, whole: bool = False) -> str:
    """What a value prints, with its origin.

    Args:
        value: The value.
        origin: The expression, and where it stands.
        whole: Whether all of it is that expression; else parts that have an origin keep it, and learn of the place
            or of the section that they are in.
    """
    text = printed(value)
    known = None if whole or type(text) is not Noted else text.marks
    if known is None:
        return marked(text, ((len(text), origin),))
    return marked(text, tuple([(length, _within(each, origin)) for length, each in known]))


def said(texts: Sequence[str], origin: Origin) -> Span:
    """Texts of a section that never change as one, marked as `traced` does; blanks at its edges are the template's."""
    text = joined(texts)
    noted = text if isinstance(text, Span) else own_text(text, origin)
    known = noted.marks or ((len(text), None),)
    return marked(noted, tuple((length, _within(each, origin)) for length, each in known))


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with every text in them marked by its path, which it keeps on its way through a template."""
    return {name: _named(value, name) for name, value in values.items()}


def _named(value: Any, path: str) -> Any:
    if type(value) is str:
        origin = Origin.of({"kind": "value", "name": path, "section": "", "file": None, "line": None})
        return marked(value, ((len(value), origin),))
    if is_object(value):
        return {key: _named(item, f"{path}.{key}") for key, item in value.items()}
    if is_list(value):
        return [_named(item, f"{path}[{at}]") for at, item in enumerate(value)]
    return value


def _within(inner: Origin | None, outer: Origin) -> Origin:
    if inner is None:
        return outer
    if inner.file is None:  # the text of an input, which learns here where it is printed
        if inner.name == outer.name:
            return outer
        return Origin.of({**outer.__dict__, "kind": "value", "name": inner.name})
    if inner.section or not outer.section:
        return inner
    return Origin.of({**inner.__dict__, "section": outer.section})


class Kept(Protocol):
    """What the environment keeps for traced texts: marked texts and origins, sections, and what changes in them."""

    traces: list[Any]
    sections: dict[str, Section]
    pieces: list[Changing]


class Tracer(NodeTransformer):
    """Rewrites one tree so that what it prints is marked.

    Args:
        kept: The environment.
        place: Where the text stands.
        name: What the template's own text is called; empty for a body or a file.
        inputs: Names that stand for inputs wherever they are read.

    Attributes:
        detours: True when something else than sections and paths of inputs is printed, so that texts of inputs
            have to say themselves where they come from.
    """

    def __init__(
        self, kept: Kept, place: Place, name: str = "", inputs: frozenset[str] = frozenset()
    ) -> None:
        self._kept = kept
        self._place = place
        self._name = name
        self._inputs = inputs
        self.detours = False

    def get_visitor(self, node: nodes.Node) -> Any:
        """Jinja's hook: the method for this type of node."""
        if isinstance(node, nodes.Output):
            return self._output
        return self._filter_block if isinstance(node, nodes.FilterBlock) else None

    def _filter_block(self, node: nodes.FilterBlock) -> nodes.Node:
        if role_of(node) is None:
            names = ", ".join(dict.fromkeys(path for child in node.body for path in _paths(child)))
            shown = node.filter  # the rewriting put it around the template's own filters
            shown.node = self._value(
                cast("nodes.Expr", shown.node), self._origin_at(node, names), whole=False
            )
        return self.generic_visit(node)

    def _output(self, node: nodes.Output) -> nodes.Node:
        made: list[nodes.Expr] = []
        for child in node.nodes:
            key = section_key(child)
            made += [self._marked(self.generic_visit(child))] if key is None else self._pieces(child, key)
        node.nodes = made
        return node

    def _pieces(self, node: nodes.Expr, key: str) -> Iterator[nodes.Expr]:
        """What prints a section: its texts, marked once and for all, and piece by piece what changes."""
        at = self._place.line(node.lineno)
        origin = Origin(kind="section", section=key, file=self._place.file, line=at)
        texts: list[str] = []
        for piece in (*self._kept.sections[key].pieces, None):
            if isinstance(piece, str):
                texts.append(piece)
                continue
            if texts:
                self._kept.traces.append(said(texts, origin))
                yield internal(TRACED_TEXT, self._index(node.lineno), node.lineno)
                texts = []
            if piece is not None:
                self._kept.pieces.append(piece)
                number = nodes.Const(len(self._kept.pieces) - 1, lineno=node.lineno)
                yield self._value(internal(PIECE, number, node.lineno), origin, whole=False)

    def _marked(self, node: Any) -> nodes.Expr:
        if isinstance(node, nodes.TemplateData):
            at = self._place.line(node.lineno)
            origin = Origin(kind="text", name=self._name, file=self._place.file, line=at)
            self._kept.traces.append(own_text(node.data, origin))
            return internal(TRACED_TEXT, self._index(node.lineno), node.lineno)
        origin = self._origin(node)
        root = root_of(node)
        return self._value(node, origin, whole=root is not None and root in self._inputs)

    def _value(self, node: nodes.Expr, origin: Origin, *, whole: bool) -> nodes.Filter:
        self.detours = self.detours or not (whole or origin.kind == "section")
        self._kept.traces.append(origin)
        made = internal(TRACED_VALUE, node, node.lineno)
        made.args += [self._index(node.lineno), nodes.Const(whole, lineno=node.lineno)]
        return made

    def _index(self, lineno: int) -> nodes.Const:
        return nodes.Const(len(self._kept.traces) - 1, lineno=lineno)

    def _origin(self, node: nodes.Expr) -> Origin:
        return self._origin_at(node, ", ".join(dict.fromkeys(_paths(node))))

    def _origin_at(self, node: nodes.Node, name: str) -> Origin:
        return Origin(kind="value", name=name, file=self._place.file, line=self._place.line(node.lineno))


def _paths(node: nodes.Node) -> Iterator[str]:
    """The values that an expression or a statement reads, as they are written; a macro that it calls is none."""
    path = _path(node)
    if path:
        yield path
        return
    for child in children(node):
        if isinstance(node, nodes.Call) and child is node.node:
            yield from _paths(child.node) if isinstance(child, nodes.Getattr) else ()
        else:
            yield from _paths(child)


def _path(node: nodes.Node) -> str:
    """A name that is read, with what stands behind its dots and in its brackets; empty for anything else."""
    if isinstance(node, nodes.Name):
        return node.name if node.ctx == "load" else ""
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return ""
    owner = _path(node.node)
    if not owner:
        return ""
    if isinstance(node, nodes.Getattr):
        return f"{owner}.{node.attr}"
    key: Any = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return f"{owner}.{key}" if isinstance(key, str) else f"{owner}[{key}]" if isinstance(key, int) else ""


def root_of(node: nodes.Node) -> str | None:
    """The name at the beginning of a path; None for anything else."""
    if not _path(node):
        return None
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None
