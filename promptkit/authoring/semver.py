"""What a version must look like, in files and in Python."""

from __future__ import annotations

import re

__all__ = ["is_version", "nearest_version"]

# The pattern that semver.org recommends, less its capture groups.
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?",
    re.ASCII,
)


def is_version(text: str) -> bool:
    """Whether a text is a semantic version."""
    return _SEMVER.fullmatch(text) is not None


def nearest_version(text: str) -> str:
    """A semantic version with the numbers of what is none: ``1.2`` as ``1.2.0``."""
    numbers = [str(int(number)) for number in re.findall(r"[0-9]+", text)[:3]]
    return ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "1.0.0"
