"""Snapshots of rendered prompts: readable files under version control, compared line by line."""

from __future__ import annotations

import difflib
import hashlib
import re
from pathlib import Path
from typing import Any

from promptkit.errors import PromptKitError
from promptkit.libraries.writing import replace_file
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart
from promptkit.prompts import Prompt, TypedPrompt

__all__ = ["SnapshotMismatch", "Snapshots", "rendered_text", "safe_name"]

FOLDER = "__prompts__"
_NAME = re.compile(r"[^\w.-]+")
_LONGEST, _HASH = 200, 16  # in bytes; file systems take names of 255, and a number and a suffix follow
_RULE = "─" * 12  # no line of a message can begin so, since each is indented


class SnapshotMismatch(AssertionError):
    """What is rendered differs from what is under version control."""


def safe_name(test: str) -> str:
    """A test's name as that of a file; of a long one the beginning, and a hash of the whole."""
    name = _NAME.sub("-", test).strip("-")
    encoded = name.encode()
    if len(encoded) <= _LONGEST:
        return name
    digest = hashlib.sha256(test.encode()).hexdigest()[:_HASH]
    return f"{encoded[: _LONGEST - _HASH - 1].decode(errors='ignore')}-{digest}"


def rendered_text(messages: tuple[Message, ...]) -> str:
    """Messages as a text for people: a line for each role, and what it says indented below it."""
    lines: list[str] = []
    for message in messages:
        lines.append(f"{_RULE} {message.role}")
        for part in message.parts:
            # A carriage return is shown, since files under version control are read with any ends of lines.
            said = _said(part).replace("\r", "␍")
            lines += [f"  {line}".rstrip() if not line.strip() else f"  {line}" for line in said.split("\n")]
    return "\n".join(lines) + "\n"


def _said(part: Any) -> str:
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, ImagePart | DocumentPart):
        size = len(part.data or b"")
        return f"[{part.media_type}, {size} bytes]"
    return repr(part)


class Snapshots:
    """The snapshots of one test: called with a prompt and its inputs, or with a rendered prompt.

    Args:
        folder: Where the test's file lies; snapshots lie in a folder ``__prompts__`` beside it.
        test: The test's name, from which files are named.
        update: Whether to write what differs instead of failing.
        used: Told of every file that is looked at.
    """

    def __init__(self, folder: Path, module: str, test: str, *, update: bool, used: set[Path]) -> None:
        self._folder = folder / FOLDER / module
        self._test = safe_name(test)
        self._update = update
        self._used = used
        self._count = 0

    def __call__(self, prompt: Any, /, **inputs: Any) -> None:
        """Compare what a prompt renders to with its file.

        Args:
            prompt: A prompt, or what one rendered.
            inputs: The prompt's inputs.

        Raises:
            SnapshotMismatch: When they differ, with the difference; when there is no file yet.
        """
        rendered = prompt.render(**inputs) if isinstance(prompt, Prompt | TypedPrompt) else prompt
        self._count += 1
        name = self._test if self._count == 1 else f"{self._test}-{self._count}"
        path = self._folder / f"{name}.txt"
        self._used.add(path)
        text = rendered_text(rendered.messages)
        known = _read(path)
        if known == text:
            return
        if self._update:
            _write(path, text)
            return
        if known is None:
            raise SnapshotMismatch(
                f"there is no snapshot {path} yet; run pytest --pk-update-prompts to write it, and read it"
            )
        diff = "".join(
            difflib.unified_diff(
                known.splitlines(keepends=True), text.splitlines(keepends=True), f"{path}", "rendered now"
            )
        )
        raise SnapshotMismatch(
            f"{rendered.prompt} renders otherwise than {path}. If that is meant, run pytest --pk-update-prompts.\n"
            f"{diff}"
        )


def _read(path: Path) -> str | None:
    """What a snapshot says; None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotMismatch(f"the snapshot {path} cannot be read: {error}") from error


def _write(path: Path, text: str) -> None:
    """Write whole or not at all; a folder that cannot be written is named."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
    except (OSError, PromptKitError) as error:
        raise SnapshotMismatch(f"the snapshot {path} cannot be written: {error}") from error
