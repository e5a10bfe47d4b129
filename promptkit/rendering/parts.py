"""From syntax trees to code; what reads no input is run here, once, when a prompt is loaded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

import jinja2
from jinja2 import nodes

from promptkit.rendering.environment import Sandbox
from promptkit.rendering.faults import COMPILE_FAULTS, RUN_FAULTS, compile_fault, run_fault
from promptkit.rendering.rewriting import Inliner
from promptkit.rendering.roles import EXAMPLES, FIXED, PIECE, SECTION, internal, role_of
from promptkit.rendering.run import CURRENT, Run
from promptkit.rendering.spans import joined
from promptkit.rendering.template import run_part
from promptkit.rendering.units import Unit, Units, names_read
from promptkit.rendering.walking import below, live_in

__all__ = ["Parts", "exports_nothing"]

T = TypeVar("T")


class Parts:
    """The compiled texts of one prompt, in its environment.

    Args:
        env: The environment.
        units: The texts.
        kept: Whether code of earlier processes may be used; not for trees that hold more than their texts say.
    """

    def __init__(self, env: Sandbox, units: Units, *, kept: bool) -> None:
        self._env = env
        self._units = units
        self._uses_kept = kept
        self._inlined: tuple[str, ...] = ()
        self._before_examples: list[int] = []

    def compile(self, unit: Unit) -> None:
        """Compile a text and everything that it includes.

        Raises:
            TemplateError: When one of them cannot be compiled.
        """
        for each in self._units.within(unit):
            if each.key not in self._env.parts:
                self._env.parts[each.key] = self._part(each.tree, each)

    def inline(self, body: Unit, inputs: frozenset[str]) -> None:
        """Put the texts of sections into the body and what it includes.

        Args:
            body: The body.
            inputs: The names of the inputs.
        """
        readable, said = inputs - body.stored, [self._said(key) for key in self._env.sections]
        self._inlined = (*sorted(readable), *itertools.chain.from_iterable(said))
        for unit in self._units.within(body):
            seen = readable if unit is body else frozenset[str]()
            Inliner(self._env.sections, self._env.pieces, seen).visit(unit.tree)
            live_in(unit.tree, self._env)

    def _said(self, key: str) -> Iterator[str]:
        """All that a section puts into a tree."""
        yield from ("section", key)
        for piece in self._env.sections[key].pieces:
            if isinstance(piece, str):
                yield from ("text", piece)
            else:
                yield from ("changing", piece.before, piece.name or "")

    def fold(self, body: Unit) -> None:
        """Replace role blocks that read no input by the messages that they make."""
        for index, node in enumerate(body.tree.body):
            run = self._run_once(node, body, index) if isinstance(node, nodes.FilterBlock) else None
            if run is None:
                continue
            self._env.fixed.append(tuple(run.messages))
            self._env.fixed_marks.append(run.marks)
            call = internal(FIXED, nodes.Const(len(self._env.fixed) - 1), node.lineno)
            body.tree.body[index] = nodes.ExprStmt(call, lineno=node.lineno)
        for before, node in list(itertools.pairwise(body.tree.body)):
            fixed, examples = _statement(before), _statement(node)
            if (
                fixed is not None
                and fixed.name == FIXED
                and examples is not None
                and examples.name == EXAMPLES
            ):
                self._before_examples.append(len(self._env.fixed) - 1)
                body.tree.body.remove(node)
        live_in(body.tree, self._env)

    def _run_once(self, node: nodes.FilterBlock, body: Unit, index: int) -> Run | None:
        """What a role block emits that reads no input; None for one that does, and for what is no role block."""
        role, run, texts = role_of(node), Run({}), _texts_of(node.body)
        if role is None:
            return None
        if texts is not None:
            try:
                run.emit(role, joined(texts))
            except RUN_FAULTS as error:
                raise body.place.error(str(error), node.lineno) from error
            return run
        if not self._never_changes(node, body, index):
            return None
        self.now(run, self._part(self._alone(node), body, index))
        return run

    def show_examples(self) -> None:
        """Let the examples, which are rendered after all else, follow what never changes where they stand behind it."""
        for number in self._before_examples:
            self._env.fixed[number] += self._env.examples

    def now(self, run: Run, part: jinja2.Template) -> list[str]:
        """Run a part while the prompt is compiled."""
        token = CURRENT.set(run)
        try:
            return run_part(self._env, part, run.values)
        except RUN_FAULTS as error:
            raise run_fault(error, self._units.places) from error
        finally:
            CURRENT.reset(token)

    def _never_changes(self, node: nodes.Node, body: Unit, index: int) -> bool:
        if any(found.name in (PIECE, SECTION) for found in below(node, nodes.Filter)):
            return False
        # A block that includes or imports is left as it is: what it draws in may read inputs.
        if below(node, nodes.Include, nodes.Import, nodes.FromImport):
            return False
        alone = self._alone(node)
        return not self._kept("read", body, index, lambda: names_read(alone))

    def _alone(self, node: nodes.Node) -> nodes.Template:
        tree = nodes.Template([node], lineno=node.lineno)
        live_in(tree, self._env)
        return tree

    def _part(self, tree: nodes.Template, unit: Unit, index: int | None = None) -> jinja2.Template:
        """What runs a text, or of its role blocks one alone."""
        try:
            code = self._kept("code", unit, index, lambda: self._env.compile(tree, unit.key, unit.place.file))
            return jinja2.Template.from_code(self._env, code, self._env.globals)
        except COMPILE_FAULTS as error:
            raise compile_fault(error, unit.place) from error

    def _kept(self, what: str, unit: Unit, index: int | None, make: Callable[[], T]) -> T:
        if not self._uses_kept:
            return make()
        return self._units.bytecode.kept((what, str(index), *self._inlined, "", *unit.origin), make)


def exports_nothing(tree: nodes.Template) -> bool:
    """Whether a text leaves the names of its run as they are, so that others may read them there."""
    return not below(tree, nodes.Assign, nodes.AssignBlock, nodes.FromImport, nodes.Import, nodes.Macro)


def _texts_of(body: list[nodes.Node]) -> list[str] | None:
    """What a block of nothing but texts prints, so that it need not be compiled; None for another."""
    texts: list[str] = []
    for output in body:
        if not isinstance(output, nodes.Output):
            return None
        for piece in output.nodes:
            text: object = None
            if isinstance(piece, nodes.TemplateData | nodes.Const):
                text = piece.data if isinstance(piece, nodes.TemplateData) else piece.value
            if type(text) is not str:
                return None
            texts.append(text)
    return texts


def _statement(node: nodes.Node) -> nodes.Filter | None:
    """What stands for a tag without text, such as ``{% examples %}``."""
    call = node.node if isinstance(node, nodes.ExprStmt) else None
    return call if isinstance(call, nodes.Filter) else None
