"""Schemas to grammars: what of a schema the decoder enforces, and what it leaves to the check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from promptkit.backends.llama.bindings import guidance
from promptkit.backends.llama.regexes import Unsayable, found_regex, reads_otherwise
from promptkit.backends.llama.spellings import QUOTED
from promptkit.backends.llama.wire_schemas import (
    fragments,
    has_free_names,
    to_wire,
    with_patterns,
    without,
    without_endless,
    without_pattern_properties,
)
from promptkit.errors import GrammarInvalid

__all__ = ["FLEETING_FUEL", "Grammar", "compile_schema", "one_line"]

# Compact JSON: whitespace that a model may repeat without end is none.
_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
_KEYS = re.compile(r'"([^"]+)"')
_UNKNOWN_FORMAT = "Unknown format: "
_TIMES = re.compile(r" \(\d+ times\)\Z")
_BY_NAME = ("patternProperties", "additionalProperties")
_OVERLAP = "are not disjoint"  # of patternProperties of which a name could match two
# Formats of which the engine lets through values that the validator refuses: 29 February of any year, the second
# 60 at any time, names and addresses of any length.
_LOOSE_FORMATS = frozenset({"date", "date-time", "time", "hostname", "email"})
_KEPT_GRAMMARS = 64
# llguidance's own limit of 1,000,000 is reached by a source of about 300 kB; this one by about 3 MB.
FLEETING_FUEL = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What the decoder enforces of a schema.

    Attributes:
        text: The grammar in llguidance's form.
        open_text: The same with further properties wherever the schema says nothing of them; None where it says.
        wire: The schema that it was made from.
        ignored: Keywords that are not enforced, each with the values concerned; no values means all.
        lenient: True when something had to be left out.
        has_free_names: True when it may take properties that the schema does not name.
        is_json: False for a plain text.
        is_fleeting: True when it holds texts of the inputs, so that the next request has another.
    """

    text: str = field(repr=False)
    wire: Mapping[str, Any] = field(repr=False)
    ignored: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    lenient: bool = False
    has_free_names: bool = False
    open_text: str | None = field(default=None, repr=False)
    is_json: bool = True
    is_fleeting: bool = False

    def enforces(self, keyword: str, value: Any) -> bool:
        """True when a keyword with this value binds every token."""
        if keyword == "format" and value in _LOOSE_FORMATS:
            return False
        if keyword not in self.ignored:
            return True
        values = self.ignored[keyword]
        return bool(values) and not (isinstance(value, str) and value in values)


@lru_cache(maxsize=_KEPT_GRAMMARS)
def compile_schema(schema: bytes) -> Grammar:
    """The grammar of a JSON Schema given as JSON; no model is needed.

    Strict first. What the grammar cannot say (look-around in a pattern, ``uniqueItems``) is left out of it
    and named in ``ignored``: the finished answer is checked in any case.

    Raises:
        GrammarInvalid: When no grammar can be made, for example since no value fits the schema.
    """
    read = without_endless(json.loads(schema))
    if read is False:
        raise GrammarInvalid(
            "no grammar can be made of the output's schema: it requires values inside values without end; "
            "leave one of the properties on the way out of required, or let it be null"
        )
    wire, open_wire = to_wire(read), to_wire(read, closed=False)
    if wire == open_wire:
        return _compiled(wire)
    try:
        opened = _compiled(open_wire)
    except GrammarInvalid:
        return _compiled(wire)
    try:
        grammar = _compiled(wire)
    except GrammarInvalid:  # where properties are counted, closing can leave too few
        return opened
    ignored = {**grammar.ignored, **opened.ignored}
    return replace(grammar, open_text=opened.text, ignored=ignored, has_free_names=True)


