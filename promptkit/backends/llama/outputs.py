"""The grammar of an output: its schema, and those of its rules that can be followed token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from promptkit.backends.llama.bindings import guidance
from promptkit.backends.llama.grammars import FLEETING_FUEL, Grammar, compile_schema, one_line
from promptkit.backends.llama.regexes import Unsayable
from promptkit.backends.llama.skeletons import Fits, PlacedForm, Skeleton, json_skeleton, text_skeleton
from promptkit.backends.llama.strings import StringTerminal, Unfit
from promptkit.constraints import Derived, Excerpt
from promptkit.errors import GrammarInvalid
from promptkit.requests import OutputSpec

__all__ = ["Decision", "compile_output", "decide"]

_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Which forms the grammar follows; the same when a plan is made and when a request is answered.

    Attributes:
        reasons: For each form, in their order, why it is left to the check; None where it is followed.
    """

    reasons: tuple[str | None, ...]

    def taken(self, forms: Sequence[PlacedForm]) -> list[PlacedForm]:
        """Those of the forms that are followed."""
        return [form for form, reason in zip(forms, self.reasons, strict=True) if reason is None]


def decide(spec: OutputSpec) -> Decision:
    """Which forms of ``spec`` its grammar follows. The sources of excerpts make no difference.

    Raises:
        GrammarInvalid: When no grammar can be made of the schema.
    """
    forms = _placed(spec)
    known = tuple((path, Excerpt(None) if isinstance(form, Excerpt) else form) for path, form in forms)
    return _decided(spec.json_bytes if spec.mode == "json" else None, known)


def compile_output(spec: OutputSpec) -> Grammar | None:
    """The grammar that an answer is decoded under.

    None for a plain text without rules that it could follow, and where enforce is off.

    Raises:
        GrammarInvalid: When no grammar can be made of the schema, or when no passage of a source fits the other
            rules of its field, for example since the source is empty.
    """
    if spec.enforce == "off":
        return None
    forms = decide(spec).taken(_placed(spec))
    schema = spec.json_bytes if spec.mode == "json" else None
    if not any(isinstance(form, Excerpt) for _, form in forms):
        return _compiled(schema, tuple(forms))
    try:
        skeleton = _skeleton(schema, forms, _check)
    except Unsayable as reason:
        raise GrammarInvalid(
            f"no answer can keep the output's rules with these inputs: {reason}; give inputs that hold such a "
            "passage, or leave the rule to the check with enforce: check"
        ) from None
    return replace(_grammar(schema, skeleton), is_fleeting=True)


def _placed(spec: OutputSpec) -> tuple[PlacedForm, ...]:
    if spec.enforce == "off":
        return ()
    return tuple((constraint.path, form) for constraint, form in spec.forms)


@lru_cache(maxsize=_KEPT)
def _decided(schema: bytes | None, forms: tuple[PlacedForm, ...]) -> Decision:
    taken: list[PlacedForm] = []
    reasons: list[str | None] = [None] * len(forms)
    # A quotation or a grammar stands alone, and binds more than what it excludes.
    order = sorted(range(len(forms)), key=lambda index: not isinstance(forms[index][1], Excerpt | Derived))
    for index in order:
        path, form = forms[index]
        try:
            _check(_skeleton(schema, [*taken, (path, form)]).at(path))
        except Unsayable as reason:
            reasons[index] = str(reason)
        else:
            taken.append((path, form))
    if taken and (error := _refusal(_skeleton(schema, taken).text)):
        reasons = [reason or error for reason in reasons]
    return Decision(reasons=tuple(reasons))


@lru_cache(maxsize=_KEPT)
def _compiled(schema: bytes | None, forms: tuple[PlacedForm, ...]) -> Grammar | None:
    if forms:
        return _grammar(schema, _skeleton(schema, forms))
    return None if schema is None else compile_schema(schema)


def _skeleton(schema: bytes | None, forms: Sequence[PlacedForm], fits: Fits | None = None) -> Skeleton:
    return (
        text_skeleton(forms, fits) if schema is None else json_skeleton(compile_schema(schema), forms, fits)
    )


def _grammar(schema: bytes | None, skeleton: Skeleton) -> Grammar:
    if schema is None:
        return Grammar(text=skeleton.text, wire={}, is_json=False)
    return replace(compile_schema(schema), text=skeleton.text, open_text=None)


def _check(terminal: StringTerminal) -> None:
    """Refuse a terminal that the engine cannot take, or that no text fits.

    Raises:
        Unsayable: When the engine cannot take it.
        Unfit: When no text fits.
    """
    if terminal.is_large and not terminal.is_combined:
        return
    grammar = "\n".join([f"start: {terminal.name}", *terminal.lines])
    matcher = _matcher(grammar)
    if matcher.is_error():
        raise Unsayable(f"the grammar engine refuses it: {one_line(matcher.get_error())}")
    if terminal.is_combined:
        matcher.compute_bitmask()
        if matcher.is_error():
            raise Unfit("no text fits all that is said of it")


def _refusal(grammar: str) -> str | None:
    """Why the engine cannot take a whole grammar; None when it can."""
    matcher = _matcher(grammar)
    return f"the grammar engine refuses it: {one_line(matcher.get_error())}" if matcher.is_error() else None


def _matcher(grammar: str) -> Any:
    """A matcher over bytes: what no text fits has nothing to begin with, whatever the model's tokens."""
    engine = guidance()
    limits = engine.LLParserLimits(verbose_errors=False, initial_lexer_fuel=FLEETING_FUEL)
    return engine.LLMatcher(_bytes_tokenizer(), grammar, log_level=0, limits=limits)


@cache
def _bytes_tokenizer() -> Any:
    return guidance().LLTokenizer("byte")
