"""The syntax tree as Jinja parsed it, turned into one that runs under promptkit's rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from jinja2 import nodes
from jinja2.environment import Environment
from jinja2.visitor import NodeTransformer

from promptkit.rendering.faults import Place
from promptkit.rendering.filters import HAND_ON
from promptkit.rendering.roles import (
    COMPARED,
    CONCAT,
    LOOP,
    PIECE,
    SECTION,
    SHOWN,
    WEIGHED,
    internal,
    role_of,
    section_key,
)
from promptkit.rendering.sections import Changing, Section
from promptkit.rendering.walking import children
from promptkit.spelling import did_you_mean

__all__ = ["SECTION_NAMES", "Inliner", "Kind", "Link", "Rewriter"]

SECTION_NAMES = frozenset({"clarity", "constraints", "context", "output_format"})


class Kind(Enum):
    """Where a text is used.

    Members:
        TOP: As the body, or included outside role blocks: it holds role blocks.
        TEXT: Inside a role block, or as a file of macros: it holds text.
        SECTION: In a section: text that cannot print sections itself.
    """

    TOP = "top"
    TEXT = "text"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Link:
    """One include or import.

    Attributes:
        key: The key of the other text.
        with_context: True when it sees the names of this one.
        names: The names that are imported one by one.
        lineno: The line of the include or import.
    """

    key: str
    with_context: bool
    names: tuple[str, ...]
    lineno: int


class Rewriter(NodeTransformer):
    """Rewrites one tree.

    Sections become calls of an internal filter, ``~`` becomes one that prints as ``{{ }}`` does, what a loop
    runs over is counted, and names of included files become keys of parts that are compiled already.

    Args:
        env: The environment, for the names of filters and tests.
        place: Where the text stands.
        kind: Where it is used.
        sections: Keys of the sections.
        include: Gives the key for an included file's name, the kind of place and a line number.
    """

    def __init__(
        self,
        env: Environment,
        *,
        place: Place,
        kind: Kind,
        sections: frozenset[str],
        include: Callable[[str, Kind, int], str],
    ) -> None:
        self.links: list[Link] = []
        self._env = env
        self._place = place
        self._kind = kind
        self._sections = sections
        self._include = include
        self._depth = 0
        self._visitors: dict[type[nodes.Node], Callable[..., nodes.Node | list[nodes.Node]]] = {
            nodes.AssignBlock: self._assign_block,
            nodes.Block: self._refuse_inheritance,
            nodes.CallBlock: self._inside,
            nodes.Compare: self._compare,
            nodes.Concat: self._concat,
            nodes.Dict: self._literal,
            nodes.EvalContextModifier: self._refuse_autoescape,
            nodes.Extends: self._refuse_inheritance,
            nodes.Filter: self._filter,
            nodes.FilterBlock: self._filter_block,
            nodes.For: self._for,
            nodes.FromImport: self._import,
            nodes.Getattr: self._getattr,
            nodes.Getitem: self._getattr,
            nodes.Import: self._import,
            nodes.List: self._literal,
            nodes.Include: self._visit_include,
            nodes.Macro: self._inside,
            nodes.Name: self._name,
            nodes.ScopedEvalContextModifier: self._refuse_autoescape,
            nodes.Test: self._test,
            nodes.Tuple: self._literal,
        }

    def rewrite(self, tree: nodes.Template) -> nodes.Template:
        """The tree, changed in place.

        Raises:
            TemplateError: For what templates may not hold.
        """
        self.visit(tree)
        return tree

    def get_visitor(self, node: nodes.Node) -> Any:
        """Jinja's hook: the method for this type of node."""
        return self._visitors.get(type(node))

    def _inside(self, node: nodes.Node) -> nodes.Node:
        self._depth += 1
        node = self.generic_visit(node)
        self._depth -= 1
        return node

    def _name(self, node: nodes.Name) -> nodes.Node:
        # The standard layout is the one body with sections of its own; elsewhere their names are free.
        own = self._kind is Kind.TOP and node.name in self._sections
        if node.name not in SECTION_NAMES and not own:
            return node
        if node.ctx != "load":
            problem = f"{node.name} is a reserved name; call the variable something else"
            raise self._place.error(problem, node.lineno, word=node.name)
        return self._section(node.name, node.lineno)

    def _getattr(self, node: nodes.Getattr | nodes.Getitem) -> nodes.Node:
        if not (isinstance(node.node, nodes.Name) and node.node.name == "context"):
            self.generic_visit(node)
            slices = isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
            return internal(WEIGHED, node, node.lineno) if slices else node
        if isinstance(node, nodes.Getattr):
            name = node.attr
        elif isinstance(node.arg, nodes.Const):
            name = str(node.arg.value)
        else:
            raise self._place.error("a context block is named by a word: write context.ID", node.lineno)
        key = f"context.{name}"
        if key not in self._sections:
            blocks = sorted(key.removeprefix("context.") for key in self._sections if "." in key)
            has = f"the blocks are {', '.join(blocks)}" if blocks else "the prompt declares no context"
            problem = f"there is no context block {name}{did_you_mean(name, blocks)}; {has}"
            raise self._place.error(problem, node.lineno, rule="undefined-name", word=name)
        return self._section(key, node.lineno)

    def _section(self, key: str, lineno: int) -> nodes.Expr:
        if self._kind is Kind.SECTION:
            problem = f"{key} is a section, which another section cannot print"
            raise self._place.error(problem, lineno, word=key)
        return internal(SECTION, nodes.Const(key, lineno=lineno), lineno)

    def _literal(self, node: nodes.List | nodes.Tuple | nodes.Dict) -> nodes.Node:
        """What a template puts together is counted, since values put into themselves double each time."""
        self.generic_visit(node)
        stored = isinstance(node, nodes.Tuple) and node.ctx != "load"
        if stored or all(isinstance(item, nodes.Const) for item in _leaves(node)):
            return node
        return internal(WEIGHED, node, node.lineno)

    def _compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = _counted(node.expr)
        for operand in node.ops:
            operand.expr = _counted(operand.expr)
        return node

    def _assign_block(self, node: nodes.AssignBlock) -> nodes.Node | list[nodes.Node]:
        """The text first and its filters behind it: Jinja finds no names in the arguments of filters of a block."""
        self._inside(node)
        filtered, target = node.filter, node.target
        node.filter = nodes.Filter(None, WEIGHED, [], [], None, None, lineno=node.lineno)
        if filtered is None:
            return node
        innermost = filtered
        while isinstance(innermost.node, nodes.Filter):
            innermost = innermost.node
        innermost.node = _loaded(target)
        return [node, nodes.Assign(target, filtered, lineno=node.lineno)]

    def _filter_block(self, node: nodes.FilterBlock) -> nodes.Node:
        """What a filter makes of a block is printed by a filter of ours, since nothing else looks at it."""
        self._inside(node)
        if role_of(node) is None:
            node.filter = nodes.Filter(node.filter, SHOWN, [], [], None, None, lineno=node.lineno)
        return node

    def _concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        own = tuple(at for at, part in enumerate(node.nodes) if _is_said(part))
        joining = internal(CONCAT, nodes.List(node.nodes, lineno=node.lineno), node.lineno)
        joining.args.append(nodes.Const(own, lineno=node.lineno))
        return joining

    def _for(self, node: nodes.For) -> nodes.Node:
        if node.recursive:
            problem = "a loop cannot be recursive here; write a macro that calls itself"
            raise self._place.error(problem, node.lineno, word="recursive")
        self.generic_visit(node)
        node.iter = internal(LOOP, cast("nodes.Expr", node.iter), node.lineno)
        return node

    def _visit_include(self, node: nodes.Include) -> nodes.Node:
        if node.ignore_missing:
            problem = "`ignore missing` would hide a mistake; name a file that exists"
            raise self._place.error(problem, node.lineno, word="ignore")
        kind = Kind.TOP if self._kind is Kind.TOP and not self._depth else self._below()
        node.template = self._linked(node, kind)
        # Jinja 3.1 sends the text of an include without context past the block that it stands in. That the
        # file reads no names is checked instead.
        node.with_context = True
        return node

    def _import(self, node: nodes.Import | nodes.FromImport) -> nodes.Node:
        node.template = self._linked(node, self._below())
        return node

    def _below(self) -> Kind:
        return Kind.SECTION if self._kind is Kind.SECTION else Kind.TEXT

    def _linked(self, node: nodes.Include | nodes.Import | nodes.FromImport, kind: Kind) -> nodes.Expr:
        template, lineno = node.template, node.lineno
        if not isinstance(template, nodes.Const) or not isinstance(template.value, str):
            problem = 'the file must be named in the template itself, as in "fragments/tone"'
            raise self._place.error(problem, lineno, word=getattr(template, "name", ""))
        key = self._include(template.value, kind, lineno)
        imported = node.names if isinstance(node, nodes.FromImport) else []
        names = tuple(name if isinstance(name, str) else name[0] for name in imported)
        self.links.append(Link(key, node.with_context, names, lineno))
        return nodes.Const(key, lineno=lineno)

    def _filter(self, node: nodes.Filter) -> nodes.Node:
        self._known(node.name, self._env.filters, "filter", node.lineno)
        at = HAND_ON.get(node.name)
        word = node.args[at] if at is not None and len(node.args) > at else None
        if isinstance(word, nodes.Const) and isinstance(word.value, str):
            what = "filter" if node.name == "map" else "test"
            self._known(
                word.value, self._env.filters if what == "filter" else self._env.tests, what, node.lineno
            )
        return self.generic_visit(node)

    def _test(self, node: nodes.Test) -> nodes.Node:
        self._known(node.name, self._env.tests, "test", node.lineno)
        return self.generic_visit(node)

    def _known(self, name: str, known: Iterable[str], what: str, lineno: int) -> None:
        if name not in known:  # names with a blank are promptkit's own
            names = sorted(name for name in known if name.isidentifier())
            hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
            raise self._place.error(
                f"there is no {what} {name}{hint}", lineno, rule=f"unknown-{what}", word=name
            )

    def _refuse_inheritance(self, node: nodes.Node) -> nodes.Node:
        problem = "templates do not extend one another here; use include or macros"
        raise self._place.error(problem, node.lineno, word=type(node).__name__.lower())

    def _refuse_autoescape(self, node: nodes.Node) -> nodes.Node:
        problem = "a prompt is no HTML: autoescape would change the data"
        raise self._place.error(problem, node.lineno, word="autoescape")


