"""Calls: the arguments of filters, tests and macros, and whether a macro takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from promptkit.rendering.analysis.kinds import ANY, Kind, list_of, made_of
from promptkit.rendering.walking import below
from promptkit.spelling import did_you_mean

__all__ = ["CALLER", "Arguments", "Macro", "MacroCall", "arguments_of", "bound", "macro_fault"]

CALLER = "caller"
"""What a macro calls the text of the block that it is called with."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments by place and by name.

    Attributes:
        placed: Those by place.
        by_name: Those by name.
        star: A ``*list`` and ``**object`` that add more.
        open: True when there may be more.
    """

    placed: tuple[Kind, ...] = ()
    by_name: Mapping[str, Kind] = field(default_factory=dict[str, Kind])
    star: tuple[Kind, ...] = ()
    open: bool = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All of them."""
        return (*self.placed, *self.by_name.values(), *self.star)

    @property
    def first(self) -> Kind | None:
        """The first by place."""
        return self.placed[0] if self.placed else None

    def named(self, key: str) -> Kind | None:
        """The one of a name, or of a place where the name is a number."""
        if key.isdigit():
            return self.placed[int(key)] if int(key) < len(self.placed) else None
        return self.by_name.get(key)


@dataclass(frozen=True, slots=True, eq=False)
class Macro:
    """A macro.

    Attributes:
        node: Its definition.
        home: The text that it stands in.
        scope: What it sees besides its parameters.
    """

    node: nodes.Macro
    home: Any
    scope: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroCall:
    """One call of a macro.

    Attributes:
        target: The macro.
        arguments: What it is given.
        node: The call.
        caller: The block that it is called with, as a macro; None where there is none.
        certain: Keys of what is certain where it is called.
    """

    target: Macro
    arguments: Arguments
    node: nodes.Node
    caller: Kind | None = None
    certain: frozenset[str] = frozenset()


def arguments_of(
    node: nodes.Call | nodes.Filter | nodes.Test, kind: Callable[[nodes.Node], Kind]
) -> Arguments:
    """The arguments of a call, each looked at once."""
    star = tuple(kind(part) for part in (node.dyn_args, node.dyn_kwargs) if part is not None)
    placed = tuple(kind(part) for part in node.args)
    by_name: dict[str, Kind] = {}
    for item in node.kwargs:
        pair: Any = item
        by_name[pair.key] = kind(pair.value)
    return Arguments(placed, by_name, star, bool(star))


def macro_fault(call: MacroCall) -> str | None:
    """What is wrong with the arguments of a call; None when the macro takes them."""
    macro, given = call.target.node, call.arguments
    names = [parameter.name for parameter in macro.args]
    reads = {found.name for found in below(macro, nodes.Name)}
    if call.caller is not None and CALLER not in reads:
        return f"the macro {macro.name} is called with a block, and prints no {{{{ caller() }}}}"
    takes = f"it takes ({', '.join(names)})"
    if len(given.placed) > len(names) and "varargs" not in reads:
        return f"the macro {macro.name} is given {len(given.placed)} arguments; {takes}"
    for name in given.by_name:
        if name not in names and "kwargs" not in reads:
            return f"the macro {macro.name} has no parameter {name}{did_you_mean(name, names)}; {takes}"
        if name in names[: len(given.placed)]:
            return f"the macro {macro.name} is given {name} twice; {takes}"
    if given.open:
        return None
    required = names[: len(names) - len(macro.defaults)]
    missing = [name for name in required[len(given.placed) :] if name not in given.by_name]
    if missing:
        return f"the macro {macro.name} is called without {', '.join(missing)}; {takes}"
    return None


def bound(call: MacroCall, default: Callable[[nodes.Node], Kind]) -> dict[str, Kind]:
    """The kind of each parameter in a call, and of what is given beyond them."""
    macro, given = call.target.node, call.arguments
    names = [parameter.name for parameter in macro.args]
    rest = made_of(ANY, *given.kinds, keeps=True)
    made = {"varargs": list_of(rest), "kwargs": rest}
    made |= dict.fromkeys(names, made_of(ANY, *given.star, keeps=True))
    for name, node in zip(names[len(names) - len(macro.defaults) :], macro.defaults, strict=True):
        made[name] = default(node)
    made.update(zip(names, given.placed, strict=False))
    made.update({name: kind for name, kind in given.by_name.items() if name in names})
    return made
