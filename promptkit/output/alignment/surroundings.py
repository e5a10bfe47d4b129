"""What the words around a value say of it: a draft, a sample, a quotation, the final one, a refusal, a page of HTML."""

from __future__ import annotations

import re
from enum import StrEnum

__all__ = [
    "Standing",
    "goes_on",
    "is_html",
    "is_noise",
    "is_refusal",
    "offers_alternatives",
    "standing",
    "takes_back",
]


class Standing(StrEnum):
    """What the words before a value call it."""

    FINAL = "final"
    PLAIN = "plain"
    DRAFT = "draft"
    SAMPLE = "sample"
    QUOTED = "quoted"


_SAID = (
    (
        Standing.FINAL,
        (
            r"final(?:ly|ised|ized)?|correct(?:ed|ion)|revis(?:ed|ion)|updated?|fixed|actually|instead|conclusion"
            r"|improved|better version|(?:should|must) be"
        ),
    ),
    (
        Standing.PLAIN,
        r"answer|results?|output|response|verdict|json|extract(?:ed|ion)|here (?:is|are|it is|you go)|here['’]s",
    ),
    (
        Standing.DRAFT,
        (
            r"draft|(?:first|1st|rough|initial) (?:try|attempt|pass|version|guess|answer|take)|initial(?:ly)?|rough"
            r"|at first|wrong|incorrect|not (?:this|correct|right)|previous(?:ly)?|old version|earlier"
        ),
    ),
    (
        Standing.SAMPLE,
        r"examples?|e\.g\.|for instance|such as|formats?|schema|template|sample|placeholder|in the form|structure",
    ),
    (
        Standing.QUOTED,
        (
            r"(?:user|customer|client|sender|author|you|they|he|she|message|mail|email|ticket|document|text|request"
            r"|input)(?:['’]s)?(?: (?:input|message|text|request|mail|email|prompt))? (?:has |have |had |also )?"
            r"(?:said|says?|wrote|writes?|written|sent|sends?|gave|gives?|given|provided?|asked|asks?|claimed|claims?"
            r"|contained|contains?|reads?|was|is|submitted|pasted|included|includes|tells? me|wants?|quoted|quotes?)"
            r"|(?:user|your|customer|given|provided|original) (?:input|message|text|request)"
            r"|(?:^|\n)\W*(?:input|user|source|original|received|customer|quote)\s*:"
        ),
    ),
)
_APART = (Standing.DRAFT, Standing.SAMPLE, Standing.QUOTED)
_STANDINGS = [(kind, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for kind, words in _SAID]
_ALTERNATIVES = re.compile(
    r"\b(?:or|alternatively|either|option|alternative|possibilit(?:y|ies)|could also|version [2b])\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\bthat(?:['’]s| is| was) (?:wrong|incorrect|not (?:right|correct))|\bshould (?:be|have been)\b|\bcorrection\b"
    r"|\bscratch that\b|\bignore (?:that|the above)\b|\bmade a mistake\b|\bon second thoughts?\b|\bno, wait\b"
    r"|^\W*wait\b|\bI was wrong\b|\bnot correct\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\bI(?:['’]m| am)? ?(?:can(?:['’]t|not| not)|could ?n['’]t|won['’]t|will not|do not|don['’]t feel able to"
    r"|unable to|not able to|not going to|must decline to|have to decline to|refuse to)\s+(?:\w+\s+){0,2}?"
    r"(?:help|assist|comply|fulfil?l?|answer|provide|do (?:that|this|so)|process|complete|generate|create|produce|share"
    r"|follow|support|discuss|continue|be used)\b|\bas an AI\b|\bagainst my (?:guidelines|policy|policies)\b"
    r"|\bI must decline\b",
    re.IGNORECASE,
)
_HTML = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_NOISE = re.compile(
    r"(?:[\s>*_#;.]|`{1,5}|~{3,5}|\ufeff|\u200b|\d{1,3}[.)](?=\s)"
    r"|(?<=[`~])[A-Za-z0-9_+.-]{1,20}(?=\s)|\bjson5?\b|</?[A-Za-z_][^<>{}]{0,80}>|<\|[^<>|]{1,40}\|>|\[/?[A-Z_]{3,20}\]"
    r"|</?s>|(?<=\|>)(?:assistant|final|json|analysis|commentary)(?=<\|))*",
    re.IGNORECASE,
)
_MORE = re.compile(r"[\s}\],]{0,80}[\"'][^\"'\n]{0,200}[\"']\s{0,20}[:,\]}]")
_NEAR = 240


def standing(before: str) -> Standing:
    """What the words between the value before and this one call it.

    The nearest of them decides; that a value is an answer does not unsay that it is the final one.

    Args:
        before: The text between the two, or from the beginning.
    """
    near = before[-_NEAR:]
    said = sorted((found.end(), kind) for kind, pattern in _STANDINGS for found in pattern.finditer(near))
    kinds = [kind for _, kind in said]
    last = kinds[-1] if kinds else Standing.PLAIN
    if last is not Standing.PLAIN:
        return last
    behind = next((at for at in reversed(range(len(kinds))) if kinds[at] in _APART), -1)
    return Standing.FINAL if Standing.FINAL in kinds[behind + 1 :] else Standing.PLAIN


def offers_alternatives(text: str) -> bool:
    """True when words put one value beside another to choose from."""
    return _ALTERNATIVES.search(text) is not None


def takes_back(after: str) -> bool:
    """True when the words behind a value say that it is wrong."""
    return _TAKEN_BACK.search(after[:2_000]) is not None


def goes_on(after: str) -> bool:
    """True when what stands right behind a value looks like more of it: texts with commas or colons."""
    return _MORE.match(after) is not None


def is_refusal(text: str) -> bool:
    """True for words by which models decline, for example that they cannot help."""
    return _REFUSAL.search(text[:4_000]) is not None


def is_html(text: str) -> bool:
    """True for a page, as proxies and gateways answer with one."""
    return _HTML.match(text) is not None


def is_noise(text: str) -> bool:
    """True for what stands around a value and says nothing: fences, tags, marks of chat formats, blanks."""
    found = _NOISE.match(text)
    return found is not None and found.end() == len(text)
