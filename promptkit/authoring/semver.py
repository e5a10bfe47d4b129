"""What a version must look like, in files and in Python."""

from __future__ import annotations

import re

__all__ = ["MOST_CHARACTERS", "is_version", "nearest_version"]

# The pattern that semver.org recommends, less its capture groups.
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?",
    re.ASCII,
)


MOST_CHARACTERS = 100
"""Of a version: what names files must be short, and what is compared as a number must not be huge."""


def is_version(text: str) -> bool:
    """Whether a text is a semantic version."""
    return len(text) <= MOST_CHARACTERS and _SEMVER.fullmatch(text) is not None


def nearest_version(text: str) -> str:
    """A semantic version with the numbers of what is none: ``1.2`` as ``1.2.0``."""
    numbers = [str(int(number[:9])) for number in re.findall(r"[0-9]+", text[:MOST_CHARACTERS])[:3]]
    return ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "1.0.0"
