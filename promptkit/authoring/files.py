"""Prompt files on disk: reading one whole, and reading name, version and description of many."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptkit.authoring.front_matter import Split, split_text
from promptkit.authoring.surroundings import Surroundings
from promptkit.constraints import Kinds, known_kinds
from promptkit.declarations import Declaration
from promptkit.errors import TemplateError

__all__ = [
    "SUFFIXES",
    "Header",
    "decoded",
    "header_of",
    "read_content",
    "read_file",
    "read_header",
    "read_text",
]

SUFFIXES = (".prompt.j2", ".prompt.yaml")
"""What the names of prompt files end with: front matter and body, or one YAML document."""

_MAX_BYTES = 1_000_000
_HEADER_LINE = re.compile(r"^(name|version|description)[ \t]*:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_OTHER_KEYS = re.compile(r"^[\"'{?]", re.MULTILINE)  # quoted keys, a mapping in braces
# A value that stands for itself: plain, in one line, without comment, mapping or special first character.
_PLAIN = re.compile(r"[A-Za-z0-9][^#:\"'\\{}\[\]]*")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a list of prompts shows of one.

    Attributes:
        name: As the file says, else as the caller or the file's name says.
        version: Semantic version; None when not given.
        description: One sentence; None when not given.
    """

    name: str
    version: str | None = None
    description: str | None = None


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
        name=name or _stem(path.name),
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
    # Reading headers alone needs no YAML parser, so the rest of the room is loaded on first use.
    from promptkit.authoring.document import declare

    split = split_text(text, file=file, yaml_document=yaml_document)
    return declare(
        split,
        name=name or _stem(Path(file).name),
        kinds=known_kinds() if kinds is None else kinds,
        around=around,
    )


def read_header(path: Path, *, name: str | None = None) -> Header:
    """Read name, version and description of a prompt file, and look at nothing else in it.

    Raises:
        TemplateError: When the file cannot be read, or one of the three cannot.
    """
    return header_of(read_content(path), file=str(path), name=name)


def header_of(text: str, *, file: str, name: str | None = None) -> Header:
    """Name, version and description of a prompt file's text.

    Plain values are taken from their lines; only a file with quoted or long ones is read as YAML.

    Args:
        text: The file's text.
        file: Its path; one that ends with ``.prompt.yaml`` is one YAML document.
        name: Name of a prompt whose text gives none; by default the file's name without suffix.

    Raises:
        TemplateError: When one of the three cannot be read.
    """
    split = split_text(text, file=file, yaml_document=file.endswith(SUFFIXES[1]))
    found = _quick_header(split)
    if found is None:
        found = _parsed_header(split)
    return Header(
        name=found.get("name") or name or _stem(Path(file).name),
        version=found.get("version"),
        description=found.get("description"),
    )


def _quick_header(split: Split) -> dict[str, str] | None:
    """The three values by their lines; None when a parser must read them."""
    if split.yaml is None:
        return {}
    if _OTHER_KEYS.search(split.yaml):
        return None
    found: dict[str, str] = {}
    for match in _HEADER_LINE.finditer(split.yaml):
        key, value = match.groups()
        follows = split.yaml[match.end() + 1 : match.end() + 2]
        if key in found or _PLAIN.fullmatch(value) is None or follows in (" ", "\t"):
            return None
        found[key] = value
    return found


def _parsed_header(split: Split) -> dict[str, str]:
    from promptkit.authoring.fields import as_pairs, as_text
    from promptkit.authoring.nodes import Source
    from promptkit.authoring.yaml_text import load

    source = Source(split.file, tuple(split.text.split("\n")))
    root = load(split.yaml or "", source=source, first_line=split.yaml_line)
    if root is None:
        return {}
    entries = as_pairs(root, "A prompt file").entries
    wanted: Any = ("name", "version", "description")
    return {key: as_text(entries[key].value, key) for key in wanted if key in entries}


def _stem(file_name: str) -> str:
    """A file's name without a suffix of prompt files."""
    for suffix in SUFFIXES:
        if file_name.endswith(suffix):
            return file_name.removesuffix(suffix)
    return Path(file_name).stem


def read_content(path: Path) -> str:
    """A prompt file's text.

    Raises:
        TemplateError: For what is no regular file, too big, or not UTF-8.
    """
    file = str(path)
    try:
        status = path.stat()
        _refuse_other_than_file(status, file)
        data = path.read_bytes()
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
    return decoded(data, file)


def _refuse_other_than_file(status: os.stat_result, file: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise TemplateError("This is a folder. Name a file in it, or load it as a library.", file=file)
    if not stat.S_ISREG(status.st_mode):
        raise TemplateError("This is a device or a pipe and no file. Name a regular file.", file=file)
    _refuse_large(status.st_size, file)


def _refuse_large(size: int, file: str) -> None:
    if size > _MAX_BYTES:
        raise TemplateError(
            f"The file has {size:,} bytes, and a prompt file may have {_MAX_BYTES:,}. "
            "Give large texts as inputs.",
            file=file,
        )


def decoded(data: bytes, file: str) -> str:
    """A prompt file's bytes as text.

    Raises:
        TemplateError: When they are too many, or not UTF-8.
    """
    _refuse_large(len(data), file)
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
