"""How far a version must move."""

from __future__ import annotations

import pytest

from promptkit.libraries.diffs import Bump, enough, least_after


@pytest.mark.parametrize(
    ("version", "bump", "least"),
    [
        ("1.2.3", Bump.MAJOR, "2.0.0"),
        ("1.2.3", Bump.MINOR, "1.3.0"),
        ("1.2.3", Bump.PATCH, "1.2.4"),
        ("1.2.3", Bump.NONE, "1.2.3"),
        ("0.3.1", Bump.MAJOR, "0.4.0"),
        ("0.3.1", Bump.MINOR, "0.3.2"),
        ("0.3.1", Bump.PATCH, "0.3.2"),
        ("2.0.0-rc.1", Bump.MAJOR, "2.0.0"),
    ],
)
def test_the_least_version_after_a_change(version: str, bump: Bump, least: str) -> None:
    assert least_after(version, bump) == least


@pytest.mark.parametrize(
    ("old", "new", "bump", "is_enough"),
    [
        ("1.2.3", "2.0.0", Bump.MAJOR, True),
        ("1.2.3", "1.9.0", Bump.MAJOR, False),
        ("1.2.3", "3.1.0", Bump.MAJOR, True),
        ("1.2.3", "2.0.0-rc.1", Bump.MAJOR, True),
        ("1.2.3", "1.2.3", Bump.PATCH, False),
        ("1.2.3", "1.2.3", Bump.NONE, True),
        ("1.2.3", "1.2.2", Bump.NONE, False),
        ("2.0.0-rc.1", "2.0.0-rc.2", Bump.MAJOR, True),
        ("0.3.1", "0.3.2", Bump.MAJOR, False),
        ("0.3.1", "1.0.0", Bump.MAJOR, True),
    ],
)
def test_a_version_is_enough_or_not(old: str, new: str, bump: Bump, is_enough: bool) -> None:
    assert enough(old, new, bump) is is_enough


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no semantic version"):
        least_after("1.2", Bump.PATCH)
    with pytest.raises(ValueError, match="no semantic version"):
        enough("1.2.3", "new", Bump.PATCH)


def test_a_bump_prints_as_its_word() -> None:
    assert str(Bump.MAJOR) == "major"
