"""How far a version number must move for a change: as semver.org 2.0.0 says, and below 1.0.0 as ranges read it."""

from __future__ import annotations

from enum import IntEnum

from promptkit.libraries.versions import Version

__all__ = ["Bump", "enough", "least_after"]


class Bump(IntEnum):
    """How much a change means to callers, the least first.

    Members:
        NONE: Nothing that a caller or a model sees.
        PATCH: The wording changed; the contract did not.
        MINOR: Callers go on as they are, and can have more.
        MAJOR: Some caller must change.
    """

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


def least_after(version: str, bump: Bump) -> str:
    """The least version after ``version`` that a change of this weight may have.

    Below 1.0.0 a major change moves the second number and any other the third, since ``^0.3`` ends before 0.4.0.
    A pre-release may become its release whatever changed.

    Raises:
        ValueError: When ``version`` is none.
    """
    found = Version.read(version)
    if found is None:
        raise ValueError(f"{version!r} is no semantic version")
    major, minor, patch = found.numbers
    if bump is Bump.NONE:
        return version
    if found.pre:
        return f"{major}.{minor}.{patch}"
    if major == 0:
        return f"0.{minor + 1}.0" if bump is Bump.MAJOR else f"0.{minor}.{patch + 1}"
    if bump is Bump.MAJOR:
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if bump is Bump.MINOR else f"{major}.{minor}.{patch + 1}"


def enough(old: str, new: str, bump: Bump) -> bool:
    """Whether ``new`` is a version that a change of this weight may have after ``old``.

    A pre-release counts as the release that it comes before.

    Raises:
        ValueError: When one of them is no version.
    """
    before, after = Version.read(old), Version.read(new)
    if before is None or after is None:
        raise ValueError(f"{old!r} or {new!r} is no semantic version")
    if bump is Bump.NONE:
        return after >= before
    least = Version.read(least_after(old, bump))
    assert least is not None
    return after > before and after.numbers >= least.numbers
