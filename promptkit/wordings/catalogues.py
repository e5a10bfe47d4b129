"""The catalogues that come with promptkit, and those that a library brings along as TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from promptkit.spelling import did_you_mean
from promptkit.wordings.english import ENGLISH
from promptkit.wordings.german import GERMAN
from promptkit.wordings.wording import Wording

__all__ = ["known_languages", "read_wording", "wording_named", "written_wording"]

_OWN: Mapping[str, Wording] = {wording.language: wording for wording in (ENGLISH, GERMAN)}
_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
_NAME = re.compile(r"\{(\w+)\}")
_LANGUAGE = "language."
"""Names of languages, which only the rule ``language`` needs; a catalogue may leave them out."""
_OPTIONAL = frozenset({"items", "item", "tone", "article"})


def known_languages() -> tuple[str, ...]:
    """The languages that come with promptkit."""
    return tuple(_OWN)


def wording_named(language: str) -> Wording:
    """The catalogue of a language that comes with promptkit.

    Raises:
        ValueError: When there is none; the sentence says how to add one.
    """
    found = _OWN.get(language)
    if found is None:
        known = known_languages()
        raise ValueError(
            f"there is no catalogue of the language {language!r}{did_you_mean(language, known)}; promptkit has "
            f"{' and '.join(known)}, and a library may bring wordings/{language or 'fr'}.toml, begun with promptkit "
            f"wording en"
        )
    return found


def read_wording(text: str, language: str, place: str) -> Wording:
    """A catalogue from TOML: every text of the English one, translated, with the same names in braces.

    Args:
        text: The TOML text: tables by the first word of a key.
        language: Its code.
        place: What errors call the file.

    Raises:
        ValueError: When it is no TOML, lacks a text, or has one that is not known or names another value.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{place} is no TOML: {error}") from error
    found = dict(_flat(tables, ""))
    for key, value in found.items():
        if not isinstance(value, str):
            raise ValueError(f"{place}: {key} must be a text")  # noqa: TRY004 - of a file, as all faults here
        if key not in ENGLISH.texts and not key.startswith(_LANGUAGE):
            raise ValueError(f"{place}: there is no text {key}{did_you_mean(key, ENGLISH.texts)}")
    for key, english in ENGLISH.texts.items():
        if key not in found:
            raise ValueError(f"{place}: {key} is missing; in English it is {english!r}")
        named, allowed = set(_NAME.findall(found[key])), set(_NAME.findall(english))
        if not key.startswith("kind.") and named - allowed - _OPTIONAL:
            raise ValueError(
                f"{place}: {key} names {', '.join(sorted(named - allowed))}, and there is only "
                f"{', '.join(sorted(allowed)) or 'nothing'}; in English it is {english!r}"
            )
    return Wording(language=language, texts=found)


def written_wording(wording: Wording) -> str:
    """A catalogue as TOML, to begin another one with."""
    lines = [
        "# What promptkit says in prompts. Translate every text; what stands in braces stays.",
        "# A unit has its singular and its plural, with | between them.",
    ]
    table = ""
    for key, text in sorted(wording.texts.items()):
        first, _, rest = key.partition(".")
        if not rest:
            lines.insert(2, f"{_quoted(key)} = {_quoted(text)}")
            continue
        if first != table:
            lines.append(f"\n[{first}]")
            table = first
        lines.append(f"{_quoted(rest)} = {_quoted(text)}")
    return "\n".join(lines) + "\n"


def _flat(table: Mapping[str, Any], start: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{start}{key}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{start}{key}", value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
