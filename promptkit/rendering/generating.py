"""The Python code of templates: Jinja's, without the calls that what is printed here does not need."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

from promptkit.rendering.roles import PIECE, SECTION, TRACED_VALUE

__all__ = ["Generator"]

_PRINTED = frozenset({PIECE, SECTION, TRACED_VALUE})


class Generator(CodeGenerator):
    """Writes ``finalize(x)`` for what is printed, not ``str(finalize(x))``: `printed` gives text each time.

    What promptkit's own filters print is text already. Jinja's generator for native types overrides the same two
    methods.
    """

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:  # noqa: ARG002
        if not _is_text(node):
            self.write(finalize.src)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:  # noqa: ARG002
        if not _is_text(node):
            self.write(")")


def _is_text(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Filter) and node.name in _PRINTED
