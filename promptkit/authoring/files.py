"""Prompt files on disk: their bytes, their text, what they declare."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from promptkit.authoring.front_matter import split_text
from promptkit.authoring.surroundings import Surroundings
from promptkit.constraints import Kinds, known_kinds
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError

__all__ = [
    "MOST_BYTES",
    "SUFFIXES",
    "decoded",
    "read_content",
    "read_file",
    "read_text",
    "stem_of",
]

SUFFIXES = (".prompt.j2", ".prompt.yaml")
"""What the names of prompt files end with: front matter and body, or one YAML document."""

MOST_BYTES = 1_000_000
"""Of a prompt file."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_file(
    path: Path,
    *,
    name: str | None = None,
    kinds: Kinds | None = None,
    around: Surroundings | None = None,
) -> Declaration:
    """Read one prompt file.

    Args:
        path: The file; it ends with one of SUFFIXES, any other name is read as ``.prompt.j2``.
        name: Name of a prompt whose file gives none; by default the file's name without suffix.
        kinds: The kinds of rule that it may name; by default promptkit's and those of installed packages.
        around: As in :func:`read_text`.

    Raises:
        TemplateError: When the file cannot be read or is no valid prompt file.
    """
    return read_text(
        read_content(path),
        file=str(path),
        name=name or stem_of(str(path)),
        yaml_document=path.name.endswith(SUFFIXES[1]),
        kinds=kinds,
        around=around,
    )


def read_text(
    text: str,
    *,
    file: str,
    name: str | None = None,
    yaml_document: bool = False,
    kinds: Kinds | None = None,
    around: Surroundings | None = None,
) -> Declaration:
    """Read the text of a prompt file.

    Args:
        text: Front matter and body, or the body alone.
        file: What errors call the file.
        name: Name of a prompt whose text gives none; by default the last part of ``file`` without suffix.
        yaml_document: True when the whole text is YAML, with the body under ``template: |``.
        kinds: As in :func:`read_file`.
        around: What the file may refer to; by default the languages of promptkit, and no other prompt.

    Raises:
        TemplateError: With line, column and the mend for whatever is wrong first.
    """
    # Reading bytes and headers needs no YAML parser, so the rest of the room is loaded on first use.
    from promptkit.authoring.document import declare

    split = split_text(text, file=file, yaml_document=yaml_document)
    return declare(
        split,
        name=name or stem_of(file),
        kinds=known_kinds() if kinds is None else kinds,
        around=around,
    )


def stem_of(file: str) -> str:
    """The name of a file, given as a path, without a suffix of prompt files."""
    path = Path(file)
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem


def read_content(path: str | os.PathLike[str], *, most_bytes: int = MOST_BYTES) -> str:
    """The text of a prompt file, or of another one that may be larger.

    Raises:
        TemplateError: For what is no regular file, too big, or not UTF-8.
    """
    file = os.fspath(path)
    try:
        # Before it is opened, which would wait for whoever writes to a pipe. No pathlib: libraries have thousands.
        _refuse_other_than_file(os.stat(file), file, most_bytes)  # noqa: PTH116
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123
            data = opened.read()
    except FileNotFoundError:
        raise TemplateError(
            "There is no such file. Check the path; names of prompt files end with .prompt.j2 or .prompt.yaml.",
            file=file,
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TemplateError(
            f"The file cannot be read: {reason}. Check its path and permissions.", file=file
        ) from None
    return decoded(data, file, most_bytes=most_bytes)


def _refuse_other_than_file(status: os.stat_result, file: str, most_bytes: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise TemplateError("This is a folder. Name a file in it, or load it as a library.", file=file)
    if not stat.S_ISREG(status.st_mode):
        raise TemplateError("This is a device or a pipe and no file. Name a regular file.", file=file)
    _refuse_large(status.st_size, file, most_bytes)


def _refuse_large(size: int, file: str, most_bytes: int) -> None:
    if size > most_bytes:
        raise TemplateError(
            f"The file has {size:,} bytes, and it may have {most_bytes:,}. Give large texts as inputs.",
            file=file,
        )


def decoded(data: bytes, file: str, *, most_bytes: int = MOST_BYTES) -> str:
    """A file's bytes as text.

    Raises:
        TemplateError: When they are too many, or not UTF-8.
    """
    _refuse_large(len(data), file, most_bytes)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        hint = " It looks like UTF-16." if data.startswith(_UTF16) else ""
        raise TemplateError(
            f"Byte {error.start} of the file, 0x{data[error.start]:02X}, is not UTF-8.{hint} Save the file "
            "as UTF-8.",
            file=file,
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1,
        ) from None
