"""The command line: one module for each command, with what they share beside them.

typer and rich are an extra and are loaded inside main, so that importing this room costs nothing.
"""

from __future__ import annotations

from promptkit.cli.entry import main

__all__ = ["main"]
