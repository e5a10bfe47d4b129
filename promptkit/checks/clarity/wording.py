"""Wording: words that two readers take differently, and negations without an alternative."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptkit.checks.clarity.texts import Instruction, items, sentences
from promptkit.declarations import Declaration
from promptkit.rendering import Problem

__all__ = ["negation_problems", "vague_problems"]

_AMOUNT = (
    r"some(?! of (?:the|these|those) (?:\d|one|two|three))|several|a few|a couple of|various|a number of|a bit of|"
    r"sufficient(?:ly)?|adequate(?:ly)?|enough"
)
_QUALITY = (
    r"appropriate(?:ly)?|suitab(?:le|ly)|proper(?:ly)?(?! (?:noun|name|adjective)s?\b)|reasonabl[ey]|"
    r"sensibl[ey]|nice(?:ly)?|decent(?:ly)?|high[- ]quality|good enough|"
    r"good(?! (?:or|and|nor|to|versus|vs) (?:bad|poor)| faith)|interesting|as well as possible"
)
_CONDITION = (
    r"(?:if|as|where|when) (?:necessary|needed|appropriate|possible|required|applicable)|and so (?:on|forth)|"
    r"etc|and the like|or similar"
)
_VAGUE = re.compile(rf"(?<![\w'-])(?:{_CONDITION}|{_QUALITY}|{_AMOUNT})(?![\w'-])", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|`[^`]*`|(?<!\w)'[^']*'(?!\w)")
_DEFINED = re.compile(r"\s*(?:\(|:|,? that is|,? meaning)")
_MENDS = (
    (re.compile(_AMOUNT, re.IGNORECASE), "give a number or a range"),
    (re.compile(_CONDITION, re.IGNORECASE), "say when, or list all"),
    (re.compile(_QUALITY, re.IGNORECASE), "say what can be seen in the answer"),
)
_PARTS = ("task", "step", "done_when", "rule")
_ASKING = re.compile(
    r"(?i)^(?:please |then |also |finally |always |make sure to |try to )*(?:add|address|adapt|adjust|apply|analy[sz]e|"
    r"answer|arrange|ask|assign|begin|break|check|choose|cite|classify|close|compare|compose|copy|count|cover|create|"
    r"describe|design|draft|end|ensure|evaluate|explain|extract|fill|find|finish|focus|format|generate|give|group|help|"
    r"highlight|identify|include|keep|leave|limit|list|make|mention|name|note|offer|open|organi[sz]e|output|pick|plan|"
    r"present|prioriti[sz]e|produce|propose|provide|put|quote|rank|rate|recommend|refer|reply|report|respond|return|"
    r"review|rewrite|score|select|show|sort|split|start|state|structure|suggest|summari[sz]e|take|tell|translate|turn|"
    r"use|write)\b"
)
"""How a sentence of a body begins that asks for something; the others may be background."""
_FACT = re.compile(r"(?i)\b(?:if|when|where|while|unless|whether|because|since|though|although)\b[^,.;:]*$")
"""What stands before an amount that describes the input rather than asks for one: "if several apply"."""

_NEGATION = re.compile(
    r"(?i)^(?:please )?(?:(?:you )?(?:must|should|may|can|shall)(?: not|n't| never)\b|do not\b|don't\b|never\b|avoid\b|"
    r"refrain from\b|stop \w+ing\b)(?! (?:forget|fail|hesitate|neglect) to\b)"
)
# Text that is not to be changed stays as it is, and a limit says how far one may go.
_SAYS_ENOUGH = re.compile(
    r"(?i)^\s*(?:change|changing|alter|altering|modify|modifying|translate|translating|edit|editing|rephrase|reorder|"
    r"round|paraphrase|touch)\b|\b(?:exceed|(?:more|longer|fewer|less|shorter|further|later|earlier) than|over \d)\b"
)
_ALTERNATIVE = re.compile(
    r"(?i)\b(?:instead|rather|but|unless|except|only|use|write|leave|keep|say|give|put|set|ask|return|choose|prefer|"
    r"replace|mark|quote|skip|name|look|answer with|stick to)\b"
)
_SENTENCE = 500
"""Characters beside a word that are looked at: more than a sentence has."""
_WHOLE = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
"""What stands between sentences, not between the clauses of one."""
_ONLY = re.compile(r"(?i)\b(?:only|alone|exactly|verbatim|word for word|nothing else|as it is|as they are)\b")
"""What says all that may be done, so that the sentence behind it only says it again."""


def vague_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Vague words in what instructs: task, steps, done_when and the sentences of rules, not background."""
    for text in instructions:
        words = _QUOTED.sub(lambda match: "_" * len(match.group()), text.text)
        told = set[str]()  # all of one word stand at the place of the first
        for match in _vague_in(text, words):
            if match.group() in told:
                continue
            if not (_is_name(match) or _is_fact(match) or _DEFINED.match(_after(match))):
                told.add(match.group())
                yield Problem(
                    rule="vague-word",
                    message=f'"{match.group()}" can be taken in many ways; {_mend(match.group())}',
                    file=declaration.place,
                    line=text.line,
                    lines=text.lines,
                    word=match.group(),
                )


