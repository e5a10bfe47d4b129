"""The texts of one prompt, parsed and checked: its body, its sections and every file that they include."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jinja2 import TemplateSyntaxError, meta, nodes

from promptkit.declarations import RESERVED_NAMES
from promptkit.errors import TemplateError
from promptkit.rendering.bytecode import Bytecode
from promptkit.rendering.columns import column_of
from promptkit.rendering.environment import Sandbox
from promptkit.rendering.faults import COMPILE_FAULTS, Place, compile_fault
from promptkit.rendering.rewriting import Kind, Link, Rewriter
from promptkit.rendering.structure import check_inside, check_top
from promptkit.rendering.walking import below, children, live_in
from promptkit.spelling import did_you_mean

__all__ = ["Source", "Unit", "Units", "names_read", "unknown_name"]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file of a library.

    Attributes:
        text: Its text.
        file: Its path, for messages.
        line: Line of the file at which the text begins.
    """

    text: str
    file: str | None = None
    line: int = 1


@dataclass(slots=True)
class Unit:
    """One text as a syntax tree.

    Attributes:
        key: The name under which it is compiled.
        place: Where it stands.
        tree: Its syntax tree, rewritten.
        free: Names that it reads from outside; not those that it sets, on some way at least, before it
            reads them.
        stored: Names that it sets, for example loop variables; files that it includes see them.
        links: The files that it includes or imports.
        origin: Everything that decides on its tree.
    """

    key: str
    place: Place
    tree: nodes.Template
    free: frozenset[str]
    stored: frozenset[str]
    links: tuple[Link, ...]
    origin: tuple[str, ...]

    @property
    def fences(self) -> bool:
        """True when this text itself uses the filter ``fence``."""
        return any(node.name == "fence" for node in below(self.tree, nodes.Filter))


@dataclass(slots=True)
class Units:
    """All texts of one prompt.

    Attributes:
        env: The environment that parses them.
        load: Gives included files by name.
        sections: Keys of the sections that may be printed, ``context.ID`` among them.
        bytecode: What earlier processes worked out for these texts.
        by_key: Every text so far.
    """

    env: Sandbox
    load: Callable[[str], Source]
    sections: frozenset[str]
    bytecode: Bytecode
    by_key: dict[str, Unit] = field(default_factory=dict[str, Unit])
    _free: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    _first: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])

    @property
    def places(self) -> Mapping[str, Place]:
        """Where each text stands, by key."""
        return {key: unit.place for key, unit in self.by_key.items()}

    def add(self, key: str, text: str, place: Place, kind: Kind, chain: tuple[str, ...] = ()) -> Unit:
        """Parse, check and rewrite a text, and whatever it includes.

        Args:
            key: The name under which it will be compiled.
            text: The Jinja text.
            place: Where it stands.
            kind: Where it is used, which decides what it may hold.
            chain: The files on the way here, to find loops.

        Raises:
            TemplateError: When the text or a file that it includes is faulty.
        """
        try:
            tree = self.env.parse(text, key, place.file)
        except TemplateSyntaxError as error:
            column = column_of(self.env, text, error.lineno)
            raise compile_fault(error, place, column=column) from error
        except COMPILE_FAULTS as error:
            raise compile_fault(error, place) from error
        try:
            if kind is Kind.TOP:
                check_top(tree.body, place)
            else:
                check_inside(tree, place, kind)
            stored = frozenset(_stored(tree))

            def include(name: str, kind: Kind, lineno: int) -> str:
                return self.include(name, kind, place.error("", lineno), chain)

            rewriter = Rewriter(self.env, place=place, kind=kind, sections=self.sections, include=include)
            tree = rewriter.rewrite(tree)
            live_in(tree, self.env)
            origin = self._origin(key, text, place, kind, rewriter.links)
            read = self.bytecode.kept(("read", *origin), lambda: names_read(tree))
            free = frozenset(read) - _set_first(tree)
        except COMPILE_FAULTS as error:
            raise compile_fault(error, place) from error
        unit = Unit(key, place, tree, free, stored, tuple(rewriter.links), origin)
        self.by_key[key] = unit
        return unit

    def _origin(
        self, key: str, text: str, place: Place, kind: Kind, links: Iterable[Link]
    ) -> tuple[str, ...]:
        known = (*sorted(self.sections), "", *sorted(self.env.globals))
        return (key, kind.value, place.file or "", text, *known, "", *(link.key for link in links))

    def include(self, name: str, kind: Kind, at: TemplateError, chain: tuple[str, ...]) -> str:
        """The key of an included file, parsed on its first use in this kind of place.

        Args:
            name: The file, as the template names it.
            kind: Where it is used.
            at: An error at the place of the include, for its file and line.
            chain: The files on the way here.

        Raises:
            TemplateError: When there is no such file, when it is faulty, or when the way leads back to it.
        """
        try:
            source = self.load(name)
        except TemplateError as error:
            raise TemplateError(
                error.problem, file=at.file, line=at.line, rule="include", word=name
            ) from error
        identity = source.file or name
        if identity in chain:
            way = " -> ".join([*chain[chain.index(identity) :], identity])
            problem = f"files include one another in a loop: {way}"
            raise TemplateError(problem, file=at.file, line=at.line, rule="include", word=name)
        key = f"{kind.value} {identity}"
        if key not in self.by_key:
            place = Place(file=identity, first=source.line, text=source.text)
            self.add(key, source.text, place, kind, (*chain, identity))
        return key

    def free(self, unit: Unit) -> frozenset[str]:
        """Names that a text and what it includes read from outside."""
        known = self._free.get(unit.key)
        if known is not None:
            return known
        names = set(unit.free)
        for link in unit.links:
            if link.with_context:
                names |= self.free(self.by_key[link.key]) - unit.stored
        return self._free.setdefault(unit.key, frozenset(names))

    def within(self, unit: Unit) -> Iterator[Unit]:
        """A text and everything that it includes or imports, each once however many ways lead to it."""
        seen = {unit.key}
        found = [unit]
        while found:
            each = found.pop()
            yield each
            keys = [key for key in dict.fromkeys(link.key for link in each.links) if key not in seen]
            seen.update(keys)
            found.extend(self.by_key[key] for key in reversed(keys))

    def in_order(self, unit: Unit) -> Mapping[str, int]:
        """Free names in the order of their first use, each with its line; an included file's at the include."""
        known = self._first.get(unit.key)
        if known is not None:
            return known
        free, first = self.free(unit), dict[str, int]()
        for node in _in_order(unit.tree):
            if isinstance(node, nodes.Name) and node.name in free:
                first.setdefault(node.name, node.lineno)
            elif isinstance(node, nodes.Include):
                key = node.template.value if isinstance(node.template, nodes.Const) else ""
                for name in self.in_order(self.by_key[key]):
                    if name in free:
                        first.setdefault(name, node.lineno)
        return self._first.setdefault(unit.key, first)

    def check_names(self, unit: Unit, inputs: frozenset[str]) -> None:
        """Every name that is read must be an input or set by the template.

        Raises:
            TemplateError: For the first name that is neither, with the nearest input.
        """
        self._check_names(unit, inputs, inputs, set())

    def _check_names(
        self, unit: Unit, inputs: frozenset[str], visible: frozenset[str], sound: set[str]
    ) -> None:
        # What was found sound by one way is so by every way on which its free names are seen.
        if unit.key in sound and self.free(unit) <= visible:
            return
        unknown = unit.free - visible
        if unknown:
            names = (node for node in _in_order(unit.tree) if isinstance(node, nodes.Name))
            node = next(node for node in names if node.name in unknown)
            problem = unknown_name(node.name, inputs, visible)
            raise unit.place.error(problem, node.lineno, rule="undefined-name", word=node.name)
        for link in unit.links:
            for name in link.names:
                stored = self.by_key[link.key].stored
                if name not in stored:
                    problem = f"the imported file sets no name {name}{did_you_mean(name, stored)}"
                    raise unit.place.error(problem, link.lineno, rule="undefined-name", word=name)
            seen = visible | unit.stored if link.with_context else frozenset[str]()
            self._check_names(self.by_key[link.key], inputs, seen, sound)
        sound.add(unit.key)


