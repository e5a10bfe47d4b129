"""Where the files of a library lie: folders, packages, archives."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.errors import PromptError, TemplateError
from promptkit.libraries.trees import BelowTree, FolderTree, ResourceTree

FILES = {
    "zip_app/__init__.py": "",
    "zip_app/prompts/hi.prompt.j2": "---\nversion: 2.0.0\n---\n{% user %}Hi. {% include 'parts/tone' %}{% enduser %}",
    "zip_app/prompts/parts/tone.md": "Stay calm.\r\n",
    "zip_app/prompts/versions/hi@1.0.0.prompt.j2": "---\nversion: 1.0.0\n---\n{% user %}{% include 'parts/tone' %}{% enduser %}",
    "zip_app/prompts/versions/hi@1.0.0/parts/tone.md": "Be brief.",
    "zip_app/prompts/bad.prompt.j2": b"\xff\xfe",
}


@pytest.fixture(params=[True, False], ids=["package", "folder alone"])
def archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Path]:
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
        if request.param:
            file.writestr("zip_app/prompts/__init__.py", "")
    monkeypatch.syspath_prepend(str(path))
    yield path
    for name in [name for name in sys.modules if name.startswith("zip_app")]:
        del sys.modules[name]


def test_a_package_in_a_zip_file_is_a_library(archive: Path) -> None:
    library = pk.library("zip_app.prompts")

    assert library.names() == ["bad", "hi"]
    assert library.versions("hi") == ["1.0.0"]
    assert library["hi"].render().messages[0].text == "Hi. Stay calm."
    assert library["hi@^1"].render().messages[0].text == "Be brief."
    assert library.versions("nothing/here") == []
    assert library["hi"].declaration.file == f"{archive}/zip_app/prompts/hi.prompt.j2"
    with pytest.raises(TemplateError, match=r"bad\.prompt\.j2:1:1: Byte 0 .* is not UTF-8"):
        library.get("bad")
    with pytest.raises(PromptError, match=r"there is no prompt hii .*did you mean hi\?"):
        library.get("hii")


def test_a_prompt_from_an_archive_pickles(archive: Path) -> None:
    prompt = pk.library("zip_app.prompts")["hi"]

    again: Any = pickle.loads(pickle.dumps(prompt))

    assert again.render().messages[0].text == "Hi. Stay calm."


def test_a_missing_file_of_an_archive_is_an_error_with_its_place(archive: Path) -> None:
    tree = ResourceTree("zip_app", "app.zip/zip_app")

    with pytest.raises(TemplateError, match=r"app\.zip/zip_app/prompts/none\.md: The file cannot be read"):
        tree.text("prompts/none.md")


def test_a_tree_below_another_shows_its_own_files_alone(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "one.md").write_text("1")
    (tmp_path / "a" / "b" / "two.md").write_text("2")
    (tmp_path / "other.md").touch()

    tree = BelowTree(FolderTree(tmp_path), "a")

    assert tree.files() == ["b/two.md", "one.md"]
    assert (tree.listed("b"), tree.has("b/two.md"), tree.has("other.md")) == (["two.md"], True, False)
    assert (tree.text("one.md"), tree.place("one.md")) == ("1", str(tmp_path / "a" / "one.md"))
    assert tree.label == str(tmp_path / "a")


def test_a_folder_reached_by_a_link_is_read_only_where_it_lies_in_the_library(tmp_path: Path) -> None:
    root = tmp_path / "library"
    (root / "inside").mkdir(parents=True)
    (root / "inside" / "a.md").write_text("in")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.md").write_text("out")
    (root / "near").symlink_to("inside")
    (root / "far").symlink_to(tmp_path / "outside")

    tree = FolderTree(root)

    assert tree.files() == ["inside/a.md"]
    assert tree.text("near/a.md") == "in"
    for path in ("far/a.md", "../outside/a.md", str(tmp_path / "outside" / "a.md")):
        with pytest.raises(TemplateError, match="leads out of the library"):
            tree.text(path)


def test_a_folder_that_cannot_be_read_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.prompt.j2").write_text("{% user %}Sort it.{% enduser %}")
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(20):  # together longer than any path that the system takes
            Path("f" * 240).mkdir()
            os.chdir("f" * 240)
    finally:
        os.chdir(here)
    tree = FolderTree(tmp_path)

    with pytest.raises(TemplateError, match="The folder cannot be read: File name too long") as caught:
        tree.files()
    assert str(caught.value.file).startswith(str(tmp_path))
    with pytest.raises(TemplateError, match="The folder cannot be read"):
        tree.listed("g" * 300)
    assert tree.listed("nowhere") == []


def test_a_link_that_leads_back_to_itself_is_no_file_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "a.prompt.j2").write_text("{% user %}Sort it.{% enduser %}")
    tree = FolderTree(tmp_path)

    assert tree.files() == tree.listed(".") == ["a.prompt.j2"]
    with pytest.raises(TemplateError, match="cannot be read|leads out") as caught:
        tree.text("loop.md")
    assert "loop.md" in str(caught.value)


def test_a_variant_of_what_lies_outside_names_the_line_that_leads_there(tmp_path: Path) -> None:
    (tmp_path / "outside.prompt.j2").write_text("{% user %}Sort it.{% enduser %}")
    library = tmp_path / "library"
    library.mkdir()
    (library / "base.prompt.j2").symlink_to(tmp_path / "outside.prompt.j2")
    (library / "own.prompt.j2").write_text("---\nextends: base\n---\n")

    with pytest.raises(TemplateError, match="base cannot be extended: .*leads out of the library") as caught:
        pk.library(library)["own"]
    assert (caught.value.file, caught.value.line, caught.value.column) == (
        str(library / "own.prompt.j2"),
        2,
        10,
    )
