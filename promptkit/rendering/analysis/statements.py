"""Statements: a prompt's texts walked in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias, cast

from jinja2 import nodes

from promptkit.messages import Role
from promptkit.rendering.analysis.calls import (
    CALLER,
    Arguments,
    Macro,
    MacroCall,
    arguments_of,
    bound,
    macro_fault,
)
from promptkit.rendering.analysis.expressions import Expressions
from promptkit.rendering.analysis.gaps import gap_beside
from promptkit.rendering.analysis.kinds import ANY, TEXT, Kind, made_of, said
from promptkit.rendering.analysis.prints import FixedText, Print
from promptkit.rendering.analysis.problems import Problems
from promptkit.rendering.analysis.scopes import FILLED, Scope, merged
from promptkit.rendering.roles import EXAMPLES, HISTORY, SECTION, role_of
from promptkit.rendering.units import Unit, Units, unknown_name
from promptkit.rendering.walking import below

__all__ = ["Sections", "Statements"]

Sections: TypeAlias = Callable[[str, nodes.Node], None]
_Sink: TypeAlias = list[FixedText | Print]
_DEEPEST = 8
"""How deep macros that call one another are followed."""
_MOST_CALLS = 500
"""How many calls with different arguments are followed: those of macros that call themselves multiply."""
_MOST_TEXTS = 500
"""How many texts are walked in all: files that include the next one twice double at each step."""
_LOOPABLE = frozenset({"any", "list", "none", "object", "function"})


class Statements:
    """Walks the texts of one prompt.

    Args:
        units: The texts.
        inputs: The kind of each input.
        problems: Where problems go.
        section: Called where a section is printed, with its key.

    Attributes:
        prints: What is printed, in order.
        role: The message that is being written; None outside of messages.
    """

    def __init__(
        self, units: Units, inputs: Mapping[str, Kind], problems: Problems, section: Sections
    ) -> None:
        self._units = units
        self._inputs = dict(inputs)
        self._problems = problems
        self._section = section
        self._expressions = Expressions(
            problems, unknown=self._unknown, call=self._macro_called, section=self._section_read
        )
        self._stored = frozenset(name for unit in units.by_key.values() for name in unit.stored)
        self._seen: frozenset[str] = frozenset()
        self._depth = 0
        self._walked = 0
        self._merges = 0
        self._modules: dict[str, dict[str, Kind]] = {}
        self._called: set[int] = set()
        self._blocks: dict[int, nodes.Macro] = {}
        self._calls: dict[tuple[Any, ...], Kind] = {}
        self.prints: _Sink = []
        self.role: Role | None = None
        self._visitors: dict[type[nodes.Node], Callable[[Any, Scope], None]] = {
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.CallBlock: self._call_block,
            nodes.ExprStmt: self._statement,
            nodes.FilterBlock: self._filter_block,
            nodes.For: self._for,
            nodes.FromImport: self._from_import,
            nodes.If: self._if,
            nodes.Import: self._import,
            nodes.Include: self._include,
            nodes.Macro: self._macro,
            nodes.Output: self._output,
            nodes.With: self._with,
        }

    def walk(self, unit: Unit, scope: Scope | None = None) -> Scope:
        """Walk a text; by default it sees the inputs."""
        scope = Scope(dict(self._inputs)) if scope is None else scope
        self._walked += 1
        if self._walked > _MOST_TEXTS:
            return scope
        with self._at(unit, scope):
            self._body(unit.tree.body, scope)
        return scope

    def walk_uncalled(self, unit: Unit) -> None:
        """Walk the macros of a text that nothing called, for any arguments."""
        for node in below(unit.tree, nodes.Macro):
            self._walk_uncalled(Macro(node, unit, Scope({**self._inputs, **_macros(unit)})))

    def _walk_uncalled(self, target: Macro) -> Kind:
        """The kind of what a macro prints that nothing has called so far, with any arguments."""
        node = target.node
        if id(node) in self._called:
            return TEXT
        arguments = Arguments(tuple(ANY for _ in node.args), open=True)
        reads = any(name.name == CALLER for name in below(node, nodes.Name))
        caller = Kind(name="function", target=TEXT) if reads else None
        return self._macro_called(MacroCall(target=target, arguments=arguments, node=node, caller=caller))

    @contextmanager
    def _at(self, unit: Unit, scope: Scope) -> Generator[None]:
        place, seen = self._problems.place, self._seen
        self._problems.place, self._seen = unit.place, frozenset(scope.names)
        yield
        self._problems.place, self._seen = place, seen

    @contextmanager
    def _captured(self) -> Generator[_Sink]:
        """What is printed goes into the list, and into no message."""
        prints, self.prints = self.prints, []
        yield self.prints
        self.prints = prints

    def _unknown(self, node: nodes.Name, *, asked: bool) -> Kind:
        """A name that no way to this place sets; one that only some ways set is found when the prompt runs."""
        name = node.name
        if name not in self._stored:
            message = unknown_name(name, self._inputs, self._seen)
            self._problems.add("undefined-name", message, node, name)
        elif not asked:
            message = (
                f"{name} has no value here: it is set later, or inside a block that has ended, such as a loop or a "
                "message; set it before and outside of that"
            )
            self._problems.add("unset-name", message, node, name)
        return ANY

    def _body(self, body: Iterable[nodes.Node], scope: Scope) -> None:
        for node in body:
            visitor = self._visitors.get(type(node))
            if visitor is not None:
                visitor(node, scope)
            else:
                self._expressions.kind(node, scope)

    def _output(self, node: nodes.Output, scope: Scope) -> None:
        for at, child in enumerate(node.nodes):
            if isinstance(child, nodes.TemplateData):
                self.prints.append(FixedText(self.role, len(child.data.strip())))
            elif isinstance(child, nodes.Filter) and child.name == SECTION:
                self._print_section(node, at, child, scope)
            else:
                self._print(node, at, self._expressions.kind(child, scope), _is_fenced(child))

    def _print_section(self, node: nodes.Output, at: int, child: nodes.Filter, scope: Scope) -> None:
        before = len(self.prints)
        key: Any = child.node
        self._section(str(key.value), child)
        shown = [item for item in self.prints[before:] if isinstance(item, Print)]
        if len(shown) == 1 and shown[0].node is child:
            self._gap(node, at, scope.settled(shown[0].kind))

    def _print(self, node: nodes.Output, at: int, kind: Kind, fenced: bool) -> None:
        child = node.nodes[at]
        if kind.name in ("macro", "function", "module"):
            what = f"{kind.path} is " if kind.path else "this is "
            message = f"{what}{said(kind)} and no value; call it with ( )"
            self._problems.add("operand-type", message, child)
        self.shown(kind, child, fenced=fenced)
        self._gap(node, at, kind)

    def _gap(self, node: nodes.Output, at: int, kind: Kind) -> None:
        beside = gap_beside(node.nodes, at) if kind.nullable and kind.path else None
        if beside is not None:
            message = (
                f"{kind.path} may be None and prints nothing then, which leaves a gap in {beside!r}; put the line "
                f"into {{% if {kind.path} %}} or give a default"
            )
            word = kind.path.rpartition(".")[2].removesuffix("[]")
            self._problems.add("printed-optional", message, node.nodes[at], word)

    def shown(self, kind: Kind, node: nodes.Node, *, fenced: bool) -> None:
        """Note that a value is printed here."""
        self.prints.append(Print(self.role, kind, node, self._problems.place, fenced or kind.fenced))

    def _section_read(self, key: str, node: nodes.Node) -> Kind:
        """The kind of a section's text that is not printed as it is."""
        with self._captured() as printed:
            self._section(key, node)
        return self._printed(printed)

    def _printed(self, printed: _Sink) -> Kind:
        """The kind of a text that these were printed into."""
        values = [item for item in printed if isinstance(item, Print)]
        kinds = [replace(item.kind, fenced=item.fenced and not item.kind.trusted) for item in values]
        made = made_of(TEXT, *kinds, keeps=True)
        changing = next((kind for kind in kinds if kind.changes), None)
        return replace(made, path=changing.path) if made.trusted and changing is not None else made

    def _statement(self, node: nodes.ExprStmt, scope: Scope) -> None:
        name = node.node.name if isinstance(node.node, nodes.Filter) else ""
        if name == EXAMPLES:
            self._section(EXAMPLES, node)
        elif name == HISTORY:
            self._section(HISTORY, node)
        else:
            self._expressions.kind(node.node, scope)

    def _if(self, node: nodes.If, scope: Scope) -> None:
        ways: list[tuple[Scope, nodes.Expr | None]] = []
        rest = scope
        first = cast("nodes.Expr", node.test)
        for branch in (node, *node.elif_):
            test = cast("nodes.Expr", branch.test)
            inner, false = self._expressions.facts(test, rest)
            self._body(branch.body, inner)
            ways.append((inner, first if branch is node else None))
            rest = rest.inner(false, nodes.Not(test))
        self._body(node.else_, rest)
        ways.append((rest, None if node.elif_ else nodes.Not(first)))
        self._merges += 1
        merged(scope, ways, self._merges)

    def _for(self, node: nodes.For, scope: Scope) -> None:
        kind = self._expressions.kind(node.iter, scope)
        if kind.name not in _LOOPABLE:
            what = kind.path or "this"
            hint = "; write it itself, or split it: x.split(',')" if kind.name == "text" else ""
            message = f"{what} is {said(kind)} and no list to loop over{hint}"
            self._problems.add("loop-over-scalar", message, node, kind.path.rpartition(".")[2])
        inner = scope.inner(frozenset({kind.key, f"{kind.key}{FILLED}"}) if kind.key else frozenset())
        inner.set("loop", Kind(name="loop"))
        self._merges += 1
        item = kind.item.called(f"{kind.path}[] {self._merges}") if kind.name == "list" else kind.loose()
        _bind(node.target, item, inner)
        if node.test is not None:
            inner = self._expressions.facts(cast("nodes.Expr", node.test), inner)[0]
        self._body(node.body, inner)
        self._body(node.else_, scope.inner())

    def _assign(self, node: nodes.Assign, scope: Scope) -> None:
        if isinstance(node.target, nodes.NSRef):
            self._expressions.namespace(node.target, scope)
        _bind(node.target, self._expressions.kind(node.node, scope), scope)

    def _assign_block(self, node: nodes.AssignBlock, scope: Scope) -> None:
        with self._captured() as printed:
            self._body(node.body, scope.inner())
        if isinstance(node.target, nodes.NSRef):
            self._expressions.namespace(node.target, scope)
        _bind(node.target, self._printed(printed), scope)

    def _with(self, node: nodes.With, scope: Scope) -> None:
        inner = scope.inner()
        for target, value in zip(node.targets, node.values, strict=True):
            _bind(target, self._expressions.kind(value, scope), inner)
        self._body(node.body, inner)

    def _filter_block(self, node: nodes.FilterBlock, scope: Scope) -> None:
        role = role_of(node)
        if role is not None:
            self.role = role
            self._body(node.body, scope.inner())
            self.role = None
            return
        with self._captured() as printed:
            self._body(node.body, scope.inner())
        outermost = node.filter.node  # inside of promptkit's own, which prints what they make
        self.shown(
            self._chained(self._printed(printed), outermost, scope), node, fenced=_is_fenced(outermost)
        )

    def _chained(self, operand: Kind, node: nodes.Node | None, scope: Scope) -> Kind:
        """What the filters of a block make of its text, the innermost first."""
        if not isinstance(node, nodes.Filter):
            return operand
        return self._expressions.filtered(self._chained(operand, node.node, scope), node, scope)

    def _macro(self, node: nodes.Macro, scope: Scope) -> None:
        scope.set(node.name, Kind(name="macro", target=Macro(node, self._here(), scope)))

    def _here(self) -> Unit:
        place = self._problems.place
        return next(unit for unit in self._units.by_key.values() if unit.place is place)

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> None:
        """A call with a block, which the macro calls like a macro of its own."""
        block = nodes.Macro(CALLER, node.args, node.defaults, node.body, lineno=node.lineno)
        target = Macro(self._blocks.setdefault(id(node), block), self._here(), scope)
        callee = self._expressions.kind(node.call.node, scope)
        if callee.name == "macro":
            call = MacroCall(
                target=callee.target,
                arguments=arguments_of(node.call, lambda part: self._expressions.kind(part, scope)),
                node=node.call,
                caller=Kind(name="macro", target=target),
                certain=scope.certain,
            )
            self.shown(self._macro_called(call), node, fenced=False)
        else:
            self.shown(self._expressions.kind(node.call, scope), node, fenced=False)
        self.shown(self._walk_uncalled(target), node, fenced=False)

    def _macro_called(self, call: MacroCall) -> Kind:
        """The kind of what a macro prints; its body is walked for these arguments."""
        fault = macro_fault(call)
        if fault is not None:
            self._problems.add("macro-arguments", fault, call.node, call.target.node.name)
        macro = call.target
        self._called.add(id(macro.node))
        key = self._key(call)
        unread = made_of(TEXT, *call.arguments.kinds)
        if key in self._calls or self._depth >= _DEEPEST or len(self._calls) >= _MOST_CALLS:
            return self._calls.get(key, unread)
        self._calls[key] = unread
        scope: Scope = macro.scope.inner(call.certain)
        self._depth += 1
        with self._at(macro.home, scope), self._captured() as printed:
            made = bound(call, lambda node: self._expressions.kind(node, scope))
            made[CALLER] = call.caller or Kind(name="function", target=TEXT)
            for name, kind in made.items():
                scope.set(name, kind)
            if call.caller is None:
                scope.unsure[CALLER] = None
            self._body(macro.node.body, scope)
        self._depth -= 1
        self._calls[key] = self._printed(printed)
        return self._calls[key]

    def _key(self, call: MacroCall) -> tuple[Any, ...]:
        """What decides on what a call prints; a block is read anew, since what it sees may be another each time."""
        if call.caller is not None or call.target.node.name == CALLER:
            return (len(self._calls),)
        given = [
            (kind.name, kind.nullable, kind.path, kind.trusted, kind.fenced) for kind in call.arguments.kinds
        ]
        return (id(call.target.node), tuple(given), tuple(call.arguments.by_name), call.certain)

    def _include(self, node: nodes.Include, scope: Scope) -> None:
        self.walk(self._linked(node), scope.inner())

    def _import(self, node: nodes.Import, scope: Scope) -> None:
        scope.set(node.target, Kind(name="module", target=self._module(node, scope)))

    def _from_import(self, node: nodes.FromImport, scope: Scope) -> None:
        module = self._module(node, scope)
        for item in node.names:
            name, alias = (item, item) if isinstance(item, str) else item
            scope.set(alias, module.get(name, ANY))

    def _module(self, node: nodes.Import | nodes.FromImport, scope: Scope) -> dict[str, Kind]:
        unit = self._linked(node)
        if not node.with_context and unit.key in self._modules:
            return self._modules[unit.key]
        with self._captured():
            made = self.walk(unit, scope.inner() if node.with_context else Scope())
        if not node.with_context:
            self._modules[unit.key] = made.names
        return made.names

    def _linked(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> Unit:
        key: Any = node.template
        return self._units.by_key[key.value]


def _bind(target: nodes.Node, kind: Kind, scope: Scope) -> None:
    """Give a name its kind; of several names all may be anything."""
    if isinstance(target, nodes.Name):
        scope.set(target.name, kind)
    elif isinstance(target, nodes.NSRef):
        holder = scope.names.get(target.name, ANY)
        if holder.name == "namespace":
            holder.target.setdefault(target.attr, []).append(kind)
    else:
        for name in below(target, nodes.Name):
            scope.set(name.name, kind.loose())


def _is_fenced(node: nodes.Node | None) -> bool:
    return isinstance(node, nodes.Filter) and node.name == "fence"


def _macros(unit: Unit) -> dict[str, Kind]:
    return dict.fromkeys(unit.stored, ANY)
