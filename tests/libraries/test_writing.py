"""Files are whole or not there; links stay links."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from promptkit.errors import PromptError
from promptkit.libraries.writing import create_file, make_folder, replace_file


def test_a_file_is_replaced_behind_its_link_and_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")

    replace_file(tmp_path / "link.txt", "new")

    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.txt", "real.txt"]


def test_a_file_that_is_there_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    create_file(tmp_path / "a.txt", "one")

    with pytest.raises(FileExistsError):
        create_file(tmp_path / "a.txt", "two")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "one")]


def test_a_file_system_without_hard_links_gets_its_file_by_a_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)

    create_file(tmp_path / "a.txt", "one")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "one")]


def test_a_folder_in_the_way_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PromptError, match="cannot be made"):
        make_folder(tmp_path / "file" / "below", tmp_path)
    with pytest.raises(PromptError, match="cannot be written: .*; nothing was changed"):
        replace_file(tmp_path, "x")
