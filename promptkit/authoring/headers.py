"""Headers: name, version and description of prompt files, read without the rest of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptkit.authoring.files import SUFFIXES, read_content, stem_of
from promptkit.authoring.front_matter import Split, split_text

__all__ = ["Header", "header_of", "read_header"]

_KEYS = ("name", "version", "description")
_MAY_FOLLOW = re.compile(r"\n(?:name|version|description|[\"'?])")  # one of them, however it is written
# A key with a value that stands for itself and ends with its line, or a line of nothing but a comment.
_SIMPLE = re.compile(
    r"(?:([A-Za-z_][A-Za-z0-9_]*): +(?:(\w[^\n:#]*)|\"([^\"\\\n]*)\"|'([^'\n]*)')[ \t]*| *(?:#[^\n]*)?)(?:\n|\Z)"
)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*:(?:[ \n]|\Z)")
_NOTHING = ("null", "Null", "NULL")


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


def read_header(path: Path, *, name: str | None = None) -> Header:
    """Read name, version and description of a prompt file, and look at nothing else in it.

    Raises:
        TemplateError: When the file cannot be read, or one of the three cannot.
    """
    return header_of(read_content(path), file=str(path), name=name)


def header_of(text: str, *, file: str, name: str | None = None) -> Header:
    """Name, version and description of a prompt file's text.

    They are taken from their lines where those are plain; only a file that writes them otherwise is read as YAML.

    Args:
        text: The file's text.
        file: Its path; one that ends with ``.prompt.yaml`` is one YAML document.
        name: Name of a prompt whose text gives none; by default the file's name without suffix.

    Raises:
        TemplateError: When one of the three cannot be read.
    """
    split = split_text(text, file=file, yaml_document=file.endswith(SUFFIXES[1]))
    found = _lines(split.yaml)
    if found is None:
        found = _parsed(split)
    return Header(
        name=found.get("name") or name or stem_of(file),
        version=found.get("version"),
        description=found.get("description"),
    )


def _lines(yaml: str | None) -> dict[str, str] | None:
    """The three values by their lines; None where only a parser can tell.

    The first lines are read as long as each is a key with its value; behind them no line may begin like one of
    the three keys, since it might stand inside a text or in brackets.
    """
    if yaml is None:
        return {}
    found: dict[str, str] = {}
    seen: set[str] = set()
    at = 0
    while at < len(yaml):
        line = _SIMPLE.match(yaml, at)
        if line is None:
            break
        at = line.end()
        key, plain, double, single = line.groups()
        if key is None:
            continue
        if key in seen:
            return None
        seen.add(key)
        if key in _KEYS:
            value = plain.rstrip(" \t") if plain is not None else double if double is not None else single
            if not value.isprintable() or (plain is not None and value in _NOTHING):
                return None
            found[key] = value
    if at < len(yaml):
        rest, start = (yaml, at - 1) if at else (f"\n{yaml}", 0)
        if _KEY.match(yaml, at) is None or _MAY_FOLLOW.search(rest, start):
            return None
    return found


def _parsed(split: Split) -> dict[str, str]:
    from promptkit.authoring.fields import as_pairs, as_text
    from promptkit.authoring.nodes import Source
    from promptkit.authoring.yaml_text import load

    source = Source(split.file, tuple(split.text.split("\n")))
    root = load(split.yaml or "", source=source, first_line=split.yaml_line)
    if root is None:
        return {}
    entries = as_pairs(root, "A prompt file").entries
    wanted: Any = _KEYS
    return {key: as_text(entries[key].value, key) for key in wanted if key in entries}
