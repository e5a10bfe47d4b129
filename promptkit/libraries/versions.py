"""Versions and ranges of prompts: semantic versions as in semver.org 2.0.0, ranges ``^``, ``~`` and exact."""

from __future__ import annotations

import re

from promptkit.errors import VersionError

__all__ = ["satisfies", "split_reference"]

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_RANGE = re.compile(r"([\^~]?)(\d+)(?:\.(\d+))?(?:\.(\d+))?")


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
    one, ``2``, ``2.1`` and ``2.1.0`` what begins so. Below 1.0.0, ``^0.3`` ends before 0.4.0.

    Raises:
        VersionError: When ``wanted`` is no range.
    """
    parts = _RANGE.fullmatch(wanted)
    if parts is None:
        raise VersionError(f"{wanted!r} is no version range; write for example ^2, ~2.1 or 2.1.0")
    numbers = _VERSION.fullmatch(version)
    if numbers is None:
        return False
    have = tuple(int(number) for number in numbers.groups())
    given = [int(number) for number in parts.groups()[1:] if number is not None]
    low = tuple(given + [0] * (3 - len(given)))
    kind = parts.group(1)
    if kind == "^" and len(given) > 1 and given[0] == 0:
        fixed = 2 if given[1] or len(given) < 3 else 3  # noqa: PLR2004 - positions in major.minor.patch
    elif kind == "^":
        fixed = 1
    elif kind == "~":
        fixed = min(2, len(given))
    else:
        fixed = len(given)
    return have >= low and have[:fixed] == low[:fixed]
