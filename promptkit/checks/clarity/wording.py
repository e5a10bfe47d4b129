"""Wording: words that two readers take differently, and negations without an alternative."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptkit.checks.clarity.texts import Instruction, sentences
from promptkit.declarations import Declaration
from promptkit.rendering import Problem

__all__ = ["negation_problems", "vague_problems"]

_AMOUNT = (
    r"some(?! of (?:the|these|those) (?:\d|one|two|three))|several|a few|a couple of|various|a number of|a bit of|"
    r"sufficient(?:ly)?|adequate(?:ly)?|enough"
)
_QUALITY = (
    r"appropriate(?:ly)?|suitab(?:le|ly)|proper(?:ly)?|reasonabl[ey]|sensibl[ey]|nice(?:ly)?|decent(?:ly)?|"
    r"high[- ]quality|good enough|good|interesting|as well as possible"
)
_CONDITION = (
    r"(?:if|as|where|when) (?:necessary|needed|appropriate|possible|required|applicable)|and so (?:on|forth)|"
    r"etc|and the like|or similar"
)
_VAGUE = re.compile(rf"(?<![\w'-])(?:{_CONDITION}|{_QUALITY}|{_AMOUNT})(?![\w'-])", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|`[^`]*`|(?<!\w)'[^']*'(?!\w)")
_DEFINED = re.compile(r"^\s*(?:\(|:|,? that is|,? meaning)")
_MENDS = (
    (re.compile(_AMOUNT, re.IGNORECASE), "give a number or a range"),
    (re.compile(_CONDITION, re.IGNORECASE), "say when, or list all"),
    (re.compile(_QUALITY, re.IGNORECASE), "say what can be seen in the answer"),
)
_PARTS = ("task", "step", "done_when", "rule")

_NEGATION = re.compile(
    r"(?i)^(?:please )?(?:(?:you )?(?:must|should|may|can|shall)(?: not|n't| never)\b|do not\b|don't\b|never\b|avoid\b|"
    r"refrain from\b|stop \w+ing\b)"
)
_ALTERNATIVE = re.compile(
    r"(?i)\b(?:instead|rather|but|unless|except|only|use|write|leave|keep|say|give|put|set|ask|return|choose|prefer|"
    r"replace|mark|quote|skip|name|look|answer with|stick to)\b"
)


def vague_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Vague words in what instructs: task, steps, done_when and the sentences of rules, not background."""
    for text in instructions:
        if text.part not in _PARTS:
            continue
        words = _QUOTED.sub(lambda match: "_" * len(match.group()), text.text)
        for match in _VAGUE.finditer(words):
            if not _is_name(words, match) and not _DEFINED.match(words[match.end() :]):
                yield Problem(
                    rule="vague-word",
                    message=f'"{match.group()}" can be taken in many ways; {_mend(match.group())}',
                    file=declaration.place,
                    line=text.line,
                    lines=text.lines,
                    word=match.group(),
                )


def negation_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Sentences that say what not to do and leave open what to do."""
    for text in instructions:
        if text.part not in ("step", "rule", "task", "body"):
            continue
        parts = sentences(text.text)
        for at, sentence in enumerate(parts):
            if not _NEGATION.match(sentence):
                continue
            # A step or rule is about one thing, so its other sentences say what to do about it.
            beside = parts[at + 1 : at + 2] if text.part == "body" else parts[:at] + parts[at + 1 :]
            if not _has_alternative(sentence, beside, own=text.part != "body"):
                yield Problem(
                    rule="bare-negation",
                    message=f'"{_short(sentence)}" says what not to do; say what to do in its place as well',
                    file=declaration.place,
                    line=text.line,
                    lines=text.lines,
                    word=sentence.split()[0],
                )


def _has_alternative(sentence: str, beside: Sequence[str], *, own: bool) -> bool:
    rest = _NEGATION.sub("", sentence, count=1)
    _, comma, after = rest.partition(",")
    if re.search(r"(?i)\b(?:instead|rather|but|unless|except)\b", rest) or (
        comma and _ALTERNATIVE.search(after)
    ):
        return True
    if own:
        return any(not _NEGATION.match(other) for other in beside)
    return any(_ALTERNATIVE.match(other) or re.search(r"(?i)\binstead\b", other) for other in beside)


def _is_name(words: str, match: re.Match[str]) -> bool:
    """True for a word with a capital inside a sentence, which is part of a name."""
    if not match.group()[0].isupper():
        return False
    before = words[: match.start()].rstrip()
    return bool(before) and before[-1] not in ".!?:;\n"


def _mend(word: str) -> str:
    return next(mend for pattern, mend in _MENDS if pattern.fullmatch(word))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - about half a line
