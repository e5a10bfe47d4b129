"""Deprecation: callers are told at their own line."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.errors import TemplateError
from promptkit.libraries.deprecation import warn_if_deprecated

OLD = "---\nversion: 1.4.0\ndeprecated: use greet@^2\n---\n{% user %}Hi{% enduser %}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.prompt.j2").write_text(OLD)
    return tmp_path


def test_every_way_to_load_warns_at_the_line_that_asked(folder: Path) -> None:
    library = pk.library(folder)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        library["old"]
        library.get("old@^1")
        pk.load(folder / "old.prompt.j2")

        @library.prompt("old")
        def greet() -> str:
            raise NotImplementedError

    assert {str(warning.message) for warning in caught} == {"old@1.4.0 is deprecated: use greet@^2"}
    assert {warning.category for warning in caught} == {DeprecationWarning}
    lines = Path(__file__).read_text().splitlines()
    told = [lines[warning.lineno - 1].strip() for warning in caught if warning.filename == __file__]
    assert told[:3] == ['library["old"]', 'library.get("old@^1")', 'pk.load(folder / "old.prompt.j2")']
    assert len(told) == 4


def test_a_prompt_without_version_is_called_by_its_name(folder: Path) -> None:
    (folder / "old.prompt.j2").write_text(OLD.replace("version: 1.4.0\n", ""))

    with pytest.warns(DeprecationWarning, match="^old is deprecated: use greet"):
        pk.library(folder).get("old")


def test_what_is_not_deprecated_says_nothing(folder: Path) -> None:
    (folder / "new.prompt.j2").write_text("{% user %}Hi{% enduser %}")

    warn_if_deprecated(pk.library(folder).get("new").declaration)


@pytest.mark.parametrize("value", ["true", ""])
def test_a_deprecation_must_say_what_to_do(folder: Path, value: str) -> None:
    (folder / "old.prompt.j2").write_text(OLD.replace("use greet@^2", value))

    with pytest.raises(TemplateError, match=r"old\.prompt\.j2:3:\d+: deprecated is"):
        pk.library(folder).get("old")
