"""One string of an answer as a terminal of the grammar: what its schema and its rules allow of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptkit.backends.llama.bans import ban_terminals
from promptkit.backends.llama.regexes import Unsayable, found_regex, whole_regex
from promptkit.backends.llama.spellings import Spelling, charset
from promptkit.constraints import Derived, Excerpt, Form, Listed, Whole, Without

__all__ = ["StringTerminal", "Unfit", "quoted", "string_terminal"]

_SAID = frozenset({"type", "enum", "const", "pattern", "minLength", "maxLength"})
# A word is one piece of a source and everything else is by itself, as are the characters of scripts that put no
# blanks between words: Thai and Lao, Myanmar, Khmer, and all from CJK on.
_PIECES = re.compile(
    r"(?:(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uabff\uac00-\U0010ffff])[^\W_])+|[\s\S]"
)
_BLANKS = frozenset(character for character in map(chr, range(0x3001)) if character.isspace())
_FAR = 100
_BETWEEN = "\uffff"  # a noncharacter between sources; excluded from every passage


class Unfit(Unsayable):
    """No text fits: where null or nothing may stand instead, that must stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StringTerminal:
    """A terminal and what it needs.

    Attributes:
        name: The terminal's name.
        lines: Its definition in Lark, with those of all terminals inside.
        is_combined: True when several conditions must hold at once, so that no text may be left.
        is_large: True when it holds the texts of inputs, which take long to compile.
    """

    name: str
    lines: tuple[str, ...]
    is_combined: bool
    is_large: bool


def string_terminal(
    fragment: Mapping[str, Any], forms: Sequence[Form], spelling: Spelling, name: str
) -> StringTerminal:
    """The terminal for a string, quotes included.

    Args:
        fragment: The JSON Schema of the string, silent keywords left out.
        forms: What the rules allow; an Excerpt whose sources are unknown is left out.
        spelling: How it stands in the answer.
        name: The terminal's name; others begin with it.

    Raises:
        Unsayable: When something of it cannot be said.
        Unfit: When no source has a passage.
    """
    if unsaid := fragment.keys() - _SAID:
        raise Unsayable(f"it cannot be combined with {', '.join(sorted(unsaid))}")
    if any(isinstance(form, Derived) for form in forms):
        raise Unsayable("a grammar binds a whole text, not a string of JSON")
    sources = [form for form in forms if isinstance(form, Excerpt)]
    if sources and (len(forms) > 1 or "pattern" in fragment):
        # The engine's automaton of a long source grows beyond its limits under another condition on letters.
        raise Unsayable("a quotation cannot be combined with another rule on its letters")
    if sum(_counts(fragment, forms)) > 1:
        raise Unsayable("two long counts on one text are more than the grammar engine can follow")
    lines = [f"{name}_C: /{spelling.character}/"]
    conditions = [_length(fragment, f"{name}_C"), *_of_schema(fragment, spelling)]
    for number, form in enumerate(forms):
        part = f"{name}_{number}"
        if isinstance(form, Whole):
            conditions.append(_regex(whole_regex(form.pattern, spelling)))
        elif isinstance(form, Without):
            lines += ban_terminals(form.phrases, spelling, part)
            conditions.append(f"~{part}")
        elif isinstance(form, Listed):
            conditions.append(_one_of(form.texts, spelling))
        elif isinstance(form, Excerpt) and form.texts is not None:
            lines += _passages(form, spelling, part, fragment.get("maxLength"))
            conditions += [part, f"({name}_C* {part}_N {name}_C*)"]
    quote = f"{quoted(spelling.quote)} " if spelling.quote else ""
    lines.append(f"{name}: {quote}({' & '.join(conditions)}) {quote}".rstrip())
    is_large = any(form.texts is not None for form in sources)
    return StringTerminal(
        name=name,
        lines=tuple(lines),
        is_combined=len(forms) > 1 or bool(fragment.keys() - {"type", "maxLength"}),
        is_large=is_large,
    )


def quoted(text: str) -> str:
    """The text as a literal of Lark."""
    return json.dumps(text)


def _regex(regex: str) -> str:
    return f"/{regex}/" if regex else '""'


def _counts(fragment: Mapping[str, Any], forms: Sequence[Form]) -> Iterator[bool]:
    """For each condition, whether it counts far: the automaton has a state for every pair of counts."""
    yield max(fragment.get("minLength", 0), fragment.get("maxLength", 0)) > _FAR
    for pattern in (
        fragment.get("pattern", ""),
        *(form.pattern for form in forms if isinstance(form, Whole)),
    ):
        yield any(int(count) > _FAR for count in re.findall(r"\d+(?=,?\d*\})", pattern))


def _length(fragment: Mapping[str, Any], character: str) -> str:
    least, most = int(fragment.get("minLength", 0)), fragment.get("maxLength")
    if most is None:
        return f"{character}{{{least},}}" if least else f"{character}*"
    return f"{character}{{{least},{int(most)}}}" if most else '""'


def _of_schema(fragment: Mapping[str, Any], spelling: Spelling) -> Iterator[str]:
    if "pattern" in fragment:
        yield _regex(found_regex(fragment["pattern"], spelling))
    for keyword in ("enum", "const"):
        if keyword in fragment:
            values = fragment["enum"] if keyword == "enum" else [fragment["const"]]
            texts = [value for value in values if isinstance(value, str)]
            if not texts:
                raise Unsayable("no value of its enum is a string")
            yield _one_of(texts, spelling)


def _one_of(texts: Sequence[str], spelling: Spelling) -> str:
    return f"({' | '.join(quoted(spelling.spelled(text)) for text in texts)})"


def _passages(form: Excerpt, spelling: Spelling, name: str, most: int | None) -> Iterator[str]:
    """Whole words of one source in their order, as they are written there, at least one of them not blank."""
    pieces: list[str] = []
    for text in form.texts or ():
        # Half a surrogate pair is no character, and cannot be written.
        for part in re.split(r"[\ud800-\udfff\uffff]", text):
            pieces += [*_PIECES.findall(part), _BETWEEN]
    words = [piece for piece in pieces if not piece.isspace() and piece != _BETWEEN]
    if not words:
        raise Unfit("the source that it is to be quoted from is empty")
    if most is not None and min(map(len, words)) > most:
        raise Unfit(f"no word of the source has at most {most:g} characters")
    chunks = [piece if piece == _BETWEEN else spelling.spelled(piece) for piece in pieces]
    yield f"{name}_B: %regex {json.dumps({'substring_chunks': chunks}, ensure_ascii=False)}"
    yield f"{name}: {name}_B & /[^{charset([_BETWEEN])}]*/"
    yield (f"{name}_N: /{spelling.one_of('^' + charset(_BLANKS), lambda special: not special.isspace())}/")
