"""Pins: what one prompt is made of, as hashes, and where two of them differ."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptkit.libraries.frozen import Entry
from promptkit.libraries.locks import Pin
from promptkit.libraries.surfaces import digest_of, surface_of
from promptkit.libraries.trees import line_breaks
from promptkit.prompts import Prompt

__all__ = ["differences", "judges_of", "pin_of", "text_digest"]


def text_digest(text: str) -> str:
    """SHA-256 over a file's text, as ``sha256:...``; byte order mark and kind of line breaks do not count."""
    return f"sha256:{hashlib.sha256(line_breaks(text).encode('utf-8', 'surrogatepass')).hexdigest()}"


def pin_of(
    entry: Entry,
    prompt: Prompt[Any],
    *,
    text: str,
    fragments: Mapping[str, str],
    judge_file: Callable[[str], str],
) -> Pin:
    """What a prompt is made of now.

    Args:
        entry: Its file.
        prompt: The prompt.
        text: The file's text.
        fragments: The text of each file that it includes, by path.
        judge_file: The file that a judge's reference means.

    Raises:
        PromptError: When the prompt does not hold together.
    """
    return Pin(
        name=entry.name,
        file=entry.path,
        version=prompt.version,
        frozen=entry.frozen,
        text=text_digest(text),
        contract=surface_of(prompt).digest,
        rendered=digest_of(list(prompt.contract.template.fixed_texts)),
        fragments={path: text_digest(content) for path, content in fragments.items()},
        judges={reference: judge_file(reference) for reference in judges_of(prompt)},
    )


def judges_of(prompt: Prompt[Any]) -> list[str]:
    """References of the prompts that judge this one's output, sorted."""
    named = (getattr(constraint.rule, "judge", "") for constraint in prompt.declaration.constraints)
    return sorted({judge for judge in named if judge})


def differences(locked: Pin, found: Pin) -> Iterator[str]:
    """Where a prompt is not what was locked, as sentences without their subject.

    A hash that follows from another that differs is not told of.
    """
    if locked.version != found.version:
        yield f"is version {found.version or 'none'}, and {locked.version or 'none'} is locked"
    if locked.text != found.text:
        yield f"has another text ({_short(found.text)}) than is locked ({_short(locked.text)})"
    changed = [path for path, digest in found.fragments.items() if locked.fragments.get(path) != digest]
    gone = [path for path in locked.fragments if path not in found.fragments]
    if changed or gone:
        yield f"includes another text than is locked in {', '.join([*changed, *gone])}"
    if locked.judges != found.judges:
        yield "is judged by other prompts than are locked"
    if locked.text != found.text or changed or gone:
        return
    if locked.contract != found.contract:
        yield (
            "has another contract than is locked, though its text is the same: a model that it names has changed, "
            "or promptkit reads it in another way"
        )
    elif locked.rendered != found.rendered:
        yield (
            "would be worded otherwise than is locked, though its text is the same: this promptkit says it in other "
            "words"
        )


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
