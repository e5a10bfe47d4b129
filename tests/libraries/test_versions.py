"""Versions: their order, the ranges that they lie in, the newest of several."""

from __future__ import annotations

import pytest

from promptkit.errors import VersionError
from promptkit.libraries.versions import Version, newest, satisfies

# The order that semver.org gives as its example, item 11.
ORDER = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_versions_are_ordered_as_semver_says() -> None:
    read = [Version.read(text) for text in reversed(ORDER)]

    assert [str(version) for version in sorted(version for version in read if version)] == ORDER


def test_build_metadata_does_not_count() -> None:
    one, other = Version.read("1.0.0+a"), Version.read("1.0.0+b")

    assert one == other
    assert len({one, other}) == 1
    assert one != "1.0.0"


@pytest.mark.parametrize("text", ["1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0 "])
def test_what_is_no_semantic_version_is_none(text: str) -> None:
    assert Version.read(text) is None


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("2.1.0-rc.1", "^2", False),
        ("2.1.0-rc.1", "2.1.0-rc.1", True),
        ("2.1.0-rc.2", "2.1.0-rc.1", False),
        ("2.1.0-rc.2", "^2.1.0-rc.1", True),
        ("2.1.0", "^2.1.0-rc.1", True),
        ("2.2.0-rc.1", "^2.1.0-rc.1", False),
        ("2.2.0", "~2.1.0-rc.1", False),
        ("0.0.9", "^0", True),
        ("0.9.0", "~0", True),
    ],
)
def test_a_pre_release_must_be_asked_for(version: str, wanted: str, fits: bool) -> None:
    assert satisfies(version, wanted) is fits


def test_the_newest_is_by_number_and_not_by_letter() -> None:
    assert newest(["1.9.0", "1.10.0", "2.0.0", "1.11.0-rc.1"], "^1") == "1.10.0"
    assert newest(["1.9.0"], "^2") is None
    with pytest.raises(VersionError, match="no version range"):
        newest(["1.9.0"], ">=1")


def test_numbers_without_end_are_no_version_and_no_range() -> None:
    assert Version.read(f"{'9' * 100_000}.0.0") is None
    assert Version.read(f"{'9' * 90}.0.0") is not None
    with pytest.raises(VersionError, match="is no version range") as caught:
        satisfies("1.0.0", f"^{'9' * 100_000}")
    assert len(str(caught.value)) < 300
