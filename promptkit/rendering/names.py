"""The names that a text reads while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2.runtime import Context

from promptkit.rendering.run import Run

__all__ = ["Names"]


class Names(Context):
    """The names of one text under way, as Jinja's own class but for what all texts share.

    Attributes:
        run: The render that it belongs to; None in files that are imported or included, which ask `CURRENT`.
    """

    run: Run | None = None
    blocks: dict[str, Any] = {}  # noqa: RUF012 - templates have none, so nothing writes here
    globals_keys: set[str] = set()  # noqa: RUF012

    def __init__(
        self,
        environment: Any,
        parent: dict[str, Any],
        name: str | None,
        blocks: Mapping[str, Any],  # noqa: ARG002 - templates have none
        globals: Any = None,  # noqa: A002 - Jinja's word
    ) -> None:
        self.parent = parent
        self.vars = {}
        self.environment = environment
        self.eval_ctx = environment.settings
        self.exported_vars = set()
        self.name = name
        if globals:
            self.globals_keys = set(globals)
