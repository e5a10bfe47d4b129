"""Texts of a grammar in Lark's notation, as the engine that also decodes by it reads them."""
# ruff: noqa: ARG002 - every rule takes the same arguments

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from textwrap import indent
from typing import Any, ClassVar, Self

from promptkit.constraints.arguments import as_string
from promptkit.constraints.forms import Derived, Form
from promptkit.constraints.rules import Scope, Unjudged
from promptkit.schemas.places import shown, type_phrase

__all__ = ["Grammar"]

MAX_GRAMMAR = 20_000
MAX_DERIVED = 100_000
# What stands in quotes, in a pattern or behind // is no reference to a token.
_OPAQUE = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/(?:\\.|[^/\\\n])+/')
_TOKEN = re.compile(r"<[^<>\s]+>")
_PLACE = re.compile(r"(?:at )?(\d+)\((\d+)\): ")
_DRAWING = re.compile(r"\n +\d+ \|[\s\S]*")
_MISSING = "llguidance is not installed; with it (pip install 'promptkit-3c[llama]') the grammar is checked"


@dataclass(frozen=True, slots=True)
class Grammar:
    """A text that a context-free grammar derives, from its first to its last character.

    The notation is Lark's as llguidance reads it: rules in small letters, terminals in capitals, ``start`` first,
    patterns without look-around, ``%json`` for JSON of a schema, ``%ignore`` and ``%import common.INT``. Terminals
    take as much as they can, and the grammar may name no tokens of a model. Without llguidance the rule is said
    and its verdict is ``unchecked``.
    """

    kind = "grammar"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    text: str

    @classmethod
    def from_argument(cls, argument: Any) -> Self:
        """From the grammar as text."""
        return cls(
            as_string(
                "grammar", "a grammar in Lark's notation as a text", "grammar: 'start: /[a-z]+/'", argument
            )
        )

    def __post_init__(self) -> None:
        if len(self.text) > MAX_GRAMMAR:
            raise ValueError(
                f"grammar has {len(self.text):,} characters; at most {MAX_GRAMMAR:,} are allowed"
            )
        token = _TOKEN.search(_OPAQUE.sub("", self.text))
        if token is not None:
            raise ValueError(
                f"grammar names the token {token.group()}, which only some models have; write its text in quotes"
            )
        if _engine() is None:
            return
        error = str(_matcher(self.text).get_error())
        if error:
            raise ValueError(_told(error))

    def sentence(self, subject: str) -> str:
        """Said with the grammar as it is."""
        return f"{subject} is a text of this grammar in Lark's notation:\n{indent(self.text.strip(), '    ')}"

    def form(self, inputs: Mapping[str, Any] | None) -> Form | None:
        """The grammar."""
        return Derived(self.text)

    def fault(self, value: Any, scope: Scope) -> str | None:
        """A text that the grammar does not derive, or one of more than 100,000 characters."""
        if not isinstance(value, str):
            return type_phrase(value)
        if len(value) > MAX_DERIVED:
            return f"a text of {len(value)} characters, more than the {MAX_DERIVED} that are checked"
        if _engine() is None:
            raise Unjudged(_MISSING)
        data = value.encode("utf-8", "replace")
        matcher = _matcher(self.text).deep_copy()
        count = matcher.try_consume_tokens(list(data))
        if matcher.is_error():
            raise Unjudged("the grammar is too ambiguous to be followed to the end of this text")
        if count == len(data):
            return None if matcher.is_accepting() else f"it ends too early: {shown(value[-30:])}"
        place = len(data[:count].decode("utf-8", "ignore"))
        return f"it goes wrong at character {place + 1}: {shown(value[place : place + 30])}"

    def hint(self, value: Any, scope: Scope) -> str:
        """Says to follow the grammar."""
        return "Write a text that the grammar derives as a whole."


@cache
def _engine() -> Any:
    """The module llguidance; None where it is not installed."""
    try:
        import llguidance
    except ImportError:
        return None
    return llguidance


@cache
def _bytes() -> Any:
    return _engine().LLTokenizer("byte")


@lru_cache(maxsize=64)
def _matcher(grammar: str) -> Any:
    """A matcher over bytes, which needs no model; to be copied for each text."""
    return _engine().LLMatcher(_bytes(), grammar, log_level=0)


def _told(error: str) -> str:
    """The engine's message as a sentence: the line first, without its drawing of the place."""
    plain = _DRAWING.sub("", error).strip()
    place = _PLACE.match(plain)
    where = f" in its line {place[1]}, column {place[2]}" if place else ""
    reason = " ".join(plain[place.end() if place else 0 :].split())[:300]
    return f"grammar is wrong{where}: {reason}"
