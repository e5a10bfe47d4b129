"""What a prompt file declares, as plain values: made by authoring, read by rendering and prompts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from promptkit.cleaning import Cleaning
from promptkit.constraints import Constraint
from promptkit.findings import Setting
from promptkit.wordings import Wording

__all__ = [
    "RESERVED_NAMES",
    "Clarity",
    "ContextBlock",
    "Declaration",
    "Example",
    "FileTest",
    "HistoryLimits",
    "InputDeclaration",
    "OutputDeclaration",
    "Shrink",
]

Shrink: TypeAlias = Literal["never", "drop_first", "drop_last", "middle", "sentences"]
"""What of a block is left out where it is too long."""

RESERVED_NAMES = frozenset(
    {
        "assistant",
        "caller",
        "clarity",
        "constraints",
        "context",
        "examples",
        "history",
        "input",
        "kwargs",
        "loop",
        "output",
        "output_format",
        "prompt",
        "self",
        "system",
        "user",
        "varargs",
    }
)
"""Names that a template gives a meaning of its own; ``history`` is allowed for an input of type messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarity:
    """Who does what for whom, and when it is done. Every string is a Jinja template.

    Attributes:
        role: The persona.
        task: What is to be done.
        audience: Who reads the result.
        steps: The way there, in order.
        done_when: How the model knows that it has finished.
    """

    role: str | None = None
    task: str | None = None
    audience: str | None = None
    steps: tuple[str, ...] = ()
    done_when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBlock:
    """One block of context; exactly one of ``source``, ``text`` and ``include`` is given.

    Attributes:
        id: Its name, as in ``{{ context.ID }}``.
        source: Path of the input that it shows, fenced as data (``from:`` in a file).
        text: Its own text, a Jinja template.
        include: Name of a fragment of the library, without suffix.
        priority: Where room is short, blocks of lower priority are shortened first; of equal ones the later.
        max_tokens: The most tokens of what it shows; None for no limit of its own.
        shrink: How it is shortened; ``never`` makes a too long input an error.
        line: Line in the file, counted from 1.
    """

    id: str
    source: str | None = None
    text: str | None = None
    include: str | None = None
    priority: int = 0
    max_tokens: int | None = None
    shrink: Shrink = "never"
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example shown to the model: an input and the output that it should lead to.

    Attributes:
        input: Inputs by name, plain data.
        output: The output as plain data; a string for text outputs.
        reasoning: The thoughts before it, where the prompt asks for some; None shows the output alone.
        line: Line in the file, counted from 1.
    """

    input: Mapping[str, Any]
    output: Any
    reasoning: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTest:
    """A test that stands in a prompt file and runs against a mocked backend.

    Attributes:
        name: What is tested, as a sentence.
        input: Inputs by name, plain data.
        replies: What the mocked model answers, in order; data is sent as JSON, a string as it is.
        expect: ``output`` (the value), ``violates`` (ids of broken constraints), ``error`` (class name of
            the error), ``contains`` (texts that the rendered messages hold); at least one of them.
        line: Line in the file, counted from 1.
    """

    name: str
    input: Mapping[str, Any]
    replies: tuple[Any, ...]
    expect: Mapping[str, Any]
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """How much of the history is shown: its last messages, from one of the user's on.

    Attributes:
        keep_last: The most messages; None for no limit.
        max_tokens: The most tokens; None for no limit.
        priority: As that of a context block.
    """

    keep_last: int | None = None
    max_tokens: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDeclaration:
    """How inputs are declared.

    Attributes:
        json_schema: Schema of an object whose properties are the inputs; a property
            ``{"x-part": "image" | "document" | "messages"}`` marks an input that is no JSON. None when there
            is a model instead.
        model: Dotted reference to a pydantic model, for example ``app.schemas:Ticket``.
        trust: Trust label by input: ``trusted`` or ``untrusted``.
        clean: What is taken out of or broken in the texts of an input before a model is shown them, by input.
        inferred: True when nothing was declared and the names were read from the body.
        max_tokens: The most tokens of all messages together; None for as many as the model takes.
        history: How much of the history is shown; None for all of it.
        lines: Line in the file by input name.
    """

    json_schema: Mapping[str, Any] | None = None
    model: str | None = None
    trust: Mapping[str, Literal["trusted", "untrusted"]] = field(default_factory=dict[str, Any])
    clean: Mapping[str, tuple[Cleaning, ...]] = field(default_factory=dict[str, Any])
    inferred: bool = False
    max_tokens: int | None = None
    history: HistoryLimits | None = None
    lines: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDeclaration:
    """How the output is declared.

    Attributes:
        kind: ``text`` for plain text, ``json`` for a value.
        json_schema: The schema; None for text and where there is a model instead.
        generated: True when the schema came from Picoschema, so that the value becomes an instance of a
            generated pydantic model; False for a raw JSON Schema, whose value stays plain data.
        model: Dotted reference to a type.
        reasoning: The most tokens of thought before the answer; 0 where there shall be none.
        repair: How an answer that is no strict JSON is read: not at all, where nothing is lost or guessed, or as
            far as it goes.
    """

    kind: Literal["text", "json"] = "text"
    json_schema: Mapping[str, Any] | None = None
    generated: bool = True
    model: str | None = None
    reasoning: int = 0
    repair: Literal["off", "lossless", "lenient"] = "lossless"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A whole prompt as declared.

    Attributes:
        name: For example ``support/triage``.
        version: Semantic version, None when not given.
        description: One sentence for people.
        deprecated: Why the prompt should no longer be used and what to use instead; None while it may be.
        wording: The catalogue of the prompt's language, for what promptkit itself says; None for English.
        extends: The prompt of which this is a variant, with a range or without; None for a prompt of its own.
        file: Path of the file; None when built in Python.
        generation: Sampling settings by name, checked.
        input: How inputs are declared.
        clarity: The first of the three sections.
        context: The second: blocks in order.
        constraints: The third: rules of fields and across fields, in order.
        output: How the output is declared.
        attempts: How many times a model may be asked in all; 1 means never a re-ask.
        enforce: Whether a backend shall hold the model to the output while it writes: never, where it can, or
            for every rule of severity must.
        examples: Shown to the model.
        tests: Run with a mocked backend.
        check: What rules of ``promptkit check`` are set to in this file: off, warning or error.
        body: Jinja text of the role blocks; empty means the standard layout.
        body_line: Line of the file at which the body begins, counted from 1.
        body_indent: Columns by which the body is indented in its file (``template: |`` in YAML).
        text: The file's whole text, for the digest.
        lines: Line in the file by section key, for example ``clarity.role``.
        origins: In a variant, the file of each part that it took over, by section key or ``body``.
    """

    name: str
    version: str | None = None
    description: str | None = None
    deprecated: str | None = None
    wording: Wording | None = field(default=None, repr=False)
    extends: str | None = None
    file: str | None = None
    generation: Mapping[str, Any] = field(default_factory=dict[str, Any])
    input: InputDeclaration = field(default_factory=InputDeclaration)
    clarity: Clarity = field(default_factory=Clarity)
    context: tuple[ContextBlock, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    output: OutputDeclaration = field(default_factory=OutputDeclaration)
    attempts: int = 1
    enforce: Literal["off", "prefer", "require"] = "prefer"
    examples: tuple[Example, ...] = ()
    tests: tuple[FileTest, ...] = ()
    check: Mapping[str, Setting] = field(default_factory=dict[str, Any])
    body: str = ""
    body_line: int = 1
    body_indent: int = 0
    text: str = field(default="", repr=False)
    lines: Mapping[str, int] = field(default_factory=dict[str, int], repr=False)
    origins: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def place_of(self, key: str) -> str:
        """What errors call the place of one part: its own file, or the one that a variant took it from."""
        return self.origins.get(key, self.place)

    @property
    def place(self) -> str:
        """What errors call the place of this declaration: its file, else its name."""
        return self.file or self.name

    @property
    def digest(self) -> str:
        """SHA-256 of the file's text, or of the declaration itself when it was built in Python."""
        source = self.text or repr(self)
        return f"sha256:{hashlib.sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()}"