def _is_said(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _loaded(target: nodes.Expr) -> nodes.Expr:
    """What a target holds."""
    if isinstance(target, nodes.NSRef):
        holder = nodes.Name(target.name, "load", lineno=target.lineno)
        return nodes.Getattr(holder, target.attr, "load", lineno=target.lineno)
    return nodes.Name(getattr(target, "name", ""), "load", lineno=target.lineno)


def _leaves(node: nodes.Node) -> Iterable[nodes.Node]:
    if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict | nodes.Pair):
        for child in children(node):
            yield from _leaves(child)
    else:
        yield node


def _counted(operand: nodes.Expr) -> nodes.Expr:
    return operand if isinstance(operand, nodes.Const) else internal(COMPARED, operand, operand.lineno)


class Inliner(NodeTransformer):
    """Puts sections into a text: what never changes as it is, the rest piece by piece.

    Args:
        sections: The sections by key.
        pieces: Where pieces that change are kept, by number.
        readable: Inputs that the text can read itself by their names.
    """

    def __init__(
        self, sections: Mapping[str, Section], pieces: list[Changing], readable: frozenset[str]
    ) -> None:
        self._sections = sections
        self._pieces = pieces
        self._readable = readable

    def get_visitor(self, node: nodes.Node) -> Any:
        """Jinja's hook: the method for this type of node."""
        if isinstance(node, nodes.Filter):
            return self._filter
        return self._output if isinstance(node, nodes.Output) else None

    def _section(self, node: nodes.Node) -> Section | None:
        key = section_key(node)
        return None if key is None else self._sections[key]

    def _filter(self, node: nodes.Filter) -> nodes.Node:
        section = self._section(node)
        if section is not None and section.constant is not None:
            return nodes.Const(section.constant, lineno=node.lineno)
        return self.generic_visit(node)

    def _output(self, node: nodes.Output) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for child in node.nodes:
            section = self._section(child)
            if section is None or section.constant is not None:
                found.append(self.visit(child))
            else:
                found += [self._piece(piece, child.lineno) for piece in section.pieces]
        made: list[nodes.Node] = []
        for is_text, group in itertools.groupby(found, key=lambda child: isinstance(child, nodes.Expr)):
            together = list(group)
            made += [nodes.Output(together, lineno=node.lineno)] if is_text else together
        return made

    def _piece(self, piece: str | Changing, lineno: int) -> nodes.Node:
        if isinstance(piece, str):
            return nodes.TemplateData(piece, lineno=lineno)
        if piece.name in self._readable:
            value = nodes.Name(piece.name, "load", lineno=lineno)
            if not piece.before:
                return value
            shown = nodes.Output([nodes.TemplateData(piece.before), value], lineno=lineno)
            return nodes.If(value, [shown], [], [], lineno=lineno)
        self._pieces.append(piece)
        return internal(PIECE, nodes.Const(len(self._pieces) - 1, lineno=lineno), lineno)
