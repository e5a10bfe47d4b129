"""Runs the command line as ``python -m promptkit.cli``."""

from __future__ import annotations

import sys

from promptkit.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
