"""The Jinja environment: an immutable sandbox in which data comes before attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import StrictUndefined, Undefined, pass_context
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.tests import TESTS as JINJA_TESTS
from jinja2.utils import Namespace, missing

from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.rendering.conversation import emit_history
from promptkit.rendering.filters import BINARY, FILTERS, bounded_items, bounded_tests
from promptkit.rendering.generating import Generator
from promptkit.rendering.names import Names
from promptkit.rendering.printing import plain_text, printed
from promptkit.rendering.roles import (
    COMPARED,
    CONCAT,
    EMITTERS,
    EXAMPLES,
    FIXED,
    HISTORY,
    LOOP,
    PIECE,
    SECTION,
    SHOWN,
    TRACED_TEXT,
    TRACED_VALUE,
    WEIGHED,
    RoleBlocks,
)
from promptkit.rendering.run import CURRENT
from promptkit.rendering.sections import Changing, Section
from promptkit.rendering.spans import Marks, Noted, Span, is_nothing, joined, marked, plain
from promptkit.rendering.text_filters import text_join
from promptkit.rendering.tracing import traced
from promptkit.rendering.weights import compared, weighed
from promptkit.spelling import did_you_mean

__all__ = ["GLOBALS", "LOOP_FIELDS", "TESTS", "TEXT_METHODS", "Missing", "Sandbox"]

GLOBALS: Mapping[str, Any] = MappingProxyType({"range": safe_range, "namespace": Namespace})
"""Names that every template has: ``range`` up to 100,000 and ``namespace``."""

TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)
"""Methods of text that templates may call."""
LOOP_FIELDS = frozenset(
    [
        "changed",
        "cycle",
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    ]
)
"""What `loop` has in a `for`."""
_READABLE: Mapping[type[Any], frozenset[str]] = MappingProxyType(
    {
        str: TEXT_METHODS,
        Span: TEXT_METHODS,
        Noted: TEXT_METHODS,
        dict: frozenset({"get", "items", "keys", "values"}),
        list: frozenset({"count", "index"}),
        tuple: frozenset({"count", "index"}),
        LoopContext: LOOP_FIELDS,
        Message: frozenset({"content", "role", "text"}),
        TextPart: frozenset({"text"}),
        ImagePart: frozenset({"media_type", "url"}),
        DocumentPart: frozenset({"media_type", "name"}),
        ToolCallPart: frozenset({"arguments", "id", "name"}),
        ToolResultPart: frozenset({"id", "text"}),
    }
)
"""What templates may read of each type besides its data. What is not named here is refused."""

TESTS: Mapping[str, Any] = MappingProxyType(bounded_tests(dict[str, Any](JINJA_TESTS)))
"""All tests by name."""


class Missing(StrictUndefined):
    """A name or field that is not there; any use of it says so, with the nearest name."""

    @property
    def _undefined_message(self) -> str:
        name, owner = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if owner is missing:
            return f"{name} has no value here; it is set on another way through the template only"
        if owner is None:
            return (
                f"the value is None, which has no field {name}; "
                f"an optional input that was not given is None, so ask {{% if %}} first"
            )
        if isinstance(owner, Mapping):
            keys = [str(key) for key in owner]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            has = f"it has {', '.join(keys[:12])}" if keys else "it is empty"
            return f"the object has no field {name}{did_you_mean(str(name), keys)}; {has}"
        if isinstance(owner, TemplateModule):
            names = [key for key in vars(owner) if not key.startswith("_")]
            return f"the imported file sets no name {name}{did_you_mean(str(name), names)}"
        if isinstance(name, int) and isinstance(owner, Sized):
            return f"the {_plain_type(owner)} has no item {name}; it has {len(owner)}"
        readable = sorted(_readable_of(owner))
        return f"{_plain_type(owner)} has no field {name}{did_you_mean(str(name), readable)}"


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one prompt.

    Attributes:
        parts: The compiled templates by key: the body, its sections, and what they include.
        pieces: What changes in sections that a text prints, by number.
        sections: The sections by key.
        fixed: Messages that never change, as the role blocks that were rendered when the prompt was loaded.
        fixed_marks: Where their texts come from, by number, message and part, while a render is traced.
        examples: The turns of the examples.
        history: The name of the input that holds earlier turns; None when there is none.
        traces: Where the texts of a traced prompt come from, by number: marked texts and the origins of values.
        names_texts: Whether texts of inputs say where they come from while a render is traced.
        shares_names: Whether texts of sections may read the names of the body's run, which it leaves as they are.
        settings: Jinja's settings for escaping, which never change here.
    """

    code_generator_class = Generator
    context_class = Names
    intercepted_binops = frozenset(BINARY)
    concat = staticmethod(joined)

    def __init__(self) -> None:
        super().__init__(
            extensions=[RoleBlocks],
            undefined=Missing,
            finalize=printed,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
            auto_reload=False,
        )
        self.filters = {
            **FILTERS,
            **EMITTERS,
            COMPARED: _compared,
            CONCAT: _text_join,
            EXAMPLES: self._emit_examples,
            FIXED: self._emit_fixed,
            HISTORY: self._emit_history,
            LOOP: _bounded_items,
            PIECE: self._print_piece,
            SECTION: self._print_section,
            TRACED_TEXT: self._traced_text,
            TRACED_VALUE: self._traced_value,
            SHOWN: _shown,
            WEIGHED: _weighed,
        }
        self.tests = dict(TESTS)
        self.globals = dict(GLOBALS)
        self.binop_table.update(BINARY)
        self.parts: dict[str, jinja2.Template] = {}
        self.pieces: list[Changing] = []
        self.sections: dict[str, Section] = {}
        self.fixed: list[tuple[Message, ...]] = []
        self.fixed_marks: list[Mapping[tuple[int, int], Marks]] = []
        self.examples: tuple[Message, ...] = ()
        self.history: str | None = None
        self.shares_names = False
        self.traces: list[Any] = []
        self.names_texts = False
        self.settings = EvalContext(self)  # no tag changes it, since autoescape is refused

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> jinja2.Template:  # noqa: A002, ARG002
        """The part that was compiled under this key; includes are resolved when the prompt is loaded."""
        CURRENT.get().charge(1)  # files that include the next one twice double at each step
        return self.parts[name]

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``obj.attribute``: a key of the data first, then what `_READABLE` allows."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]  # pyright: ignore[reportUnknownVariableType]
        return self._readable(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """``obj[argument]``: keys and indexes of data; no attributes by way of a subscript."""
        if isinstance(obj, Mapping | str | list | tuple | range):
            try:
                return obj[argument]  # pyright: ignore[reportUnknownVariableType]
            except (TypeError, LookupError):
                return self.undefined(obj=obj, name=argument)
        if isinstance(obj, Undefined):
            return obj[argument]
        if isinstance(argument, str):
            return self._readable(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def _readable(self, obj: Any, attribute: str) -> Any:
        if attribute in _readable_of(obj):
            return getattr(plain_text(obj) if isinstance(obj, Span) else obj, attribute)
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)
        if attribute.startswith("_") or hasattr(_type_of(obj), attribute):
            hint = f"{_plain_type(obj)}.{attribute} is not open to templates{_instead(attribute)}"
            return self.undefined(hint, obj=obj, name=attribute, exc=SecurityError)
        if isinstance(obj, Namespace | TemplateModule):
            return getattr(obj, attribute, self.undefined(obj=obj, name=attribute))
        return self.undefined(obj=obj, name=attribute)

    # With the context as an argument Jinja never works these out while it compiles.

    @pass_context
    def _print_section(self, context: Names, key: str) -> str:
        return self.sections[key].render((context.run or CURRENT.get()).values)

    @pass_context
    def _print_piece(self, context: Names, number: int) -> str:
        piece = self.pieces[number]
        text = piece.render((context.run or CURRENT.get()).values)
        if not piece.before:
            return text
        if type(text) is str:
            return f"{piece.before}{text}" if text else ""
        return text if is_nothing(text) else joined([piece.before, text])

    @pass_context
    def _traced_text(self, _context: Context, index: int) -> str:
        text: str = self.traces[index]
        return text

    @pass_context
    def _traced_value(self, _context: Context, value: Any, index: int, whole: bool) -> str:
        return traced(value, self.traces[index], whole=whole)

    @pass_context
    def _emit_fixed(self, context: Names, index: int) -> str:
        (context.run or CURRENT.get()).messages.extend(self.fixed[index])
        return ""

    @pass_context
    def _emit_examples(self, context: Names, _operand: None) -> str:
        (context.run or CURRENT.get()).messages.extend(
            self.examples
        )  # none yet while they are rendered themselves
        return ""

    @pass_context
    def _emit_history(self, context: Names, _operand: None) -> str:
        run = context.run or CURRENT.get()
        if self.history is not None and not run.bare:
            emit_history(run, self.history)
        return ""

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or an allowed method; each call counts as one turn, and what it makes is counted."""
        CURRENT.get().charge(1)
        if isinstance(getattr(obj, "__self__", None), str):
            weighed(obj.__self__)
            return weighed(super().call(context, obj, *args, **kwargs))
        made = super().call(context, obj, *args, **kwargs)
        return weighed(made) if isinstance(made, str) else made


@pass_context
def _bounded_items(context: Names, items: Any) -> Any:
    if type(items) is list:
        (context.run or CURRENT.get()).charge(len(items))  # pyright: ignore[reportUnknownArgumentType]
        return items  # pyright: ignore[reportUnknownVariableType]
    return bounded_items(items)


@pass_context
def _weighed(_context: Context, value: Any) -> Any:
    return weighed(value)


@pass_context
def _compared(_context: Context, value: Any) -> Any:
    return compared(value)


@pass_context
def _text_join(_context: Context, items: Sequence[Any], own: Sequence[int]) -> str:
    return text_join(items, own)


def _shown(value: Any) -> str:
    """What a filter makes of a block: outer blanks are the template's own, whether a render is traced or not."""
    if not isinstance(value, str):
        return printed(value)
    if not isinstance(value, Span) or value.pieces is not None:
        return value
    text = joined([plain(value)])
    return text if value.marks is None else marked(text, value.marks)


def _type_of(value: object) -> type[object]:
    return type(value)


def _readable_of(value: object) -> frozenset[str]:
    named: Sequence[str] = getattr(value, "_fields", ())  # groupby gives named tuples
    return frozenset(named) or _READABLE.get(_type_of(value), frozenset())


def _instead(attribute: str) -> str:
    if attribute in {"join", "replace"}:
        return f"; use the filter: x | {attribute}(...)"
    if attribute in {"format", "format_map"}:
        return "; join texts with ~"
    return ""


_PLAIN_TYPES: Sequence[tuple[type[object], str]] = (
    (str, "text"),
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (list, "list"),
    (tuple, "list"),
    (Mapping, "object"),
    (ImagePart, "image"),
    (DocumentPart, "document"),
    (Message, "message"),
)


def _plain_type(value: object) -> str:
    return next((name for kind, name in _PLAIN_TYPES if isinstance(value, kind)), _type_of(value).__name__)
