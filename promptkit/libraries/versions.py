"""Versions and ranges of prompts: semantic versions as in semver.org 2.0.0, ranges ``^``, ``~`` and exact."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering

from promptkit.authoring.semver import MOST_CHARACTERS
from promptkit.errors import VersionError

__all__ = ["Version", "newest", "satisfies", "split_reference"]

# The pattern that semver.org recommends, with its numbers and its pre-release as groups.
_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*))?"
    r"(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?",
    re.ASCII,
)
_RANGE = re.compile(
    r"([\^~]?)(\d{1,99})(?:\.(\d{1,99}))?(?:\.(\d{1,99})(?:-([\da-zA-Z.-]{1,99}))?)?", re.ASCII
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; ordered by precedence, so build metadata does not count.

    Attributes:
        text: As it was written.
        numbers: Major, minor and patch.
        pre: The pre-release's identifiers; empty for a release.
    """

    text: str
    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Version | None:
        """The version that ``text`` writes; None when it is none."""
        parts = _VERSION.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
        if parts is None:
            return None
        major, minor, patch, pre = parts.groups()
        return cls(text, (int(major), int(minor), int(patch)), tuple(pre.split(".")) if pre else ())

    def __lt__(self, other: Version) -> bool:
        return self._precedence() < other._precedence()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._precedence() == other._precedence()

    def __hash__(self) -> int:
        return hash(self._precedence())

    def __str__(self) -> str:
        return self.text

    def _precedence(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """Semver.org 2.0.0, item 11: a pre-release comes first, numbers before words, fewer before more."""
        parts = ((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in self.pre)
        return self.numbers, not self.pre, tuple(parts)


def split_reference(reference: str) -> tuple[str, str | None]:
    """``support/triage@^2`` as name and range; the range is None when there is none."""
    name, at, wanted = reference.partition("@")
    if at and not wanted:
        raise VersionError(
            f"{reference!r} ends in @; write a version or a range after it, for example {name}@^2"
        )
    return name, wanted or None


def satisfies(version: str, wanted: str) -> bool:
    """Whether ``version`` lies in the range ``wanted``.

    ``^2`` and ``^2.1`` permit everything below the next major version, ``~2.1`` everything below the next minor
    one, ``2``, ``2.1`` and ``2.1.0`` what begins so. Below 1.0.0, ``^0.3`` ends before 0.4.0. A pre-release such
    as ``2.1.0-rc.1`` lies in a range only when this names one of the same three numbers.

    Raises:
        VersionError: When ``wanted`` is no range.
    """
    parts = _RANGE.fullmatch(wanted)
    if parts is None:
        raise VersionError(
            f"{wanted[:MOST_CHARACTERS]!r} is no version range; write for example ^2, ~2.1 or 2.1.0"
        )
    found = Version.read(version)
    if found is None:
        return False
    given = [int(number) for number in parts.groups()[1:4] if number is not None]
    major, minor, patch = [*given, 0, 0][:3]
    low = Version(wanted, (major, minor, patch), tuple(parts[5].split(".")) if parts[5] else ())
    if found.pre and (not low.pre or found.numbers != low.numbers):
        return False
    if low.pre and not parts[1]:
        return found == low
    fixed = _fixed(parts[1], given)
    return found >= low and found.numbers[:fixed] == low.numbers[:fixed]


def _fixed(kind: str, given: list[int]) -> int:
    """How many of the three numbers a range of this kind holds fast."""
    if kind == "^" and len(given) > 1 and given[0] == 0:
        return 2 if given[1] or len(given) < 3 else 3  # noqa: PLR2004 - positions in major.minor.patch
    if kind == "^":
        return 1
    return min(2, len(given)) if kind == "~" else len(given)


def newest(versions: Iterable[str], wanted: str) -> str | None:
    """The newest of these versions that lies in the range; None when none does.

    Raises:
        VersionError: When ``wanted`` is no range.
    """
    fitting = [Version.read(version) for version in versions if satisfies(version, wanted)]
    found = max((version for version in fitting if version is not None), default=None)
    return None if found is None else found.text
