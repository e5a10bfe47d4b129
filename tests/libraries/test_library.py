"""Folders of prompt files: names, anchors, versions, includes that stay inside."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import ConfigurationError, PromptError, TemplateError, VersionError
from promptkit.libraries import satisfies

GREET = "---\nname: support/greet\nversion: 1.2.3\ndescription: Say hello.\n---\n{% user %}Hi {{ who }}{% enduser %}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "support").mkdir()
    (tmp_path / "support" / "greet.prompt.j2").write_text(
        GREET.replace("---\n{%", "input: {schema: {who: string}}\n---\n{%")
    )
    (tmp_path / "plain.prompt.j2").write_text("{% user %}Say {{ word }}{% enduser %}\n")
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments" / "tone.md").write_text("Stay calm.\n")
    return tmp_path


def test_names_are_paths_without_suffix_and_headers_come_without_reading_the_rest(folder: Path) -> None:
    library = pk.library(folder)

    assert library.names() == ["plain", "support/greet"]
    assert list(library) == library.names()
    assert "support/greet" in library
    headers = dict(library.headers())
    assert (headers["support/greet"].version, headers["support/greet"].description) == ("1.2.3", "Say hello.")


def test_a_prompt_is_found_by_name_and_runs(folder: Path) -> None:
    prompt = pk.library(folder)["support/greet"]

    result = prompt.using(MockBackend(["Hello!"])).run(who="Ann")

    assert (str(prompt.contract.ref), result.value) == ("support/greet@1.2.3", "Hello!")
    assert result.record.prompt.file == str(folder / "support" / "greet.prompt.j2")


def test_a_file_that_calls_itself_otherwise_is_an_error_with_its_line(folder: Path) -> None:
    (folder / "alias.prompt.j2").write_text("---\nname: other\n---\n{% user %}x{% enduser %}")

    with pytest.raises(
        TemplateError, match=r"alias\.prompt\.j2:2: the file calls itself other, .* name: alias"
    ):
        pk.library(folder).get("alias")


def test_a_misspelt_name_gets_a_suggestion_and_the_list(folder: Path) -> None:
    with pytest.raises(PromptError) as caught:
        pk.library(folder).get("suport/greet")

    assert "did you mean support/greet?" in str(caught.value)
    assert "plain" in str(caught.value)


def test_a_file_that_no_prompt_can_be_called_by_is_told_and_the_others_are_checked(folder: Path) -> None:
    (folder / "my prompt.prompt.j2").write_text("{% user %}x{% enduser %}")

    report = pk.library(folder).check()

    (fault,) = [fault for fault in report.faults if fault.file.endswith("my prompt.prompt.j2")]
    assert "'my prompt' is no name of a prompt; names look like support/triage; rename it" in fault.message
    assert report.prompts == len(pk.library(folder).names())


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/passwd", "a/../b", "", "a//b"])
def test_a_name_never_leaves_the_folder(folder: Path, name: str) -> None:
    with pytest.raises(PromptError, match="is no name of a prompt"):
        pk.library(folder).get(name)


def test_a_link_out_of_the_folder_is_not_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.prompt.j2").write_text(GREET)
    (outside / "secret.md").write_text("secret")
    (folder / "linked.prompt.j2").symlink_to(outside / "secret.prompt.j2")
    (folder / "fragments" / "linked.md").symlink_to(outside / "secret.md")
    (folder / "uses.prompt.j2").write_text("{% user %}{% include 'fragments/linked' %}{% enduser %}")

    with pytest.raises(PromptError, match="leads out of the library"):
        pk.library(folder).get("linked")
    with pytest.raises(TemplateError, match="leads out of the library"):
        pk.library(folder).get("uses").render()


def test_an_include_is_found_with_and_without_suffix_and_a_misspelt_one_gets_a_suggestion(
    folder: Path,
) -> None:
    (folder / "good.prompt.j2").write_text(
        "{% user %}{% include 'fragments/tone' %} {% include 'fragments/tone.md' %}{% enduser %}"
    )
    (folder / "bad.prompt.j2").write_text("{% user %}\n{% include 'fragments/tine' %}{% enduser %}")
    library = pk.library(folder)

    assert library["good"].render().messages[0].text == "Stay calm. Stay calm."
    with pytest.raises(TemplateError) as caught:
        library["bad"].render()
    assert "did you mean fragments/tone?" in str(caught.value)
    assert caught.value.line == 2


def test_two_files_of_one_name_are_an_error_that_names_both(folder: Path) -> None:
    (folder / "plain.prompt.yaml").write_text("template: |\n  {% user %}x{% enduser %}\n")

    with pytest.raises(
        PromptError, match=r"plain\.prompt\.j2 and .*plain\.prompt\.yaml are both named plain"
    ):
        pk.library(folder).names()


def test_a_relative_anchor_is_refused_with_the_mend() -> None:
    with pytest.raises(ConfigurationError, match=r"Path\(__file__\)\.parent / 'prompts'"):
        pk.library(Path("prompts"))


def test_a_library_may_be_a_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = folder.parent / "shop_app" / "prompts"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "hi.prompt.j2").write_text("{% user %}Hi{% enduser %}")
    monkeypatch.syspath_prepend(str(folder.parent))

    assert pk.library("shop_app.prompts").names() == ["hi"]
    with pytest.raises(ConfigurationError, match="no package shop_app.promts"):
        pk.library("shop_app.promts")
    sys.modules.pop("shop_app", None)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no folder"):
        pk.library(tmp_path / "none")


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("1.2.3", "^1", True),
        ("1.2.3", "^1.2", True),
        ("1.2.3", "^1.3", False),
        ("2.0.0", "^1", False),
        ("1.2.3", "~1.2", True),
        ("1.3.0", "~1.2", False),
        ("1.2.3", "1.2.3", True),
        ("1.2.4", "1.2.3", False),
        ("1.9.0", "1", True),
        ("0.3.5", "^0.3", True),
        ("0.4.0", "^0.3", False),
        ("0.0.4", "^0.0.3", False),
        ("0.0.3", "^0.0.3", True),
        ("nonsense", "^1", False),
    ],
)
def test_ranges_are_semantic(version: str, wanted: str, fits: bool) -> None:
    assert satisfies(version, wanted) is fits


def test_a_range_that_the_file_does_not_meet_is_a_version_error(folder: Path) -> None:
    library = pk.library(folder)

    assert library.get("support/greet@^1").version == "1.2.3"
    with pytest.raises(VersionError, match=r"support/greet@\^2 is wanted, but .*greet.prompt.j2 has 1.2.3"):
        library.get("support/greet@^2")
    with pytest.raises(VersionError, match="has no version"):
        library.get("plain@^1")
    for broken in ("support/greet@", "support/greet@latest"):
        with pytest.raises(VersionError):
            library.get(broken)


def test_load_takes_one_file_and_its_folder_for_includes(folder: Path) -> None:
    (folder / "one.prompt.j2").write_text("{% user %}{% include 'fragments/tone' %}{% enduser %}")

    prompt = pk.load(folder / "one.prompt.j2")

    assert prompt.render().messages[0].text == "Stay calm."
    with pytest.raises(TemplateError):
        pk.load(folder / "none.prompt.j2")


def test_a_prompt_of_a_library_pickles_as_its_declaration(folder: Path) -> None:
    (folder / "one.prompt.j2").write_text("{% user %}{% include 'fragments/tone' %}{{ x }}{% enduser %}")
    prompt = pk.library(folder)["one"].using(tags={"a": "b"})

    again: Any = pickle.loads(pickle.dumps(prompt))

    assert again.render(x="!").messages == prompt.render(x="!").messages
