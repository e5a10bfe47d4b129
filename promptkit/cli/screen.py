"""Screen: what a command shows; laid out by rich, plain when it is piped, quiet when the reader has left."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from promptkit.cli.escapes import json_line, visible

__all__ = ["Screen"]

_WIDEST = 100
"""Columns; longer lines are hard to read, and it is the width of what is piped."""


class Screen:
    """Standard output of a command.

    Attributes:
        terminal: True when a person sits before it.
        gone: True when the reader has closed the pipe; further text goes nowhere.
    """

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.gone = False
        self._encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        columns = shutil.get_terminal_size((_WIDEST, 24)).columns if self.terminal else _WIDEST
        self._width = max(40, min(columns, _WIDEST))

    def show(self, *parts: RenderableType) -> None:
        """Print renderables, one below the other; no colours and no trailing blanks when piped."""
        buffer = io.StringIO()
        console = Console(
            file=buffer,
            force_terminal=self.terminal,
            width=self._width,
            color_system="auto" if self.terminal else None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        for part in parts:
            console.print(part)
        text = buffer.getvalue()
        if not self.terminal:
            text = "\n".join(line.rstrip() for line in text.split("\n"))
        self._write(text.encode(self._encoding, "backslashreplace").decode(self._encoding))

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print rows below their titles, the last column wrapped."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for number, title in enumerate(titles):
            last = number == len(titles) - 1
            table.add_column(title, overflow="fold", no_wrap=not last, ratio=1 if last else None)
        for row in rows:
            table.add_row(*(Text(visible(cell, self._encoding)) for cell in row))
        self.show(table)

    def heading(self, title: str, *, first: bool) -> None:
        """Print a title above what follows, with a blank line before all but the first."""
        if not first:
            self.text("")
        self.show(Text(visible(title, self._encoding), style="bold cyan"))

    def text(self, text: str, end: str = "\n") -> None:
        """Print text as it stands, unwrapped; what a terminal would act on is escaped."""
        self._write(visible(text, self._encoding) + end)

    def json(self, data: object) -> None:
        """Print data as one line of JSON."""
        self._write(json_line(data, self._encoding) + "\n")

    def _write(self, text: str) -> None:
        if self.gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has what it wants, as in `promptkit list | head -1`; the exit code stays.
            self.gone = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
