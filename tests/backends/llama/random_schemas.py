"""JSON Schemas made at random, random walks under their masks, and what an independent validator says of the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import jsonschema_rs
import numpy as np

from promptkit.backends.llama.grammars import Grammar
from promptkit.backends.llama.masks import Masks
from promptkit.backends.llama.outputs import compile_output
from promptkit.backends.llama.planning import plan
from promptkit.completions import Enforcement
from promptkit.errors import GrammarInvalid, SchemaUnsupported
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema, Valid

__all__ = ["STEP_BOUND_S", "Verdict", "Writer", "judged", "random_schema"]

STEP_BOUND_S = 1.0  # of processor time; the engine gives a step up after about 0.2 s of a free core

NAMES = ["a", "b", "kind", "é", "a b", 'q"', "", "\\", "日本", "$ref", "type", "x\ty", "😀"]
TEXTS = ["", "a", "low", 'h"gh', "é", "日本", "\\", "a\nb", "\x7f", "  ", "😀", "0", "null", "</s>"]
PATTERNS = [
    "^[a-c]{1,4}$",
    "^[A-Z][a-z]+( [A-Z][a-z]+)*$",
    r"^\d{3}-\d{4}$",
    r"\d",
    "^x",
    "y$",
    r"^\S+@\S+\.\w{2,3}$",
    "^(red|green|blue)$",
    "^.{2,5}$",
    '^[^"\\\\]*$',
    "^$",
    "é",
    r"^\s?[-+]?\w*$",
    r"^(?=a)a+$",
    r"^[0-9a-f]{8}(-[0-9a-f]{4}){2}$",
]
ATOMS = [
    *(
        "a",
        "é",
        "日",
        "-",
        " ",
        "/",
        "[abc]",
        "[^a]",
        "[^ab]",
        "[a-z0-9]",
        "[^0-9]",
        "[ -~]",
        "[!-/]",
        "[^<>&]",
    ),
    *(
        ".",
        r"\d",
        r"\D",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        r"\.",
        r"\/",
        r"\\",
        '"',
        '[^"]',
        r"[^\\]",
        r"[^\s,]",
        r"[\w.-]",
    ),
    *(
        r"\n",
        r"\t",
        r"[\t\n]",
        r"[^\r\n]",
        r"\u00e9",
        r"\x41",
        r"[\u0400-\u04ff]",
        r"\p{L}",
        r"\P{L}",
        r"[\p{Lu}_]",
    ),
    *("(a|b)", "(?:x|yz)", "(é|[0-9]+)", r"(\d|-)", "(?:a?b)*", r"(?:\w+ )"),
]
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"]
FORMATS = [
    "date",
    "date-time",
    "time",
    "uuid",
    "ipv4",
    "ipv6",
    "email",
    "hostname",
    "duration",
    "uri",
    "regex",
    "x",
]
COMBINERS = frozenset(
    {"anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref", "contains", "falseSchema", "items"}
)


def random_schema(random: Random) -> dict[str, Any]:
    """A schema of any shape; some have no values at all."""
    maker = _Maker(random)
    schema = maker.schema(0)
    if maker.definitions:
        schema["$defs"] = maker.definitions
    return schema


class _Maker:
    """Makes one schema."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.definitions: dict[str, Any] = {}

    def schema(self, depth: int) -> dict[str, Any]:
        kinds: dict[Callable[[int], dict[str, Any]], int] = {
            self._string: 5,
            self._number: 5,
            self._values: 4,
            self._plain: 3,
            self._object: 2 if depth > 3 else 9,
            self._array: 1 if depth > 3 else 4,
            self._combined: 0 if depth > 3 else 3,
            self._reference: 1,
        }
        made = self._random.choices(list(kinds), list(kinds.values()))[0](depth)
        if made.get("type", "null") != "null" and self._chance(0.1):
            made["type"] = [made["type"], "null"]
        return made

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _plain(self, _: int) -> dict[str, Any]:
        kind = self._random.choice(["boolean", "null", "integer", "string", "number", None])
        return {"type": kind} if kind else {}

    def _string(self, _: int) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "string"}
        if self._chance(0.3):
            made["minLength"] = self._random.randint(0, 4)
        if self._chance(0.6):
            made["maxLength"] = made.get("minLength", 0) + self._random.randint(0, 8)
        if self._chance(0.3):
            made["pattern"] = self._random.choice(PATTERNS) if self._chance(0.4) else self._pattern()
            # Lengths and patterns at random mostly exclude each other.
            made.pop("minLength", None)
            if self._chance(0.7):
                made.pop("maxLength", None)
        elif self._chance(0.2):
            made = {"type": "string", "format": self._random.choice(FORMATS)}
        return made

    def _pattern(self) -> str:
        random = self._random
        atoms = [random.choice(ATOMS) + random.choice(REPEATS) for _ in range(random.randint(1, 4))]
        if self._chance(0.15):
            atoms.insert(random.randint(0, len(atoms)), "|")
        before, after = random.choice(
            [("^", "$"), ("^", "$"), ("^", ""), ("", "$"), ("", ""), ("^(?:", ")$")]
        )
        return f"{before}{''.join(atoms)}{after}"

    def _number(self, _: int) -> dict[str, Any]:
        random = self._random
        made: dict[str, Any] = {"type": random.choice(["integer", "number"])}
        low = random.choice([-1000, -7, -1, 0, 0, 1, 3, 17, 10**6])
        bound: Callable[[float], float] = (
            round if made["type"] == "integer" else lambda value: round(value, 3)
        )
        if self._chance(0.6):
            made[random.choice(["minimum", "minimum", "exclusiveMinimum"])] = bound(low + random.random())
        if self._chance(0.6):
            high = low + random.choice([1, 2, 9, 12, 500, 10**7]) + random.random()
            made[random.choice(["maximum", "maximum", "exclusiveMaximum"])] = bound(high)
        if self._chance(0.15):
            made["multipleOf"] = random.choice([1, 2, 3, 7, 10, 0.5, 0.25, 0.1, 1.5])
        return made

    def _values(self, _: int) -> dict[str, Any]:
        values: list[Any] = [
            *self._random.sample(TEXTS, self._random.randint(1, 4)),
            *self._random.sample([0, 1, -3, 2.5, True, False, None, 10**12], self._random.randint(0, 2)),
        ]
        if self._chance(0.1):
            values.append({"a": [1, "x"], "é": None})
        if self._chance(0.3):
            return {"const": values[-1]}
        made: dict[str, Any] = {"enum": values}
        if self._chance(0.3):
            made |= {"type": "string", "enum": [value for value in values if isinstance(value, str)]}
        return made

    def _array(self, depth: int) -> dict[str, Any]:
        random = self._random
        made: dict[str, Any] = {"type": "array", "items": self.schema(depth + 1)}
        if self._chance(0.2):
            made["prefixItems"] = [self.schema(depth + 1) for _ in range(random.randint(1, 3))]
            made["items"] = random.choice([False, made["items"]])
        if self._chance(0.4):
            made["minItems"] = random.randint(0, 2)
        if self._chance(0.7):
            made["maxItems"] = made.get("minItems", 0) + random.randint(0, 3)
        if self._chance(0.1):
            made["uniqueItems"] = True
        if self._chance(0.05):
            made["contains"] = self.schema(depth + 1)
        return made

    def _object(self, depth: int) -> dict[str, Any]:
        random = self._random
        names = random.sample(NAMES, random.randint(0, 4))
        made: dict[str, Any] = {
            "type": "object",
            "properties": {name: self.schema(depth + 1) for name in names},
        }
        made["required"] = [name for name in names if self._chance(0.6)]
        if self._chance(0.05):
            made["required"].append("undeclared")
        if self._chance(0.6):
            made["additionalProperties"] = random.choice([False, False, self.schema(depth + 1)])
        if self._chance(0.08):
            made["patternProperties"] = {random.choice(["^x", r"^\d+$", "z$"]): self.schema(depth + 1)}
        if self._chance(0.08):
            made["minProperties"] = random.randint(0, 3)
        if self._chance(0.08):
            made["maxProperties"] = made.get("minProperties", 0) + random.randint(0, 3)
        return made

    def _combined(self, depth: int) -> dict[str, Any]:
        random = self._random
        kind = random.choice(["anyOf", "anyOf", "oneOf", "allOf", "not", "if", "kinds"])
        if kind == "kinds":  # told apart by a constant, as unions of classes are
            parts = []
            for number in range(random.randint(2, 3)):
                part = self._object(depth + 1)
                part["properties"] = {"kind": {"const": f"k{number}"}, **part["properties"]}
                part["properties"]["kind"] = {"const": f"k{number}"}
                part["required"] = ["kind", *(name for name in part["required"] if name != "kind")]
                parts.append(part)
            return {random.choice(["anyOf", "oneOf"]): parts}
        if kind == "not":
            return {**self._string(depth), "not": {"const": random.choice(TEXTS)}}
        if kind == "if":
            made = self._object(depth)
            return {**made, "if": {"required": ["a"]}, "then": {"required": ["b"]}}
        if kind == "allOf":
            return {"allOf": [self._object(depth + 1), {"required": [random.choice(NAMES)]}]}
        return {kind: [self.schema(depth + 1) for _ in range(random.randint(1, 3))]}

    def _reference(self, depth: int) -> dict[str, Any]:
        if not self.definitions or self._chance(0.4):
            name = f"d{len(self.definitions)}"
            self.definitions[name] = {}  # known before it is made, so that it may refer to itself
            kind = self._random.choice([self._string, self._number, self._object, self._array])
            self.definitions[name] |= kind(max(depth, 2))
        return {"$ref": f"#/$defs/{self._random.choice(list(self.definitions))}"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes at random with one vocabulary.

    Attributes:
        masks: Makes the masks of a grammar.
        pieces: The bytes of each token.
        ends: Tokens that end an answer.
    """

    masks: Callable[[Grammar], Masks]
    pieces: Sequence[bytes]
    ends: Sequence[int]

    def written(self, grammar: Grammar, random: Random, most: int = 400) -> Written:
        """One answer of at most so many tokens; behind a tenth of them it is steered to its end."""
        masks = self.masks(grammar)
        chance = np.random.default_rng(random.getrandbits(32))
        closing = _closing(tuple(self.pieces), tuple(self.ends))
        uses_scores, uses_forced = random.random() < 0.5, random.random() < 0.7
        steered_from = random.randint(0, most // 10)
        text, slowest_s, tokens = b"", 0.0, 0
        while tokens < most and not masks.finished:
            start = time.process_time()
            chosen = masks.forced() if uses_forced else []
            if not chosen:
                # No model wants to close strings most, so that nearly all it writes would be one string.
                scores = chance.standard_normal(len(self.pieces)) + (
                    closing if tokens > steered_from else closing / 3
                )
                allowed = masks.allowed(scores if uses_scores else None)
                if not allowed.any():
                    return Written(text=text, end="nothing allowed", slowest_s=slowest_s)
                chosen = [int(np.where(allowed, scores, -np.inf).argmax())]
            if chosen[0] in self.ends:
                return Written(text=text, end="", slowest_s=slowest_s)
            for token in chosen:
                masks.consume(token, self.pieces[token])
                text += self.pieces[token]
            tokens += len(chosen)
            slowest_s = max(slowest_s, time.process_time() - start)
        return Written(text=text, end="" if masks.finished else "cut", slowest_s=slowest_s)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        text: The answer, as far as it came.
        end: Empty when it is whole; else why not.
        slowest_s: Processor seconds of the slowest step.
    """

    text: bytes
    end: str
    slowest_s: float


@cache
def _closing(pieces: tuple[bytes, ...], ends: tuple[int, ...]) -> Any:
    """How much each token is preferred, so that an answer comes to its end."""
    liked = np.zeros(len(pieces))
    for token, piece in enumerate(pieces):
        if piece[:1] in (b'"', b"}", b"]"):
            liked[token] = 5.0 if len(piece) == 1 else 2.0
    liked[list(ends)] = 8.0
    return liked


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one schema and one walk.

    Attributes:
        kind: "valid", "refused" (no grammar, with the reason), "cut", "caught" (what no grammar says, the check
            found), or a fault: "invalid", "no JSON", "check differs", "nothing allowed", "given up".
        detail: The reason, or the answer.
        slowest_s: Processor seconds of the slowest step.
    """

    kind: str
    detail: str = ""
    slowest_s: float = 0.0

    @property
    def is_fault(self) -> bool:
        """True when this may never be."""
        return self.kind not in ("valid", "refused", "cut", "caught")


def judged(schema: dict[str, Any], writer: Writer, random: Random) -> Verdict:
    """Compile a schema, write an answer under its masks and look at it."""
    try:
        spec = OutputSpec(schema=OutputSchema.from_json_schema(schema, "answer"))
        grammar = compile_output(spec)
        assert grammar is not None
        writer.masks(grammar)
    except (GrammarInvalid, SchemaUnsupported) as error:
        return Verdict("refused", str(error))
    state = random.getstate()
    try:
        written = writer.written(grammar, random)
        if (
            written.slowest_s > STEP_BOUND_S
        ):  # once more: other work on the machine shows as single slow steps
            random.setstate(state)
            written = writer.written(grammar, random)
    except GrammarInvalid as error:
        return Verdict("given up", str(error))
    if written.end:
        return Verdict(written.end, repr(written.text), written.slowest_s)
    kind, detail = _read(spec, written.text)
    return Verdict(kind, detail, written.slowest_s)


def _read(spec: OutputSpec, data: bytes) -> tuple[str, str]:
    try:
        text = data.decode()
        value = json.loads(text)
    except ValueError as error:
        return "no JSON", f"{error}: {data!r}"
    validator = jsonschema_rs.validator_for(spec.json_schema, validate_formats=True)
    error = next(iter(validator.iter_errors(value)), None)
    checked = spec.schema.read_json(text)
    if (error is None) != isinstance(checked, Valid):
        return "check differs", f"{error} but {checked}: {text}"
    if error is None:
        return "valid", text
    unsaid = {place.rule for place in plan(spec, "test").placements if place.where is Enforcement.CHECK}
    broken = set(map(str, error.schema_path))
    if unsaid & broken or (unsaid and broken & COMBINERS):
        return "caught", text
    return "invalid", f"{error.message} at {error.schema_path}: {text}"
