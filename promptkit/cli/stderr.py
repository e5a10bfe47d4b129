"""Standard error: what people are told beside a command's output."""

from __future__ import annotations

import sys

from promptkit.cli.escapes import visible

__all__ = ["say"]


def say(message: str, end: str = "\n") -> None:
    """Write text that may hold a model's or a stranger's; what a terminal would act on is escaped."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    try:
        sys.stderr.write(visible(message, encoding) + end)
        sys.stderr.flush()
    except BrokenPipeError:
        return  # nobody is there to be told