def _vague_in(text: Instruction, words: str) -> Iterator[re.Match[str]]:
    """The vague words of a declared part, and of those sentences of a body that ask for something."""
    if text.part in _PARTS:
        yield from _VAGUE.finditer(words)
    elif text.part == "body":
        for sentence in sentences(words):
            if _ASKING.match(sentence):
                yield from _VAGUE.finditer(sentence)


def negation_problems(declaration: Declaration, instructions: Sequence[Instruction]) -> Iterator[Problem]:
    """Sentences that say what not to do and leave open what to do."""
    for text in instructions:
        if text.part not in ("step", "rule", "task", "body"):
            continue
        pieces = items(text.text) if text.part == "body" else [(True, text.text)]
        for own, piece in pieces:
            for clause in _bare(piece, own=own):
                yield Problem(
                    rule="bare-negation",
                    message=f'"{_short(clause)}" says what not to do; say what to do in its place as well',
                    file=declaration.place,
                    line=text.line,
                    lines=text.lines,
                    word=clause.split()[0],
                )


def _bare(text: str, *, own: bool) -> Iterator[str]:
    """The clauses that forbid alone.

    Args:
        text: The text.
        own: True for a step, a rule or an item of a list: it is about one thing, so all that it says besides tells
            what to do about it. In running text only the same sentence and those beside it can.
    """
    wholes = [clauses for whole in _WHOLE.split(text) if (clauses := sentences(whole))]
    if own and any(not _NEGATION.match(clause) for whole in wholes for clause in whole):
        return
    for at, clauses in enumerate(wholes):
        if not own and any(not _NEGATION.match(clause) for clause in clauses):
            continue
        after = [clause for whole in wholes[at + 1 : at + 2] for clause in whole[:1]]
        before = [clause for whole in wholes[:at][-1:] for clause in whole[-1:]]
        if any(map(_offers, after)) or any(map(_ONLY.search, before + after)):
            continue
        yield from (clause for clause in clauses if not _has_alternative(clause))


def _has_alternative(sentence: str) -> bool:
    rest = _NEGATION.sub("", sentence, count=1)
    _, comma, after = rest.partition(",")
    return (
        _SAYS_ENOUGH.search(rest) is not None
        or re.search(r"(?i)\b(?:instead|rather|but|unless|except)\b", rest) is not None
        or (comma != "" and _ALTERNATIVE.search(after) is not None)
    )


def _offers(other: str) -> bool:
    """Whether the next sentence of a body says what to do in place of what the one before forbids."""
    said = re.sub(r"(?i)^(?:if|when|where|in that case|otherwise)\b[^,]*,\s*(?:then |please )?", "", other)
    return _ALTERNATIVE.match(said) is not None or re.search(r"(?i)\binstead\b", other) is not None


def _is_name(match: re.Match[str]) -> bool:
    """True for a word with a capital inside a sentence, which is part of a name."""
    if not match.group()[0].isupper():
        return False
    before = _before(match).rstrip()
    return bool(before) and before[-1] not in ".!?:;\n"


def _is_fact(match: re.Match[str]) -> bool:
    """True for an amount in a condition: how much the input has, not how much is to be written."""
    amount = re.fullmatch(r"(?i)some|several|a few|a couple of|various|a number of", match.group())
    return amount is not None and _FACT.search(_before(match)) is not None


def _before(match: re.Match[str]) -> str:
    """What stands before a word, as far as a sentence goes: a text may have thousands of them."""
    return match.string[max(0, match.start() - _SENTENCE) : match.start()]


def _after(match: re.Match[str]) -> str:
    return match.string[match.end() : match.end() + _SENTENCE]


def _mend(word: str) -> str:
    return next(mend for pattern, mend in _MENDS if pattern.fullmatch(word))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - about half a line
