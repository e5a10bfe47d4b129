"""Texts of strangers without what nobody sees and without what a tokenizer could take for a control token."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from promptkit.schemas.json_types import is_list, is_object
from promptkit.schemas.places import below

__all__ = ["WAYS", "Change", "Cleaned", "CleanedInputs", "Cleaning", "clean", "clean_inputs"]

Cleaning: TypeAlias = Literal["controls", "tokens"]
WAYS: tuple[Cleaning, ...] = ("controls", "tokens")
"""``controls`` takes out characters that nobody sees, ``tokens`` breaks the text of special tokens."""

# C0, DEL and C1 (Unicode 16.0, chapter 23.1); explicit and implicit directional formatting (UAX #9, 2.1 to 2.6);
# soft hyphen, grapheme joiner, zero width space, word joiner, invisible operators, deprecated format characters,
# byte order mark, interlinear annotation, tags (chapters 23.2 to 23.9).
_UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    r"\u00ad\u034f\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f"
)
_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ
_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
"""The three flags that are written with tags (UTS #51, emoji tag sequences recommended for interchange)."""
_RUN = re.compile(rf"(?P<flag>{'|'.join(_FLAGS)})|(?:[{_UNSEEN}{_JOINERS}]|\r(?!\n))+")
# The blocks whose words are written with joiners: Arabic, Syriac, NKo, Mandaic, the scripts of India and Sri Lanka,
# Tibetan, Myanmar, Khmer, Mongolian, Balinese to Lepcha, Arabic presentation forms and the Indic scripts of plane 1
# (Unicode 16.0, chapter 23.2 "Cursive Connection and Ligatures"; UAX #31, 2.3).
_JOINED = re.compile(
    r"[\u0600-\u06ff\u0700-\u077f\u07c0-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af"
    r"\u1b00-\u1c4f\ua840-\ua8ff\ua980-\uaadf\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U00011fff]"
)
_PICTURES = re.compile(r"[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]")
"""Emoji, of which some are written as several with a joiner between them (UTS #51, emoji ZWJ sequences)."""

_BREAK = "\\"
_ANGLED = (
    "s|unk|pad|bos|eos|mask|cls|sep|eot|EOT|sop|eop|think|tool_call|tool_response|tools|start_of_turn|end_of_turn|"
    r"start_of_image|end_of_image|image_soft_token|fim_prefix|fim_middle|fim_suffix|unused\d+|extra_id_\d+|"
    r"reserved_\d+|SPECIAL_\d+"
)
_SQUARED = (
    "INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|THINK|IMG|IMG_BREAK|"
    "IMG_END|AUDIO|PREFIX|MIDDLE|SUFFIX|gMASK|sMASK|MASK|CLS|SEP|PAD|UNK|BOS|EOS"
)
# Nothing but the first bracket is taken, so that a token inside what looks like another one is broken too.
_TOKEN = re.compile(
    r"[<\uff1c](?=[|\uff5c][^\s<>\uff1c\uff1e]{1,64}[>\uff1e])"  # <|im_start|>, also with wide brackets and bars
    r"|<(?=[\w\u2581]{1,64}[|\uff5c]>)"  # <turn|>
    rf"|<(?=/?(?:{_ANGLED})>)|<(?=</?SYS>>)|\[(?=/?(?:{_SQUARED})\])"
)
_Edit: TypeAlias = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One place of a text that was changed.

    Attributes:
        before: What stood there; empty where something was put in.
        after: What stands there now; empty where something was taken out.
        original: First character in the original, counted from 0.
        cleaned: First character in the cleaned text.
    """

    before: str
    after: str
    original: int
    cleaned: int


class Cleaned(str):
    """A cleaned text that knows what it was made from.

    Attributes:
        original: The text before.
        changes: What was changed, in order.
    """

    __slots__ = ("changes", "original")

    original: str
    changes: tuple[Change, ...]

    @classmethod
    def of(cls, original: str, changes: tuple[Change, ...]) -> Cleaned:
        """The text with the changes made."""
        made = cls("".join(_pieces(original, changes)))
        made.original, made.changes = original, changes
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Cleaned.of, (self.original, self.changes)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a passage stands in the original, without what was taken out at its edges.

        Args:
            start: First character of the passage in this text, counted from 0.
            end: The character behind its last one.

        Raises:
            ValueError: When this text has no such passage.
        """
        if not 0 <= start <= end <= len(self):
            raise ValueError(f"there is no passage from {start} to {end} in a text of {len(self)} characters")
        first, last = self._place(start, last=False), self._place(end, last=True)
        return first, max(first, last)

    def _place(self, at: int, *, last: bool) -> int:
        moved = 0  # how much further the place is in the original
        for change in self.changes:
            behind = change.cleaned + len(change.after)
            if change.cleaned > at or (last and change.cleaned == at):
                break
            if behind > at or (last and behind == at and change.after):
                return change.original
            moved = change.original + len(change.before) - behind
        return at + moved


def _pieces(original: str, changes: tuple[Change, ...]) -> Iterator[str]:
    at = 0
    for change in changes:
        yield original[at : change.original]
        yield change.after
        at = change.original + len(change.before)
    yield original[at:]


def clean(text: str, ways: tuple[Cleaning, ...]) -> str:
    """The text itself where there is nothing to clean, else a :class:`Cleaned`.

    Nothing else of the text changes, and what is cleaned stays as it is when it is cleaned again.

    Args:
        text: Any text.
        ways: What is done, of :data:`WAYS`; controls come first, since they can hide a token.
    """
    gone = list(_unseen(text)) if "controls" in ways else []
    left = "".join(_pieces(text, _changes(text, gone))) if gone else text
    edits = [*gone, *_broken(left, gone)] if "tokens" in ways else gone
    return Cleaned.of(text, _changes(text, sorted(edits))) if edits else text


def _unseen(text: str) -> Iterator[_Edit]:
    for found in _RUN.finditer(text):
        if found.group("flag"):
            continue
        start, end = found.span()
        kept = next((at for at in range(start, end) if text[at] in _JOINERS), None)
        if kept is None or not _joins(text[start - 1 : start], text[kept], text[end : end + 1]):
            yield start, end, ""
            continue
        if start < kept:
            yield start, kept, ""
        if kept + 1 < end:
            yield kept + 1, end, ""


def _joins(before: str, joiner: str, behind: str) -> bool:
    """Whether a joiner has a meaning between these two."""
    if _JOINED.match(before) and _JOINED.match(behind):
        return True
    return joiner == "\u200d" and bool(_PICTURES.match(before) and _PICTURES.match(behind))


def _broken(left: str, gone: list[_Edit]) -> Iterator[_Edit]:
    """Breaks behind the first character of each token, at their places in the text before ``gone`` was taken out."""
    moved, at = 0, 0
    for found in _TOKEN.finditer(left):
        while at < len(gone) and gone[at][0] < found.end() + moved:
            moved += gone[at][1] - gone[at][0]
            at += 1
        yield found.end() + moved, found.end() + moved, _BREAK


def _changes(text: str, edits: list[_Edit]) -> tuple[Change, ...]:
    moved, made = 0, list[Change]()
    for start, end, after in edits:
        made.append(Change(before=text[start:end], after=after, original=start, cleaned=start + moved))
        moved += len(after) - (end - start)
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedInputs:
    """Inputs of which some were cleaned.

    Attributes:
        shown: What the template prints, in plain strings.
        compared: What rules compare an answer with: the same, in texts that know their originals.
        cleaned: The texts that changed, by path, such as ``ticket.body`` or ``docs[0]``.
    """

    shown: dict[str, Any]
    compared: dict[str, Any]
    cleaned: Mapping[str, Cleaned]


def clean_inputs(values: Mapping[str, Any], ways: Mapping[str, tuple[Cleaning, ...]]) -> CleanedInputs:
    """The inputs with every text of those that ``ways`` names cleaned; the names inside of objects stay.

    Args:
        values: The validated inputs.
        ways: What is done, by input.
    """
    found: dict[str, Cleaned] = {}
    compared, shown = dict(values), dict(values)
    for name, chosen in ways.items():
        if name in values:
            compared[name] = _walked(values[name], name, chosen, found)
            shown[name] = _plain(compared[name])
    return CleanedInputs(shown=shown, compared=compared, cleaned=found)


def _walked(value: Any, path: str, ways: tuple[Cleaning, ...], found: dict[str, Cleaned]) -> Any:
    if isinstance(value, str):
        text = clean(value, ways)
        if isinstance(text, Cleaned):
            found[path] = text
        return text
    if is_object(value):
        return {name: _walked(part, below(path, name), ways, found) for name, part in value.items()}
    if is_list(value):
        return [_walked(item, f"{path}[{index}]", ways, found) for index, item in enumerate(value)]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Cleaned):
        return str(value)
    if is_object(value):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(item) for item in value] if is_list(value) else value
