"""What customers write: the phrasings of `phrases/` and `tones.toml`, read, marked and split.

A phrasing may be "a (b|c) {slot}": one alternative is drawn, and the slot is filled. A mark at
its end, as in "I need it by Friday <high>", is the sentiment or urgency that its own words carry.
"""

import re
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "KIND_LABELS",
    "Line",
    "held_texts",
    "keep",
    "parse",
    "plain",
    "tones",
    "topics",
    "variants",
    "writable",
    "written",
    "written_tones",
]

HERE = Path(__file__).parent
KIND_LABELS = {
    "fault": ("negative", "normal"),
    "sarcasm": ("negative", "normal"),
    "request": ("neutral", "normal"),
    "danger": ("negative", "high"),
    "praise": ("positive", "low"),
}
# Of a list of at least LEAST phrasings about one in EVERY is held out, by a hash of its words.
LEAST, EVERY, HELD = 5, 10, 3
MARK = re.compile(r"(.*?)((?: <(?:negative|neutral|positive|low|normal|high)>)*)", re.DOTALL)
SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class Line:
    """A phrasing.

    Attributes:
        tree: Strings and lists of alternatives, which are such trees again.
        sentiment: What its own words carry, where that is not its kind's; empty for none.
        urgency: The same.
        weight: How often it is drawn; one that can be written in many ways comes more often.
    """

    tree: list[str | list]
    sentiment: str = ""
    urgency: str = ""
    weight: float = 1.0


def parse(text: str) -> Line:
    """Read "a (b|c) <high>"."""
    whole = MARK.fullmatch(text)
    assert whole, text
    stack: list[list] = [[[]]]
    for piece in re.split(r"([(|)])", whole[1]):
        if piece == "(":
            stack.append([[]])
        elif piece == ")" and len(stack) > 1:
            alternatives = stack.pop()
            stack[-1][-1].append(alternatives)
        elif piece == "|" and len(stack) > 1:
            stack[-1].append([])
        else:
            stack[-1][-1].append(piece)
    if len(stack) > 1 or ")" in stack[0][0]:
        raise ValueError(f"a bracket has no partner in {text!r}; brackets hold alternatives")
    marks = re.findall(r"\w+", whole[2])
    return Line(
        stack[0][0],
        next((mark for mark in marks if mark in SENTIMENTS), ""),
        next((mark for mark in marks if mark not in SENTIMENTS), ""),
        1 + 0.5 * min(4, sum(isinstance(node, list) for node in stack[0][0])),
    )


def variants(tree: Sequence[str | list]) -> Iterator[str]:
    """Yield every text that a tree can write, slots unfilled."""
    if not tree:
        yield ""
        return
    first = tree[0]
    heads = [first] if isinstance(first, str) else [text for branch in first for text in variants(branch)]
    for head in heads:
        for tail in variants(tree[1:]):
            yield head + tail


def plain(text: str) -> str:
    """Return a text without capitals, punctuation and the place of the order number, to compare by."""
    return " ".join(re.findall(r"[\w{}']+", re.sub(r"\{o[^}]*\}", " ", text.lower())))


def keep(lines: Sequence[str], split: str) -> list[str]:
    """Choose the phrasings of a split: "train", "holdout" or "all".

    Where a phrasing belongs depends on its own text alone, so that new lines move no old one.
    A list of under five lines has none to hold out.
    """
    if split == "all":
        return list(lines)
    held = [
        line for line in lines if len(lines) >= LEAST and zlib.crc32(line.encode("utf-8")) % EVERY == HELD
    ]
    return held if split == "holdout" else [line for line in lines if line not in held]


def written(split: str = "all") -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield category, topic, kind and phrasings of a split, by file."""
    for path in sorted((HERE / "phrases").glob("*/*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        for kind in KIND_LABELS:
            if lines := keep(data.get(kind, []), split):
                yield data["category"], path.stem, kind, lines


def writable(texts: Sequence[str], forbidden: AbstractSet[str]) -> list[Line]:
    """Parse phrasings; one that can write nothing but what is forbidden is left out."""
    lines = [parse(text) for text in texts]
    return [line for line in lines if any(plain(text) not in forbidden for text in variants(line.tree))]


def topics(
    split: str, forbidden: AbstractSet[str] = frozenset()
) -> tuple[dict[str, dict[str, list[Line]]], dict[str, str]]:
    """Return the phrasings of a split by topic and kind, and the category of every topic."""
    lines: dict[str, dict[str, list[Line]]] = {}
    categories: dict[str, str] = {}
    for category, topic, kind, texts in written(split):
        categories[topic] = category
        lines.setdefault(topic, {})[kind] = writable(texts, forbidden)
    return lines, categories


def held_texts() -> set[str]:
    """Return all that the held-out phrasings of topics can write, compared as `plain` says."""
    return {
        plain(text)
        for *_, lines in written("holdout")
        for line in lines
        for text in variants(parse(line).tree)
    }


def tones(split: str, forbidden: AbstractSet[str] = frozenset()) -> dict[str, list[Line]]:
    """Return the parts of a split that every topic shares; a list too short to split is used whole."""
    return {key: writable(lines, forbidden) for key, lines in written_tones(split).items()}


def written_tones(split: str = "all") -> dict[str, list[str]]:
    """Return the same as they are written."""
    data = tomllib.loads((HERE / "tones.toml").read_text("utf-8"))
    return {key: keep(lines, split) or lines for key, lines in data.items()}
