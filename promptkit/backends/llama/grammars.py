"""Schemas to grammars and grammars to masks: which tokens may come next."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from promptkit.backends.llama.bindings import Array, guidance, numpy, tokenize_address
from promptkit.backends.llama.regexes import Unsayable, found_regex, reads_otherwise
from promptkit.backends.llama.spellings import PLAIN
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.backends.llama.wire_schemas import fragments, to_wire, with_patterns, without
from promptkit.errors import GrammarInvalid

__all__ = ["FLEETING_FUEL", "Grammar", "MaskMaker", "Masks", "compile_schema", "one_line"]

# Compact JSON: whitespace that a model may repeat without end is none.
_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
_KEYS = re.compile(r'"([^"]+)"')
_UNKNOWN_FORMAT = "Unknown format: "
# Formats of which the engine lets through values that the validator refuses: 29 February of any year, the second
# 60 at any time, names and addresses of any length.
_LOOSE_FORMATS = frozenset({"date", "date-time", "time", "hostname", "email"})
_KEPT_GRAMMARS = 64
_KEPT_FLEETING = 4
# llguidance's own limit of 1,000,000 is reached by a source of about 300 kB; this one by about 3 MB.
FLEETING_FUEL = 10_000_000
_STEP_FUEL = 2_000_000  # ten times llguidance's own: about 0.2 s at most, where it would give up


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What the decoder enforces of a schema.

    Attributes:
        text: The grammar in llguidance's form.
        wire: The schema that it was made from.
        ignored: Keywords that are not enforced, each with the values concerned; no values means all.
        lenient: True when something had to be left out.
        is_json: False for a plain text.
        is_fleeting: True when it holds texts of the inputs, so that the next request has another.
    """

    text: str = field(repr=False)
    wire: Mapping[str, Any] = field(repr=False)
    ignored: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    lenient: bool = False
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
    wire, unread = _reread(to_wire(json.loads(schema)))
    ignored: dict[str, frozenset[str]] = {"pattern": unread} if unread else {}
    text, error = _built(wire, lenient=False)[:2]
    if not error:
        return Grammar(text=text, wire=wire, ignored=ignored)
    if patterns := _unsayable_patterns(wire):
        wire = without(wire, {"pattern": patterns})
        ignored["pattern"] = patterns | unread
    text, error, warnings = _built(wire, lenient=True)
    if error:
        raise GrammarInvalid(
            f"no grammar can be made of the output's schema: {error}; change that part of the schema"
        )
    return Grammar(text=text, wire=wire, ignored={**ignored, **_named_in(warnings)}, lenient=True)


