"""Prose: which parts of an output are running text for people, and which of them have a length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from promptkit.checks.clarity.texts import Instruction, sentences
from promptkit.constraints import Constraint
from promptkit.prompts import Prompt
from promptkit.schemas.fragments import resolve, types_of, without_null
from promptkit.schemas.json_types import is_mapping

__all__ = ["Prose", "names_length", "prose_of"]

# What a field of running text is mostly called; a name, a code or a key is none.
_NAMES = re.compile(
    r"(?i)(?:^|_)(?:advice|announcement|answer|article|body|caption|comment|copy|description|draft|e?mail|essay|"
    r"explanation|feedback|introduction|letter|message|minutes|note|paragraph|plot|post|reason|reasons|reasoning|"
    r"recommendation|reply|report|response|review|speech|story|summary|text|translation|verdict_text|why)(?:$|_)"
)
# What a source may have as well: where the task is to take things out of it, these are copies.
_COPIED = re.compile(
    r"(?i)(?:^|_)(?:article|body|comment|copy|description|e?mail|letter|message|minutes|note|paragraph|post|story|"
    r"text|title)(?:$|_)"
)
_PIECE = re.compile(r"(?i)(?:^|_)(?:paragraph|text)(?:$|_)")
"""Pieces of something rather than texts, but where the task is to write."""
_TAKING = re.compile(
    r"(?i)^(?:please )?(?:carefully )?(?:extract|copy|transcribe|parse|pull|collect|find|list|split|take|read|locate|"
    r"digiti[sz]e|tag|mark|label)\b"
)
_WRITING = re.compile(
    r"(?i)\b(?:answer|compose|describe|draft|explain|paraphrase|rephrase|reply|respond|rewrite|summari[sz]e|translate|"
    r"write|tell|advise)\b"
)
# The product is as long as its source.
_AS_LONG = re.compile(
    r"(?i)^(?:please )?(?:translate|transliterate|transcribe|redact|anonymi[sz]e|proofread|correct|localise|localize|"
    r"punctuate|reformat|convert|replace|mask)\b"
)
# A whole text that a machine reads, or that is one of a few values.
_NO_PROSE = re.compile(
    r"(?i)\b(?:write|generate|produce|return|output|give|(?:respond|reply|answer) with|translate|convert|create|"
    r"implement)\s+(?:(?!of\b|about\b|on\b|for\b|what\b|how\b|that\b)[\w-]+\s+){0,5}?"
    r"(?:sql|quer(?:y|ies)|regex|regular expressions?|code|script|function|(?:unit )?tests?|json|yaml|xml|csv|html|"
    r"commands?|configuration|config|dockerfile|class|module|formula|number|identifier|id)\b|"
    r"\b(?:answer|reply|respond|return|output|print)\b[^.;\n]{0,50}\b(?:yes or no|true or false|one of|"
    r"(?:only|just) (?:the|its|a) (?:label|category|number|name|code|id|letter|class|score|intent|language|value))\b"
)
_TO_PEOPLE = re.compile(
    r"(?i)(?:^|_)(?:announcement|article|body|copy|draft|e?mail|letter|message|post|reply|response|speech|story)(?:$|_)"
)
_CLOSING = frozenset(
    {
        "grammar",
        "matches",
        "one_of",
        "one_of_input",
        "quoted_from",
        "format",
        "between",
        "is_date",
    }
)
"""Kinds of rules after which a text is no free prose."""
_LENGTHS = frozenset(
    {
        "characters",
        "lines",
        "max_characters",
        "max_lines",
        "max_sentences",
        "max_words",
        "sentences",
        "words",
    }
)
_SHORT = 10
"""Words up to which a text is a title or a name rather than prose."""


@dataclass(frozen=True, slots=True)
class Prose:
    """One place of prose.

    Attributes:
        path: Path in the output; empty for a whole text.
        bounded: True when a rule, the schema or the field's description gives it a length.
        to_people: True when it is written to someone, as a reply or a letter is.
    """

    path: str
    bounded: bool
    to_people: bool


def prose_of(prompt: Prompt[Any], instructions: Sequence[Instruction]) -> list[Prose]:
    """The places of prose in a prompt's output; none where it is closed, short, copied or data."""
    output = prompt.contract.output
    asked = _asked(instructions)
    as_long = any(map(_AS_LONG.match, asked))
    if output.mode == "text":
        kinds = _rules_at(output.constraints, "")
        closed = _CLOSING & kinds.keys() or _is_short(kinds) or any(map(_NO_PROSE.search, asked))
        return [] if closed else [Prose("", bool(_LENGTHS & kinds.keys()) or as_long, to_people=True)]
    schema = output.schema.json_schema
    found = _fields(without_null(resolve(schema, schema)), schema, "", output.constraints)
    taken = any(map(_TAKING.match, asked))
    written = any(map(_WRITING.search, asked))
    return [
        replace(part, bounded=part.bounded or as_long)
        for part in found
        if not (taken and _COPIED.search(_last(part.path)))
        and (written or not _PIECE.search(_last(part.path)))
    ]