def _compiled(wire: Mapping[str, Any]) -> Grammar:
    wire, unread, unnamed = _reread(wire)
    ignored: dict[str, frozenset[str]] = {"pattern": unread} if unread else {}
    ignored |= dict.fromkeys(_BY_NAME if unnamed else (), frozenset[str]())
    text, error, warnings = _built(wire, lenient=False)
    lenient = bool(error)
    if error and (patterns := _unsayable_patterns(wire)):
        wire = without(wire, {"pattern": patterns})
        ignored["pattern"] = patterns | unread
    if error:
        text, error, warnings = _built(wire, lenient=True)
    if _OVERLAP in error:
        wire = without_pattern_properties(wire)
        ignored |= dict.fromkeys(_BY_NAME, frozenset[str]())
        text, error, warnings = _built(wire, lenient=True)
    if error:
        raise GrammarInvalid(
            f"no grammar can be made of the output's schema: {error}; change that part of the schema"
        )
    return Grammar(
        text=text,
        wire=wire,
        ignored={**ignored, **_named_in(warnings)},
        lenient=lenient,
        has_free_names=has_free_names(wire),
    )


def _reread(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str], bool]:
    """The schema with patterns that the engine reads as the check does.

    Those that cannot be said are left out: named for texts, all of them where one is about property names.
    """
    rewritten: dict[str, str] = {}
    unread: set[str] = set()
    for pattern in {pattern for _, fragment in fragments(schema) for pattern in _patterns(fragment)}:
        if reads_otherwise(pattern):
            try:
                rewritten[pattern] = f"^(?:{found_regex(pattern, QUOTED)})$"
            except Unsayable:
                unread.add(pattern)
    if not rewritten and not unread:
        return schema, frozenset(), False
    names = {name for _, fragment in fragments(schema) for name in fragment.get("patternProperties", ())}
    if unnamed := bool(unread & names):
        schema = without_pattern_properties(schema)
    schema = without(schema, {"pattern": frozenset(unread)})
    return with_patterns(schema, rewritten), frozenset(unread), unnamed


def _patterns(fragment: Mapping[str, Any]) -> Iterator[str]:
    """Patterns of its texts and of the names of its properties."""
    if isinstance(pattern := fragment.get("pattern"), str):
        yield pattern
    yield from fragment.get("patternProperties", ())


def _built(schema: Mapping[str, Any], *, lenient: bool) -> tuple[str, str, list[str]]:
    """The grammar, the reason why it is none (empty when it is one), and warnings."""
    matcher = guidance().LLMatcher
    text: str = matcher.grammar_from_json_schema(
        json.dumps(schema, ensure_ascii=False), overrides={**_COMPACT, "lenient": lenient}
    )
    failed, messages = matcher.validate_grammar_with_warnings(text)
    return text, one_line(messages[0]) if failed else "", [] if failed else list(messages)


def one_line(message: str) -> str:
    """The engine's message without its drawings, at most 300 characters."""
    return " ".join(line.strip() for line in message.splitlines() if line.strip(" ^"))[:300]


def _unsayable_patterns(schema: Mapping[str, Any]) -> frozenset[str]:
    patterns = {fragment["pattern"] for _, fragment in fragments(schema) if "pattern" in fragment}
    return frozenset(
        pattern for pattern in patterns if _built({"type": "string", "pattern": pattern}, lenient=False)[1]
    )


def _named_in(warnings: list[str]) -> dict[str, frozenset[str]]:
    """Keywords that llguidance says it leaves out, as version 1.9 words its warnings."""
    ignored: dict[str, frozenset[str]] = {}
    warnings = [_TIMES.sub("", warning) for warning in warnings]
    formats = {text.removeprefix(_UNKNOWN_FORMAT) for text in warnings if text.startswith(_UNKNOWN_FORMAT)}
    if formats:
        ignored["format"] = frozenset(formats)
    for warning in warnings:
        if warning.startswith("Unimplemented keys"):
            ignored.update(dict.fromkeys(_KEYS.findall(warning), frozenset()))
        elif warning.startswith("oneOf"):
            ignored["oneOf"] = frozenset()
        elif warning.startswith("min/maxProperties"):  # where a property may be left out
            ignored |= dict.fromkeys(("minProperties", "maxProperties"), frozenset[str]())
    return ignored