def _reread(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
    """The schema with patterns that the engine reads as the check does; those that cannot be said are left out."""
    rewritten: dict[str, str] = {}
    unread: set[str] = set()
    for _, fragment in fragments(schema):
        pattern = fragment.get("pattern")
        if isinstance(pattern, str) and reads_otherwise(pattern):
            try:
                rewritten[pattern] = f"^(?:{found_regex(pattern, PLAIN)})$"
            except Unsayable:
                unread.add(pattern)
    if not rewritten and not unread:
        return schema, frozenset()
    return with_patterns(without(schema, {"pattern": frozenset(unread)}), rewritten), frozenset(unread)


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
    formats = {text.removeprefix(_UNKNOWN_FORMAT) for text in warnings if text.startswith(_UNKNOWN_FORMAT)}
    if formats:
        ignored["format"] = frozenset(formats)
    for warning in warnings:
        if warning.startswith("Unimplemented keys"):
            ignored.update(dict.fromkeys(_KEYS.findall(warning), frozenset()))
        elif warning.startswith("oneOf"):
            ignored["oneOf"] = frozenset()
    return ignored


class MaskMaker:
    """Makes masks for one vocabulary; keeps what is slow to build.

    Args:
        vocabulary: The model's tokens.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._fleeting: dict[str, Any] = {}

    @cached_property
    def _tokenizer(self) -> Any:
        if not self._vocabulary.ends:
            raise GrammarInvalid(
                "the model's vocabulary names no token that ends an answer; use a model made for chat"
            )
        # What llguidance.llamacpp does, without its second reading of every piece by functions that
        # llama-cpp-python has deprecated. A leading 0xFF marks a token that no text spells.
        markers = set(self._vocabulary.markers.values())
        tokens = [
            b"\xff" + self._vocabulary.text(token).encode() if token in markers else piece
            for token, piece in enumerate(self._vocabulary.pieces)
        ]
        tokenizer: Any = guidance().LLTokenizer
        return tokenizer.from_llamacpp(
            tokens=tokens,
            vocab_ptr=self._vocabulary.pointer,
            tokenize_fptr=tokenize_address(),
            eos_token=list(self._vocabulary.ends),
            slices=tokenizer.json_slices(),
        )

    @cached_property
    def _digits(self) -> Array:
        """Two rows of booleans: tokens that begin with a digit, and with two."""
        pieces = self._vocabulary.pieces
        one = [piece[:1].isdigit() for piece in pieces]
        two = [len(piece) > 1 and piece[:2].isdigit() for piece in pieces]
        return numpy().array([one, two], dtype=bool)

    def masks(self, grammar: Grammar) -> Masks:
        """Fresh masks at the beginning of an answer.

        Raises:
            GrammarInvalid: When the grammar is too big for this vocabulary.
        """
        with self._lock:
            made, most = (
                (self._fleeting, _KEPT_FLEETING) if grammar.is_fleeting else (self._made, _KEPT_GRAMMARS)
            )
            matcher = made.get(grammar.text)
            if matcher is None:
                matcher = self._matcher(grammar)
                if len(made) >= most:
                    del made[next(iter(made))]
                made[grammar.text] = matcher
            return Masks(
                matcher.deep_copy(),
                self._vocabulary.size,
                self._digits if grammar.is_json else None,
                # Copies share an automaton: one that grew beyond its limits is of no use to the next answer.
                forget=lambda: made.pop(grammar.text, None),
            )

    def _matcher(self, grammar: Grammar) -> Any:
        engine = guidance()
        # Verbose errors print the answer so far.
        fuel = FLEETING_FUEL if grammar.is_fleeting else None
        limits = engine.LLParserLimits(
            verbose_errors=False, initial_lexer_fuel=fuel, step_lexer_fuel=_STEP_FUEL
        )
        matcher = engine.LLMatcher(self._tokenizer, grammar.text, log_level=0, limits=limits)
        if matcher.is_error():
            part = "texts that it quotes from" if grammar.is_fleeting else "schema"
            raise GrammarInvalid(
                "the output's grammar cannot be used with this model: "
                f"{one_line(matcher.get_error())}; make the {part} smaller"
            )
        return matcher


class Masks:
    """Follows one answer and says which tokens may come next."""

    # Models that lost the thread write digits for ever. Doubles and 64-bit integers need no more than these
    # characters, and with exponents below 100 every number is finite.
    _LONGEST_NUMBER = 24
    _LONGEST_EXPONENT = 2

    def __init__(
        self, matcher: Any, size: int, digits: Array | None, *, forget: Callable[[], object]
    ) -> None:
        self._matcher = matcher
        self._forget = forget
        self._size = size
        self._digits = digits
        self._bits: Array = numpy().zeros((1, (size + 31) // 32), dtype=numpy().int32)
        self._numbers = _NumberLength()

    def allowed(self) -> Array:
        """For each token, whether it may come next: booleans.

        Raises:
            GrammarInvalid: When the grammar cannot be followed any further.
        """
        np = numpy()
        guidance().numpy.fill_next_token_bitmask(self._matcher, self._bits)
        self._complain()
        bits = np.unpackbits(self._bits.view(np.uint8)[0], bitorder="little", count=self._size)
        allowed = bits.view(bool)
        if self._digits is None:
            return allowed
        one_digit, two_digits = self._digits
        if self._numbers.length >= self._LONGEST_NUMBER or self._numbers.exponent >= self._LONGEST_EXPONENT:
            shorter = allowed & ~one_digit
        elif self._numbers.exponent >= 0:
            shorter = allowed & ~two_digits
        else:
            return allowed
        return shorter if shorter.any() else allowed

    def consume(self, token: int, piece: bytes) -> None:
        """Go on by one token."""
        self._matcher.consume_token(token)
        self._complain()
        self._numbers.follow(piece)

    def forced(self) -> list[int]:
        """Tokens that must come next; each is still to be consumed."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        self._complain()
        return tokens

    @property
    def finished(self) -> bool:
        """True when nothing may follow."""
        return bool(self._matcher.is_stopped())

    def _complain(self) -> None:
        if self._matcher.is_error():
            self._forget()
            raise GrammarInvalid(
                f"the output's grammar cannot be followed: {one_line(self._matcher.get_error())}; "
                "make the schema smaller, above all its patterns"
            )


class _NumberLength:
    """The JSON number at the end of a text, as far as it is written.

    Attributes:
        length: Its bytes; 0 outside numbers.
        exponent: The digits of its exponent; -1 where it has none.
    """

    def __init__(self) -> None:
        self.length = 0
        self.exponent = -1
        self._in_string = False
        self._escaped = False

    def follow(self, piece: bytes) -> None:
        for byte in piece:
            if self._escaped:
                self._escaped = False
            elif self._in_string and byte == ord("\\"):
                self._escaped = True
            elif byte == ord('"'):
                self._in_string = not self._in_string
                self.length, self.exponent = 0, -1
            elif not self._in_string:
                self._count(byte)

    def _count(self, byte: int) -> None:
        if byte not in b"0123456789.eE+-":
            self.length, self.exponent = 0, -1
            return
        self.length += 1
        if byte in b"eE":
            # The letter also stands in true, false and null, where no digit can follow.
            self.exponent = 0
        elif self.exponent >= 0 and byte in b"0123456789":
            self.exponent += 1
