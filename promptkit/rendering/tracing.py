"""Rendering that remembers where each character comes from: marks on texts, put there by the template's own code."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from promptkit.messages import TextPart
from promptkit.rendering.faults import Place
from promptkit.rendering.printing import printed
from promptkit.rendering.roles import SECTION, TRACED_TEXT, TRACED_VALUE, internal
from promptkit.rendering.run import Run
from promptkit.rendering.spans import Marks, marked, own_text
from promptkit.requests import Origin, SourceMap, SourceRange

__all__ = ["Tracer", "source_map", "traced"]

_ELSEWHERE = Origin(kind="text")


def traced(value: Any, origin: Origin) -> str:
    """What a value prints, with its origin; parts of it that have one keep it, and learn of the section they are in."""
    text = printed(value)
    known: Marks = getattr(text, "marks", None) or ((len(text), None),)
    return marked(text, tuple((length, _within(each, origin)) for length, each in known))


def _within(inner: Origin | None, outer: Origin) -> Origin:
    if inner is None:
        return outer
    return inner if inner.section or not outer.section else replace(inner, section=outer.section)


class Tracer(NodeTransformer):
    """Rewrites one tree so that what it prints is marked.

    Args:
        traces: Where marked texts and origins are kept, by number.
        place: Where the text stands.
        name: What the template's own text is called; empty for a body or a file.
    """

    def __init__(self, traces: list[Any], place: Place, name: str = "") -> None:
        self._traces = traces
        self._place = place
        self._name = name

    def get_visitor(self, node: nodes.Node) -> Any:
        """Jinja's hook: the method for this type of node."""
        return self._output if isinstance(node, nodes.Output) else None

    def _output(self, node: nodes.Output) -> nodes.Node:
        node.nodes = [self._marked(self.generic_visit(child)) for child in node.nodes]
        return node

    def _marked(self, node: Any) -> nodes.Expr:
        if isinstance(node, nodes.TemplateData):
            at = self._place.line(node.lineno)
            origin = Origin(kind="text", name=self._name, file=self._place.file, line=at)
            self._traces.append(own_text(node.data, origin))
            return internal(TRACED_TEXT, self._index(node.lineno), node.lineno)
        self._traces.append(self._origin(node))
        traced_value = internal(TRACED_VALUE, node, node.lineno)
        traced_value.args.append(self._index(node.lineno))
        return traced_value

    def _index(self, lineno: int) -> nodes.Const:
        return nodes.Const(len(self._traces) - 1, lineno=lineno)

    def _origin(self, node: nodes.Expr) -> Origin:
        at = self._place.line(node.lineno)
        if isinstance(node, nodes.Filter) and node.name == SECTION and isinstance(node.node, nodes.Const):
            key = str(node.node.value)
            return Origin(kind="section", section=key, file=self._place.file, line=at)
        name = _expression(node) or ", ".join(dict.fromkeys(_names(node)))
        return Origin(kind="value", name=name, file=self._place.file, line=at)


def _names(node: nodes.Node) -> Iterable[str]:
    found = [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name)
    return (name.name for name in found if name.ctx == "load")


def _expression(node: nodes.Node) -> str:
    """A name with its attributes as it is written; empty for anything else."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        owner = _expression(node.node)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def source_map(run: Run, examples: Iterable[Any]) -> SourceMap:
    """The map of what a traced run emitted.

    Args:
        run: The run, its messages whole.
        examples: The turns of the examples, as the same objects that were emitted.
    """
    shown = {id(turn): f"examples[{index // 2}]" for index, turn in enumerate(examples)}
    ranges: list[SourceRange] = []
    for number, message in enumerate(run.messages):
        for at, part in enumerate(message.parts):
            if not isinstance(part, TextPart):
                continue
            turn = (
                Origin(kind="example", name=shown[id(message)])
                if id(message) in shown
                else Origin(kind="history", name="history")
            )
            found = run.marks.get((number, at), ((len(part.text), turn),))
            ranges.extend(_ranges(number, at, part.text, found))
    return SourceMap(ranges=tuple(ranges))


def _ranges(message: int, part: int, text: str, marks: Marks) -> Iterable[SourceRange]:
    """Marks as ranges, neighbours of one origin together."""
    start = 0
    for origin, group in itertools.groupby(marks, key=lambda mark: mark[1]):
        end = start + sum(length for length, _ in group)
        if start < end:
            found = _ELSEWHERE if origin is None else origin
            yield SourceRange(
                message=message, part=part, start=start, end=end, text=text[start:end], origin=found
            )
        start = end