def unknown_name(name: str, inputs: Iterable[str], visible: frozenset[str]) -> str:
    """What is wrong with a name that is neither an input nor set by the template."""
    inputs = sorted(inputs)
    if name in inputs and name not in visible:
        return (
            f"{name} is an input, which a file imported without context does not see; "
            f"pass it to the macro, or import the file `with context`"
        )
    if name in RESERVED_NAMES:
        return f"{name} is a reserved name and nothing that can be printed here"
    declared = f"the inputs are {', '.join(inputs)}" if inputs else "the prompt declares no inputs"
    return f"{name} is no input of this prompt{did_you_mean(name, inputs)}; {declared}"


def names_read(tree: nodes.Template) -> set[str]:
    """Names that a text reads from outside, globals left out; the environment of the tree must be set.

    Jinja finds them by writing the whole program. A text that sets no name has no scopes to look at.
    """
    if any(_stored(tree)):
        return meta.find_undeclared_variables(tree)
    names = {node.name for node in below(tree, nodes.Name)}
    return names - (tree.environment.globals.keys() if tree.environment else set())


def _stored(tree: nodes.Template) -> Iterator[str]:
    for node in below(tree, nodes.Name, nodes.Macro, nodes.Import, nodes.FromImport):
        yield from _set_by(node)


def _set_by(node: nodes.Node) -> Iterator[str]:
    """The names that a node itself sets."""
    if (isinstance(node, nodes.Name) and node.ctx != "load") or isinstance(node, nodes.Macro):
        yield node.name
    elif isinstance(node, nodes.Import):
        yield node.target
    elif isinstance(node, nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in node.names)


def _in_order(node: nodes.Node) -> Iterator[nodes.Node]:
    """Every node in the order in which it is run: what is assigned before what it is assigned to."""
    yield node
    if isinstance(node, nodes.Assign | nodes.For):
        value = node.iter if isinstance(node, nodes.For) else node.node
        yield from _in_order(value)
        rest = [child for child in children(node) if child is not value]
    else:
        rest = children(node)
    for child in rest:
        yield from _in_order(child)


def _set_first(tree: nodes.Template) -> frozenset[str]:
    """Names that the text sets before it reads them: they may be unset on another way, but are no inputs."""
    first: dict[str, bool] = {}
    for node in _in_order(tree):
        for name in _set_by(node):
            first.setdefault(name, True)
        if isinstance(node, nodes.Name):
            first.setdefault(node.name, False)
    return frozenset(name for name, sets in first.items() if sets)
