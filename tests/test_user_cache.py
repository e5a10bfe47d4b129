"""The user's cache folder: where it lies, and files in it that nobody else wrote."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from promptkit.backends.layers.answer_files import default_answer_file
from promptkit.errors import ConfigurationError
from promptkit.user_cache import cache_folder, forget, read_private, write_private


@pytest.mark.parametrize(
    ("platform", "environment", "path"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.cache/promptkit"),
        ("linux", {"XDG_CACHE_HOME": "/var/c"}, "/var/c/promptkit"),
        ("linux", {"HOME": "/home/ann", "XDG_CACHE_HOME": "relative"}, "/home/ann/.cache/promptkit"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Caches/promptkit"),
        ("win32", {"LOCALAPPDATA": "/ann/Local"}, "/ann/Local/promptkit/Cache"),
        ("linux", {"PROMPTKIT_CACHE_DIR": "/else/where"}, "/else/where"),
    ],
)
def test_the_folder_lies_where_the_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], path: str
) -> None:
    for name in ("XDG_CACHE_HOME", "PROMPTKIT_CACHE_DIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)

    assert cache_folder() == Path(path)
    assert default_answer_file() == Path(path) / "answers-1.sqlite"


def test_a_user_without_a_home_has_no_folder_and_is_told_what_to_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("XDG_CACHE_HOME", "PROMPTKIT_CACHE_DIR", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)  # whom the password file does not know

    assert cache_folder() is None
    with pytest.raises(ConfigurationError, match="PROMPTKIT_CACHE_DIR"):
        default_answer_file()


def test_what_is_written_is_read_again_and_is_this_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "kept"

    assert write_private(path, b"one")
    assert write_private(path, b"two")
    assert read_private(path) == b"two"
    assert read_private(path.with_name("missing")) is None
    assert [file.name for file in path.parent.iterdir()] == ["kept"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def other_users_folder(path: Path) -> None:
    os.chown(path.parent, 4321, 4321)


def other_users_file(path: Path) -> None:
    os.chown(path, 4321, 4321)


def open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


def groups_file(path: Path) -> None:
    path.chmod(0o660)


def linked_file(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def linked_folder(path: Path) -> None:
    path.parent.rename(path.parent.parent / "elsewhere")
    path.parent.symlink_to(path.parent.parent / "elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    "spoil",
    [other_users_folder, other_users_file, open_folder, groups_file, linked_file, linked_folder, pipe],
)
def test_what_another_user_may_have_written_is_not_read(tmp_path: Path, spoil: object) -> None:
    if os.getuid() != 0 and spoil in {other_users_folder, other_users_file}:
        pytest.skip("only root gives files to others")
    path = tmp_path / "folder" / "kept"
    write_private(path, b"mine")

    spoil(path)  # type: ignore[operator]

    assert read_private(path) is None


@pytest.mark.parametrize("spoil", [other_users_folder, open_folder, linked_folder])
def test_nothing_is_written_where_others_may_write(tmp_path: Path, spoil: object) -> None:
    if os.getuid() != 0 and spoil is other_users_folder:
        pytest.skip("only root gives files to others")
    path = tmp_path / "folder" / "kept"
    write_private(path, b"mine")

    spoil(path)  # type: ignore[operator]

    assert not write_private(path.with_name("more"), b"more")
    assert not path.with_name("more").exists()


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    assert not write_private(tmp_path / "file" / "below" / "kept", b"x")
    assert read_private(tmp_path / "file" / "below" / "kept") is None


def test_what_is_old_is_forgotten_and_then_the_oldest_beyond_the_bound(tmp_path: Path) -> None:
    for name, age_days in (("new", 0), ("older", 5), ("oldest", 10), ("ancient", 31)):
        (tmp_path / name).write_bytes(b"x" * 100)
        then = time.time() - age_days * 24 * 3600
        os.utime(tmp_path / name, (then, then))
    (tmp_path / "folder").mkdir()

    forget(tmp_path, most_bytes=1000)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "older", "oldest", "folder"}

    forget(tmp_path, most_bytes=250)
    assert {path.name for path in tmp_path.iterdir()} == {"new", "older", "folder"}
    forget(tmp_path / "missing", most_bytes=1)