def _asked(instructions: Sequence[Instruction]) -> list[str]:
    """The sentences that say what to make: those of the task, or of the body where there is none."""
    task = [text for text in instructions if text.part == "task"]
    body = [text for text in instructions if text.part == "body"]
    return [sentence for text in task or body for sentence in sentences(text.text)]


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _fields(
    fragment: Mapping[str, Any],
    root: Mapping[str, Any],
    path: str,
    rules: Sequence[Constraint],
    above: frozenset[int] = frozenset(),
) -> Iterator[Prose]:
    properties = fragment.get("properties", {})
    if not is_mapping(properties) or id(properties) in above:  # a schema may refer to itself
        return
    above |= {id(properties)}
    for name, part in properties.items():
        inner = without_null(resolve(part if is_mapping(part) else {}, root))
        place = f"{path}.{name}" if path else name
        if types_of(inner) == ("string",):
            yield from _text_field(name, inner, place, rules)
        elif types_of(inner) == ("object",):
            yield from _fields(inner, root, place, rules, above)
        elif is_mapping(inner.get("items")):
            item = without_null(resolve(inner["items"], root))
            yield from _fields(item, root, f"{place}[]", rules, above)


def _text_field(
    name: str, fragment: Mapping[str, Any], path: str, rules: Sequence[Constraint]
) -> Iterator[Prose]:
    kinds = _rules_at(rules, path)
    closed = {"const", "enum", "format", "pattern"} & fragment.keys() or _CLOSING & kinds.keys()
    if closed or _is_short(kinds) or not _NAMES.search(name):
        return
    about = str(fragment.get("description", ""))
    bounded = bool(_LENGTHS & kinds.keys()) or "maxLength" in fragment or names_length(about)
    yield Prose(path, bounded, to_people=_TO_PEOPLE.search(name) is not None)


def _rules_at(rules: Sequence[Constraint], path: str) -> dict[str, Any]:
    return {rule.rule.kind: rule.rule for rule in rules if rule.path == path}


def _is_short(kinds: Mapping[str, Any]) -> bool:
    most = getattr(kinds.get("max_words"), "most", None)
    return isinstance(most, int) and most <= _SHORT


_NUMBER = (
    r"(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|a single|half a|in an?|as an?|_)"
)
_UNIT = (
    r"(?:words?|sentences?|characters?|letters?|lines?|paragraphs?|pages?|bullets?|items?|points?|steps?|minutes?|"
    r"seconds?|tokens?|verses?|stanzas?|syllables?|reasons?|examples?|questions?|titles?|"
    r"tips?|ideas?|options?|facts?|takeaways?|sections?|rows?|chars|exchanges?|headlines?|palabras|oraciones|frases|"
    r"wörtern?|worte?n?|sätzen?|zeilen?|mots|phrases|lignes|parole|frasi|woorden|zinnen)"
)
_LENGTH = re.compile(
    rf"(?i)\b{_NUMBER}(?:[- ](?:to|or|and|bis|a|à)[- ]{_NUMBER})?(?:[- ](?!of\b|the\b)[\w-]+,?){{0,3}}[- ]{_UNIT}\b"
)
_SAME_LENGTH = re.compile(
    r"(?i)\b(?:as long as|about as long|same length|(?:its|the|their|at its) length|length of|equally long|"
    r"as many words|within \w+ words|word for word|(?:longer|shorter) than (?:the|its|half|twice)|"
    r"(?:half|twice|a third|a quarter|\d+ ?(?:%|percent|per cent)) (?:as long|of (?:the|its)|the length|longer|"
    r"shorter)|one-liner|tweet|haiku|limerick|sonnet|couplet)\b"
)


def names_length(text: str) -> bool:
    """Whether a text says how long something is to be."""
    return bool(_LENGTH.search(text) or _SAME_LENGTH.search(text))
