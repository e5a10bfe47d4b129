"""Prompts in git revisions: compared, released against, reviewed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.errors import PromptError, TemplateError, VersionError
from promptkit.libraries.diffs import Bump, diff_of
from promptkit.libraries.freezing import freeze, freeze_fragment
from promptkit.libraries.releasing import release, with_version
from promptkit.libraries.reviews import review_since
from promptkit.libraries.revisions import tree_at
from promptkit.libraries.sides import at_revision, side_at

TRIAGE = """\
---
name: support/triage
version: 1.0.0  # as released
input:
  schema:
    text: string
output:
  schema:
    kind(enum): [fault, wish]
---
{% system %}
{{ output_format }} {% include "tone" %}
{% endsystem %}
{% user %}
{{ text }}
{% enduser %}
"""
PLAIN = "{% user %}Hi {{ name }}{% enduser %}\n"


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "app" / "prompts"
        (self.folder / "support").mkdir(parents=True)
        self.path = self.folder / "support" / "triage.prompt.j2"
        self.path.write_text(TRIAGE)
        (self.folder / "tone.md").write_text("Stay calm.\n")
        (self.folder / "plain.prompt.j2").write_text(PLAIN)
        (self.folder / "link.md").symlink_to("tone.md")
        self.git("init", "-q", "-b", "main")
        self.commit()

    @property
    def library(self) -> pk.Library:
        return pk.library(self.folder)

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(self.root), *who, *arguments], check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--no-verify")

    def edit(self, old: str, new: str, path: Path | None = None) -> None:
        path = path or self.path
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_a_library_is_read_as_it_was_in_a_revision(repository: Repository) -> None:
    repository.edit("[fault, wish]", "[fault]")
    (repository.folder / "tone.md").write_text("Be quick.\n")
    (repository.folder / "support" / "new.prompt.j2").write_text(PLAIN)

    past = at_revision(repository.library, "HEAD")

    assert past.names() == ["plain", "support/triage"]
    rendered = past["support/triage"].render(text="x")
    assert "Stay calm." in rendered.messages[0].text
    assert past["support/triage"].declaration.file == "HEAD:app/prompts/support/triage.prompt.j2"
    assert past.tree.label == "HEAD:app/prompts"
    assert past.tree.listed("support") == ["triage.prompt.j2"]
    assert not past.tree.has("link.md")
    with pytest.raises(
        TemplateError, match=r"HEAD:app/prompts/link\.md: There is no such file in this revision"
    ):
        past.tree.text("link.md")


def test_a_repository_may_be_a_library_itself(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (tmp_path / "top.prompt.j2").write_text(PLAIN)
    repository.commit()

    tree = tree_at(tmp_path, "main")

    assert tree.text("top.prompt.j2") == PLAIN
    assert (tree.label, tree.place("a.md"), tree.listed("")) == ("main:.", "main:a.md", ["top.prompt.j2"])


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("nowhere", "has no revision nowhere; write a branch, a tag or a commit"),
        ("--help", "is no revision"),
        ("", "is no revision"),
    ],
)
def test_a_revision_that_is_none_is_an_error(repository: Repository, revision: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        at_revision(repository.library, revision)


def test_outside_a_repository_there_are_no_revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(PromptError, match="lies in no git repository, so it has no revision HEAD"):
        at_revision(pk.library(tmp_path), "HEAD")


def test_without_git_an_error_says_so(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(PromptError, match="git is not installed"):
        at_revision(repository.library, "HEAD")


def test_a_git_that_hangs_is_given_up(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    script = repository.root / "bin" / "git"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    monkeypatch.setattr("promptkit.libraries.revisions._TIMEOUT_S", 0.2)

    with pytest.raises(PromptError, match=r"gave no answer within 0\.2 s"):
        at_revision(repository.library, "HEAD")


@pytest.mark.parametrize(
    ("reference", "label"),
    [
        ("support/triage", "support/triage"),
        ("support/triage@^1", "support/triage@1.0.0"),
        ("HEAD:support/triage", "HEAD:support/triage"),
        ("HEAD:app/prompts/support/triage.prompt.j2", "HEAD:app/prompts/support/triage.prompt.j2"),
        (
            "app/prompts/support/versions/triage@1.0.0.prompt.j2",
            "app/prompts/support/versions/triage@1.0.0.prompt.j2",
        ),
        ("other.prompt.j2", "other.prompt.j2"),
    ],
)
def test_each_way_to_name_a_side(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, reference: str, label: str
) -> None:
    monkeypatch.chdir(repository.root)
    freeze(repository.library, "support/triage")
    (repository.root / "other.prompt.j2").write_text(TRIAGE)
    (repository.root / "tone.md").write_text("Stay calm.\n")

    side = side_at(repository.library, reference)

    assert side.label == label
    assert diff_of(side, side_at(repository.library, "support/triage")).demands is Bump.NONE


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nothing.prompt.j2", "there is no file"),
        ("HEAD:other.prompt.j2", "does not lie in the library"),
        ("HEAD:support/trage", "did you mean support/triage"),
    ],
)
def test_a_side_that_is_not_there_is_an_error(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    monkeypatch.chdir(repository.root)

    with pytest.raises(PromptError, match=message):
        side_at(repository.library, reference)


def test_a_release_takes_the_least_version_that_the_changes_demand(repository: Repository) -> None:
    freeze(repository.library, "support/triage")
    repository.edit("[fault, wish]", "[fault]")

    made = release(repository.library, "support/triage")

    assert (made.version, made.before, made.written) == ("1.1.0", "1.0.0", True)
    assert "version: 1.1.0  # as released\n" in repository.path.read_text()
    assert release(repository.library, "support/triage").written is False
    freeze(repository.library, "support/triage")
    repository.edit("text: string", "text: string\n    more: string")
    assert release(repository.library, "support/triage").version == "2.0.0"


def test_a_bump_that_is_too_small_is_refused_and_nothing_is_written(repository: Repository) -> None:
    freeze(repository.library, "support/triage")
    repository.edit("[fault, wish]", "[fault, wish, other]")
    before = repository.path.read_bytes()

    for wanted in (Bump.MINOR, "1.9.0", "1.0.0"):
        with pytest.raises(
            VersionError, match=r"demands 2\.0\.0 or higher \(major\): major: output kind takes"
        ):
            release(repository.library, "support/triage", wanted=wanted)

    assert repository.path.read_bytes() == before
    assert release(repository.library, "support/triage", wanted="3.0.0-rc.1").version == "3.0.0-rc.1"


def test_what_is_no_version_and_what_goes_back_is_refused(repository: Repository) -> None:
    with pytest.raises(VersionError, match="'2.0' is no semantic version"):
        release(repository.library, "support/triage", wanted="2.0")
    freeze(repository.library, "support/triage")
    repository.edit("version: 1.0.0", "version: 0.9.0")
    with pytest.raises(VersionError, match=r"says version 0\.9\.0, and 1\.0\.0 is frozen already"):
        release(repository.library, "support/triage")


def test_the_first_release_is_the_version_of_the_file_or_one(repository: Repository) -> None:
    library = repository.library

    assert release(library, "support/triage").version == "1.0.0"
    assert release(library, "support/triage", wanted=Bump.MINOR).version == "1.1.0"
    assert release(library, "plain").version == "1.0.0"
    assert (repository.folder / "plain.prompt.j2").read_text() == f"---\nversion: 1.0.0\n---\n{PLAIN}"
    assert library["plain@^1"].render(name="Ann").messages[0].text == "Hi Ann"


def test_a_release_may_compare_with_a_revision(repository: Repository) -> None:
    repository.edit("Stay calm", "Be quick", repository.folder / "tone.md")

    made = release(repository.library, "support/triage", base="HEAD")

    assert (made.before, made.version) == ("1.0.0", "1.0.1")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("---\nname: a\n---\nversion: 9\n", "---\nname: a\nversion: 2.0.0\n---\nversion: 9\n"),
        ("---\ninput: {}\n---\nx", "---\nversion: 2.0.0\ninput: {}\n---\nx"),
        ("---\r\nname: a\r\nversion: 1.0.0\r\n---\r\nx", "---\r\nname: a\r\nversion: 2.0.0\r\n---\r\nx"),
        ("---\r\nname: a\r\n---\r\nx", "---\r\nname: a\r\nversion: 2.0.0\r\n---\r\nx"),
        ("\ufeff---\nversion: '1.0.0' # why\n---\n", "\ufeff---\nversion: 2.0.0 # why\n---\n"),
        ("---\n---\nx", "---\nversion: 2.0.0\n---\nx"),
        ("---\nname: a\n", "---\nname: a\nversion: 2.0.0\n"),
    ],
)
def test_only_the_version_changes_in_a_file(text: str, made: str) -> None:
    assert with_version(text, "2.0.0", yaml_document=False) == made


def test_a_yaml_document_gets_its_version_too() -> None:
    text = "format: promptkit/1\ntemplate: |\n  version: 1\n"

    assert with_version(text, "2.0.0", yaml_document=True) == text.replace("/1\n", "/1\nversion: 2.0.0\n")


def reviewed(repository: Repository) -> dict[str, Any]:
    return {one.name: one for one in review_since(repository.library, "HEAD")}


def test_a_review_tells_what_changed_and_which_versions_rose_too_little(repository: Repository) -> None:
    repository.edit("[fault, wish]", "[fault, wish, other]")
    (repository.folder / "plain.prompt.j2").unlink()
    (repository.folder / "late.prompt.j2").write_text(PLAIN)

    found = reviewed(repository)

    assert {name: (one.note, one.fault) for name, one in found.items()} == {
        "late": ("is new", ""),
        "plain": ("is removed", ""),
        "support/triage": ("", "is still 1.0.0, and what changed demands 2.0.0 or higher (major)"),
    }
    repository.edit("version: 1.0.0", "version: 1.5.0")
    assert "went from 1.0.0 to 1.5.0" in reviewed(repository)["support/triage"].fault
    repository.edit("version: 1.5.0", "version: 2.0.0")
    assert reviewed(repository)["support/triage"].fault == ""
    repository.edit("version: 2.0.0  # as released\n", "")
    assert reviewed(repository)["support/triage"].fault == "names no version any more; it was 1.0.0"


def test_a_fragment_that_changed_is_found_in_the_prompts_that_include_it(repository: Repository) -> None:
    repository.edit("calm", "quick", repository.folder / "tone.md")

    assert list(reviewed(repository)) == ["support/triage"]
    assert reviewed(repository)["support/triage"].diff.demands is Bump.PATCH


def test_a_prompt_without_version_never_fails_a_review(repository: Repository) -> None:
    repository.edit("Hi", "Hello", repository.folder / "plain.prompt.j2")

    one = reviewed(repository)["plain"]

    assert (one.fault, one.diff.demands) == ("", Bump.PATCH)


def test_frozen_files_may_come_and_not_change(repository: Repository) -> None:
    frozen = freeze(repository.library, "support/triage")
    assert reviewed(repository)["support/versions/triage@1.0.0.prompt.j2"].note == "is frozen newly"
    assert len(reviewed(repository)) == 1
    repository.commit()
    repository.edit("fault", "flaw", frozen.path)

    (one,) = review_since(repository.library, "HEAD")

    assert "is frozen and has changed; restore it" in one.fault


def test_faulty_prompts_are_faults_and_mended_ones_are_told(repository: Repository) -> None:
    repository.edit("{{ text }}", "{{ txt }}")
    (repository.folder / "late.prompt.j2").write_text("{% user %}{% enduse")

    found = reviewed(repository)

    assert found["support/triage"].fault.startswith("does not hold together: ")
    assert found["late"].fault.startswith("does not hold together: ")
    repository.commit()
    repository.edit("{{ txt }}", "{{ text }}")
    assert reviewed(repository)["support/triage"].note.startswith("was faulty before: ")


def test_nothing_changed_is_nothing_to_say(repository: Repository) -> None:
    repository.edit("version: 1.0.0", "version: 1.0.1")
    assert reviewed(repository)["support/triage"].diff.demands is Bump.NONE
    repository.git("checkout", "-q", "--", ".")
    assert reviewed(repository) == {}


def test_a_new_version_of_a_fragment_is_found_in_the_prompts_that_take_it(repository: Repository) -> None:
    repository.edit('"tone"', '"tone@^1"')
    freeze_fragment(repository.library, "tone", "1.0.0")
    repository.commit()
    repository.edit("calm", "quick", repository.folder / "tone.md")
    freeze_fragment(repository.library, "tone", "1.1.0")

    found = reviewed(repository)

    assert list(found) == ["support/triage"]
    assert found["support/triage"].fault == "is still 1.0.0, and what changed demands 1.0.1 or higher (patch)"
