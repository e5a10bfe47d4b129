"""Locks: what is pinned, what strict loading refuses, what a frozen version may not become."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.errors import LockError, PromptError, TemplateError, VersionError
from promptkit.libraries.freezing import freeze, freeze_fragment
from promptkit.libraries.locking import changes_since_lock, lock_library
from promptkit.libraries.locks import read_lock

GREET = """\
---
version: 1.0.0
input:
  schema:
    who: string
output:
  schema:
    text:
      type: string
      tone: {is: calm, judge: judges/tone@^1}
---
{% system %}
{{ constraints }} {% include "fragments/tone" %}
{% endsystem %}
{% user %}
Hello {{ who }}.
{% enduser %}
"""
JUDGE = "---\nversion: 1.2.0\n---\n{% user %}Is it calm? {{ text }}{% enduser %}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("fragments", "judges", "support"):
        (tmp_path / name).mkdir()
    (tmp_path / "fragments" / "tone.md").write_text("Stay calm.\n")
    (tmp_path / "judges" / "tone.prompt.j2").write_text(JUDGE)
    (tmp_path / "support" / "greet.prompt.j2").write_text(GREET)
    return tmp_path


def strict(folder: Path) -> pk.Library:
    return pk.library(folder, strict=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_lock_pins_prompts_frozen_versions_fragments_and_judges(folder: Path) -> None:
    freeze(pk.library(folder), "support/greet")

    locked = lock_library(pk.library(folder))

    lock = read_lock(locked.path.read_text(), "prompts.lock")
    assert lock.pins == locked.pins
    assert list(lock.pins) == [
        "judges/tone.prompt.j2",
        "support/greet.prompt.j2",
        "support/versions/greet@1.0.0.prompt.j2",
    ]
    pin = lock.pins["support/versions/greet@1.0.0.prompt.j2"]
    working = lock.pins["support/greet.prompt.j2"]
    assert (pin.name, pin.version, pin.frozen) == ("support/greet", "1.0.0", True)
    assert dict(pin.judges) == {"judges/tone@^1": "judges/tone.prompt.j2"}
    assert list(pin.fragments) == ["fragments/tone.md"]
    assert (pin.text, pin.contract, pin.rendered) == (working.text, working.contract, working.rendered)


def test_a_lock_does_not_depend_on_where_the_library_lies_or_how_its_lines_end(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "copy"
    first = lock_library(pk.library(folder)).path.read_text()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "prompts.lock":
            target = other / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    second = lock_library(pk.library(other)).path.read_text()

    assert first == second


def test_what_is_as_it_was_locked_loads(folder: Path) -> None:
    lock_library(pk.library(folder))

    prompt = strict(folder)["support/greet@^1"]
    again: Any = pickle.loads(pickle.dumps(prompt))

    assert again.render(who="Ann").messages == prompt.render(who="Ann").messages
    assert strict(folder).get("support/greet", output=dict[str, str]).name == "support/greet"


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        (
            "support/greet.prompt.j2",
            "Hello",
            "Hey",
            r"greet\.prompt\.j2 has another text \(\w{12}\) than is locked",
        ),
        (
            "fragments/tone.md",
            "calm",
            "quick",
            r"includes another text than is locked in fragments/tone\.md\. Restore it",
        ),
        ("judges/tone.prompt.j2", "calm", "quick", r"tone\.prompt\.j2 has another text"),
    ],
)
def test_strict_loading_refuses_what_has_changed_at_the_line_of_the_lock(
    folder: Path, path: str, old: str, new: str, message: str
) -> None:
    lock = lock_library(pk.library(folder)).path
    edit(folder / path, old, new)

    with pytest.raises(LockError, match=message) as caught:
        strict(folder).get("support/greet@^1")

    file = "judges/tone.prompt.j2" if "judges" in path else "support/greet.prompt.j2"
    assert caught.value.file == str(lock)
    assert lock.read_text().splitlines()[(caught.value.line or 0) - 1] == f'file = "{file}"'
    assert str(caught.value).startswith(f"{lock}:{caught.value.line}: ")
    assert pk.library(folder)["support/greet"].name == "support/greet"


def test_a_missing_file_is_told_of_as_locked(folder: Path) -> None:
    lock_library(pk.library(folder))
    (folder / "judges" / "tone.prompt.j2").unlink()

    with pytest.raises(LockError, match=r"judges/tone\.prompt\.j2 is locked and cannot be read"):
        strict(folder).get("support/greet")


def test_a_model_that_changed_behind_an_unchanged_file_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = folder.parent / "locked_models.py"
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for text in ("count: int", "count: int\n    more: str"):
        module.write_text(f"from pydantic import BaseModel\n\n\nclass Out(BaseModel):\n    {text}\n")
        if text == "count: int":
            (folder / "m.prompt.j2").write_text(
                "---\noutput: {model: 'locked_models:Out'}\n---\n{% user %}x{% enduser %}"
            )
            lock_library(pk.library(folder, models=["locked_models"]))
        sys.modules.pop("locked_models", None)

    with pytest.raises(LockError, match="has another contract than is locked, though its text is the same"):
        pk.library(folder, models=["locked_models"], strict=True).get("m")
    sys.modules.pop("locked_models", None)


def test_what_promptkit_words_otherwise_is_found(folder: Path) -> None:
    path = lock_library(pk.library(folder)).path
    pins = read_lock(path.read_text(), "x").pins
    edit(path, pins["support/greet.prompt.j2"].rendered, "sha256:0")

    with pytest.raises(LockError, match="would be worded otherwise than is locked"):
        strict(folder).get("support/greet")


def test_the_lock_decides_which_version_a_range_means(folder: Path) -> None:
    library = pk.library(folder)
    freeze(library, "support/greet")
    lock_library(library)
    edit(folder / "support" / "greet.prompt.j2", "version: 1.0.0", "version: 1.1.0")
    freeze(library, "support/greet")

    assert library["support/greet@^1"].version == "1.1.0"
    assert strict(folder)["support/greet@^1"].version == "1.0.0"
    with pytest.raises(
        LockError, match=r"of support/greet nothing in the range \^1\.1 is locked, only 1\.0\.0"
    ):
        strict(folder).get("support/greet@^1.1")
    lock_library(library)
    assert strict(folder)["support/greet@^1"].version == "1.1.0"


def test_what_is_not_locked_is_refused_with_a_suggestion(folder: Path) -> None:
    lock_library(pk.library(folder))
    (folder / "late.prompt.j2").write_text("{% user %}x{% enduser %}")

    with pytest.raises(LockError, match=r"suport/greet is not locked \(did you mean support/greet\?\)"):
        strict(folder).get("suport/greet")
    with pytest.raises(LockError, match="late is not locked.* run promptkit lock to add it"):
        strict(folder).get("late")
    with pytest.raises(VersionError, match="no version range"):
        strict(folder).get("support/greet@newest")


def test_a_version_that_is_locked_without_a_working_copy_is_said(folder: Path) -> None:
    freeze(pk.library(folder), "support/greet")
    (folder / "support" / "greet.prompt.j2").unlink()
    lock_library(pk.library(folder))

    with pytest.raises(LockError, match=r"no working copy is locked, only 1\.0\.0"):
        strict(folder).get("support/greet")


def test_a_strict_library_without_lock_is_an_error(folder: Path) -> None:
    with pytest.raises(LockError, match=r"prompts\.lock: the library is strict and has no lock"):
        strict(folder).get("support/greet")
    with pytest.raises(LockError, match="there is no lock; write one"):
        changes_since_lock(pk.library(folder))


def test_a_frozen_version_that_changed_is_not_locked_again(folder: Path) -> None:
    library = pk.library(folder)
    frozen = freeze(library, "support/greet").path
    before = lock_library(library).path.read_bytes()
    edit(frozen, "Hello", "Hey")

    with pytest.raises(
        LockError, match=r"greet@1\.0\.0\.prompt\.j2 has another text .* A frozen version never changes"
    ):
        lock_library(library)

    assert (folder / "prompts.lock").read_bytes() == before
    assert lock_library(library, anew=True).path.read_bytes() != before


def test_locking_again_says_what_changed_and_without_a_change_writes_nothing(folder: Path) -> None:
    library = pk.library(folder)
    path = lock_library(library).path
    stamp = path.stat().st_mtime_ns

    assert lock_library(library).changes == changes_since_lock(library) == ()
    assert path.stat().st_mtime_ns == stamp

    edit(folder / "support" / "greet.prompt.j2", "version: 1.0.0", "version: 1.1.0")
    (folder / "judges" / "other.prompt.j2").write_text(JUDGE)
    assert [change.split(" (")[0] for change in changes_since_lock(library)] == [
        "judges/other.prompt.j2 is not locked",
        "support/greet.prompt.j2 has another text",
        "support/greet.prompt.j2 is version 1.1.0, and 1.0.0 is locked",
    ]
    (folder / "judges" / "other.prompt.j2").unlink()
    lock_library(library)
    (folder / "support" / "greet.prompt.j2").unlink()
    assert changes_since_lock(library) == ("support/greet.prompt.j2 is locked and not there",)


def test_a_judge_that_is_not_there_is_an_error(folder: Path) -> None:
    (folder / "judges" / "tone.prompt.j2").unlink()

    with pytest.raises(TemplateError, match=r"is judged by judges/tone@\^1, which is not there"):
        lock_library(pk.library(folder))
    assert not (folder / "prompts.lock").exists()


def test_a_judge_that_is_locked_no_more_is_an_error(folder: Path) -> None:
    path = lock_library(pk.library(folder)).path
    text = path.read_text()
    path.write_text(
        text.replace('name = "judges/tone"', 'name = "x"').replace(
            'file = "judges/tone.prompt.j2"', 'file = "x"'
        )
    )

    with pytest.raises(LockError, match=r"judges/tone@\^1, which judges support/greet, is not locked"):
        strict(folder).get("support/greet")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "format = 2\nfuture = [[1]]\n",
            1,
            "written by a newer promptkit, and this one reads 1. Upgrade promptkit",
        ),
        ("# a comment\nformat = 99\n", 2, "of the format 99"),
        ("format = 'one'\n", 1, "a lock begins with `format = 1`, and here it is 'one'"),
        ("", 1, "here it is None"),
        ("format = true\n", 1, "here it is True"),
        ("format = 1\n<<<<<<< HEAD\n", 2, "this is no TOML"),
        ("format = 1\nprompt = 3\n", None, "prompt must be a list of tables"),
        ("format = 1\nprompt = [3]\n", None, "prompt must be a list of tables"),
        (
            'format = 1\n[[prompt]]\nname = "a"\nfile = "b"\n',
            4,
            "text is missing or no text in the table of a",
        ),
        (
            'format = 1\n[[prompt]]\nname = "a"\nfile = "b"\ntext = "t"\ncontract = "c"\nrendered = "r"\nfragments = { x = 1 }\n',
            4,
            "fragments and judges are tables of texts",
        ),
        (
            "format = 1\n"
            + 2 * '[[prompt]]\nname = "a"\nfile = "b"\ntext = "t"\ncontract = "c"\nrendered = "r"\n',
            10,
            "b is locked 2 times",
        ),
    ],
)
def test_a_lock_that_cannot_be_read_is_refused_with_its_line(
    text: str, line: int | None, message: str
) -> None:
    with pytest.raises(LockError) as caught:
        read_lock(text, "prompts.lock")

    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("prompts.lock", line)
    assert "promptkit lock --anew" in str(caught.value)


def test_a_newer_lock_is_replaced_only_when_that_is_asked_for(folder: Path) -> None:
    (folder / "prompts.lock").write_text("format = 2\n")

    with pytest.raises(LockError, match="newer promptkit"):
        lock_library(pk.library(folder))
    assert (folder / "prompts.lock").read_text() == "format = 2\n"
    assert lock_library(pk.library(folder), anew=True).pins


def test_the_lock_of_a_large_library_is_read(folder: Path) -> None:
    lock_library(pk.library(folder))
    lock = folder / "prompts.lock"
    lock.write_text(lock.read_text() + "# as long as that of some thousand prompts\n" * 50_000)

    assert strict(folder).get("support/greet").version == "1.0.0"


def test_an_empty_library_has_an_empty_lock(tmp_path: Path) -> None:
    path = lock_library(pk.library(tmp_path)).path

    assert read_lock(path.read_text(), "x").pins == {}


def test_a_folder_in_the_way_of_the_lock_leaves_nothing_half_written(folder: Path) -> None:
    (folder / "prompts.lock").mkdir()

    with pytest.raises(PromptError, match=r"prompts\.lock cannot be written: .*; nothing was changed"):
        lock_library(pk.library(folder))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_configuration_makes_libraries_strict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = folder.parent / "project"
    project.mkdir()
    (project / "promptkit.toml").write_text("strict = true\n")
    monkeypatch.chdir(project)

    assert pk.library(folder).strict
    assert not pk.library(folder, strict=False).strict


def test_the_lock_decides_which_version_of_a_fragment_a_range_means(folder: Path) -> None:
    (folder / "uses.prompt.j2").write_text("{% user %}{% include 'fragments/tone@^1' %}{% enduser %}")
    library = pk.library(folder)
    freeze_fragment(library, "fragments/tone", "1.0.0")
    locked = lock_library(library)
    edit(folder / "fragments" / "tone.md", "calm", "quick")
    freeze_fragment(library, "fragments/tone", "1.1.0")

    assert list(locked.pins["uses.prompt.j2"].fragments) == ["fragments/versions/tone@1.0.0.md"]
    assert library["uses"].render().messages[0].text == "Stay quick."
    assert strict(folder)["uses"].render().messages[0].text == "Stay calm."
    lock_library(library)
    assert strict(folder)["uses"].render().messages[0].text == "Stay quick."


def test_a_judge_that_another_file_took_over_is_found(folder: Path) -> None:
    lock_library(pk.library(folder))
    freeze(pk.library(folder), "judges/tone")

    assert [change for change in changes_since_lock(pk.library(folder)) if "judged" in change] == [
        "support/greet.prompt.j2 is judged by other prompts than are locked"
    ]
    with pytest.raises(LockError, match="is judged by other prompts than are locked"):
        strict(folder).get("support/greet")


class Rhymes:
    kind = "rhymes"

    def __init__(self, words: str) -> None:
        self.words = words

    def sentence(self, subject: str) -> str:
        return f"{subject} rhymes with {self.words}."

    def fault(self, value: Any, scope: Any) -> str | None:
        return None


def test_rules_of_ones_own_count_by_their_sentence_and_lists_by_their_values(folder: Path) -> None:
    text = "---\noutput: text\nconstraints:\n  - rhymes: {word}\n  - must_mention: [a, {{any: [b, c]}}]\n---\n{{% user %}}{{{{ constraints }}}}{{% enduser %}}"
    library = pk.library(folder, rules=[Rhymes])
    contracts: list[str] = []
    for word in ("moon", "moon", "sun"):
        (folder / "r.prompt.j2").write_text(text.format(word=word))
        contracts.append(library.pin(library.entry("r")).contract)

    assert contracts[0] == contracts[1] != contracts[2]


@pytest.mark.parametrize("anew", [True, False])
def test_a_lock_that_is_a_link_out_of_the_library_is_not_written(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, *, anew: bool
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "precious.txt"
    outside.write_text("precious")
    (folder / "prompts.lock").symlink_to(outside)

    with pytest.raises(PromptError, match="leads out of the library"):
        lock_library(pk.library(folder), anew=anew)
    assert outside.read_text() == "precious"
