"""Columns: where in its line a text stops being Jinja, which Jinja's own errors do not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2.environment import Environment
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import TOKEN_COMMENT_BEGIN, TOKEN_RAW_BEGIN, TOKEN_RAW_END, ignored_tokens
from jinja2.parser import Parser

__all__ = ["column_of"]

_PASSED_OVER = ignored_tokens | {TOKEN_RAW_BEGIN, TOKEN_RAW_END}


def column_of(env: Environment, source: str, lineno: int) -> int | None:
    """The column, counted from 1, of what Jinja complains of; None where that is the end of the text, or elsewhere.

    The text is parsed once more, and the token at which that ends is looked for in it.

    Args:
        env: The environment that could not parse it.
        source: The text.
        lineno: The line that the complaint names.
    """
    starts, at = _starts(env, source), _end(env, source)
    if at is None or at >= len(starts) or source.count("\n", 0, starts[at]) + 1 != lineno:
        return None
    return starts[at] - source.rfind("\n", 0, starts[at])


def _end(env: Environment, source: str) -> int | None:
    """The number of the token at which parsing ends; None when nothing is wrong."""
    try:
        parser = Parser(env, source)
    except TemplateSyntaxError:  # in the first token
        return 0
    stream: Any = parser.stream
    tokens: Iterator[Any] = stream._iter  # noqa: SLF001 - how far it came is told nowhere else
    asked = 1

    def counted() -> Iterator[Any]:
        nonlocal asked
        while True:
            asked += 1
            token = next(tokens, None)
            if token is None:
                return
            yield token

    stream._iter = counted()  # noqa: SLF001
    try:
        parser.parse()
    except TemplateSyntaxError as error:
        pushed: int = len(stream._pushed)  # noqa: SLF001
        # The one complaint that comes when the next token is taken already.
        return asked - 1 - pushed - (error.message == "expected name or number")
    return None


def _starts(env: Environment, source: str) -> list[int]:
    """Where each token begins; at last what is no token."""
    found: list[int] = []
    at = begun = 0
    open_end = False
    try:
        for _, kind, value in env.lexer.tokeniter(source, None):
            at = begun = source.find(value, at)
            open_end = kind in (TOKEN_COMMENT_BEGIN, TOKEN_RAW_BEGIN)
            if kind not in _PASSED_OVER:
                found.append(at)
            at += len(value)
    except TemplateSyntaxError:
        rest = source[at:]
        found.append(begun if open_end else at + len(rest) - len(rest.lstrip(" \t\n")))
    return found
