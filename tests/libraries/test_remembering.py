"""Checking a folder with what is remembered of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from promptkit.checks import Report, Settings
from promptkit.checks.memory import Memory, listing_of, memory_of
from promptkit.errors import PromptError
from promptkit.libraries import Library, remembering
from promptkit.libraries.remembering import check_folder

SOUND = "---\nversion: 1.0.0\n---\n{% user %}\nSort the note: {{ note }}\n{% enduser %}\n"
WARNED = "---\ninput: {schema: {note: string, more: string}}\n---\n{% user %}\nSort the note: {{ note }}\n{% enduser %}\n"
FAULTY = "{% user %}\nSort the note: {{ note | uper }}\n{% enduser %}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTKIT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = (tmp_path / "library").resolve()
    (folder / "fragments").mkdir(parents=True)
    (folder / "fragments" / "tone.md").write_text("Be calm.\n")
    (folder / "sound.prompt.j2").write_text(SOUND)
    (folder / "warned.prompt.j2").write_text(WARNED)
    (folder / "includes.prompt.j2").write_text(
        '{% user %}\nSort the note. {% include "fragments/tone" %}\n{{ note }}\n{% enduser %}\n'
    )
    return folder


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of prompts in the order in which they are really looked at."""
    names: list[str] = []
    found = remembering._Checker.found

    def noting(self: Any, subject: Any) -> Any:
        names.append(subject.name)
        return found(self, subject)

    monkeypatch.setattr(remembering._Checker, "found", noting)
    return names


def check(root: Path, names: list[str] | None = None, **settings: Any) -> Report:
    return check_folder(root, names, Settings(settings), memory=memory_of(root, settings), processes=1)


def test_what_did_not_change_is_not_looked_at_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = opened(monkeypatch)

    first, second = check(root), check(root)

    assert first == second == Library(root).check()
    assert looked_at == ["includes", "sound", "warned"]
    assert memory_of(root, {}).recalled(root, None) == first
    assert memory_of(root, {}).recalled(root, ["warned"]) == check(root, ["warned"])


@pytest.mark.parametrize(
    ("path", "text", "again"),
    [
        ("sound.prompt.j2", SOUND.replace("1.0.0", "1.0.1"), ["sound"]),
        ("fragments/tone.md", "Be warm.\n", ["includes"]),
        ("fragments/tone", "Be odd.\n", ["includes"]),
        ("new.prompt.j2", SOUND, ["includes", "new"]),
    ],
)
def test_what_changed_or_may_read_another_file_now_is_looked_at(
    root: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str, again: list[str]
) -> None:
    check(root)
    looked_at = opened(monkeypatch)
    (root / path).write_text(text)

    assert memory_of(root, {}).recalled(root, None) is None
    check(root)

    assert looked_at == again


def test_a_prompt_that_was_removed_is_forgotten(root: Path) -> None:
    check(root)
    (root / "sound.prompt.j2").unlink()

    assert check(root).prompts == 2
    assert "sound" not in memory_of(root, {}).entries


def test_faults_are_looked_at_each_time_since_they_may_be_mended_elsewhere(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "faulty.prompt.j2").write_text(FAULTY)
    (root / "unread.prompt.j2").write_text("---\nclarty: 1\n---\n")
    check(root)
    looked_at = opened(monkeypatch)

    assert [finding.rule for finding in check(root).faults] == ["unknown-filter", "file"]
    assert looked_at == ["faulty", "unread"]


def test_prompts_that_python_code_has_a_say_in_are_looked_at_each_time(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "typed_of_test.py").write_text(
        "from pydantic import BaseModel\n\n\nclass Ask(BaseModel):\n    note: str\n"
    )
    (tmp_path / "promptkit.toml").write_text('models = ["typed_of_test"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (root / "sound.prompt.j2").write_text(
        "---\ninput: {model: typed_of_test:Ask}\n---\n{% user %}\nSort the note: {{ note }}\n{% enduser %}\n"
    )
    check(root)
    looked_at = opened(monkeypatch)

    assert check(root).faults == ()
    assert looked_at == ["sound"]


def test_other_settings_and_another_promptkit_hold_for_nothing_of_before(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(root)
    looked_at = opened(monkeypatch)

    assert [finding.severity for finding in check(root, **{"unused-input": "error"}).findings] == ["error"]
    monkeypatch.setattr("promptkit.checks.memory._promptkit", lambda: ["another"])
    check(root, **{"unused-input": "error"})

    assert looked_at == ["includes", "sound", "warned"] * 2


def test_checking_one_of_a_changed_library_does_not_pass_for_checking_all(root: Path) -> None:
    check(root)
    (root / "more.prompt.j2").write_text(SOUND)

    check(root, ["sound"])

    assert memory_of(root, {}).recalled(root, None) is None
    assert check(root).prompts == 4


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"key": 1}', '{"key": "KEY", "entries": {"a": {}}}'])
def test_a_damaged_memory_is_an_empty_one(root: Path, damage: str) -> None:
    check(root)
    kept = memory_of(root, {})
    kept.path.write_text(damage.replace("KEY", kept.key))

    assert memory_of(root, {}).entries == {}
    assert check(root).prompts == 3


def test_a_folder_that_cannot_be_written_keeps_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")

    assert check(root).prompts == 3
    assert memory_of(root, {}).entries == {}


def test_without_memory_nothing_is_kept(root: Path, tmp_path: Path) -> None:
    assert check_folder(root, None, Settings(), memory=None).prompts == 3
    assert not (tmp_path / "cache").exists()


def test_what_nobody_asked_for_in_a_month_is_removed(root: Path) -> None:
    check(root)
    folder = memory_of(root, {}).path.parent
    old, young = folder / "old.json", folder / "young.json"
    for path, age_days in ((old, 31), (young, 29)):
        path.write_text("{}")
        then = time.time() - age_days * 24 * 3600
        os.utime(path, (then, then))
    (root / "sound.prompt.j2").write_text(SOUND + "\n")

    check(root)

    assert (old.exists(), young.exists()) == (False, True)


def test_writers_at_once_leave_a_whole_memory(root: Path) -> None:
    check(root)
    memory = memory_of(root, {})
    threads = [threading.Thread(target=memory.save) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert json.loads(memory.path.read_text())["names"] == ["includes", "sound", "warned"]
    assert [path.suffix for path in memory.path.parent.iterdir()] == [".json"]


def test_an_unknown_name_is_the_callers_error(root: Path) -> None:
    with pytest.raises(PromptError, match="there is no prompt nowhere"):
        check(root, ["nowhere"])


def test_other_processes_find_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(remembering, "_PORTION", 1)
    (root / "faulty.prompt.j2").write_text(FAULTY)
    alone = check_folder(root, None, Settings(), memory=None, processes=1)
    memory = memory_of(root, {})

    together = check_folder(root, None, Settings(), memory=memory, processes=2)

    assert together == alone
    assert set(memory.entries) == {"includes", "sound", "warned"}
    assert set(memory.entries["includes"].files) == {"includes.prompt.j2", "fragments/tone.md"}


def test_what_another_process_drew_and_did_not_finish_is_done_here(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_checker: Any, subjects: Any, draw: int, _theirs: Any) -> None:
        next(remembering._drawn(draw, subjects))
        os._exit(1)

    monkeypatch.setattr(remembering, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(remembering, "_PORTION", 1)
    monkeypatch.setattr(remembering, "_work", dies)

    report = check_folder(root, None, Settings(), memory=None, processes=2)

    assert report.prompts == 3


@pytest.mark.parametrize("count", [1, 8, 9, 1_000, 8_001, 100_000])
def test_each_prompt_of_a_library_of_any_size_is_drawn_once(count: int) -> None:
    draw = remembering._portions(count)

    drawn = list(remembering._drawn(draw, cast("Any", range(count))))

    os.close(draw)
    assert drawn == list(range(count))


def test_the_work_of_another_process_is_sent_as_one_value(root: Path) -> None:
    code = (
        "from multiprocessing import Pipe; from pathlib import Path; import sys\n"
        "from promptkit.checks import Settings; from promptkit.libraries import Library, remembering as r\n"
        "ours, theirs = Pipe(duplex=False); tree = r.WatchedTree(r.FolderTree(Path(sys.argv[1])))\n"
        "subjects = r.library_subjects(Library(tree), ['sound'])\n"
        "r._work(r._Checker(tree, Settings()), subjects, r._portions(1), theirs)\n"
        "print(ours.recv()['sound'].report)"
    )

    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "1 prompt, 0 faults, 0 tests passed"


def test_an_empty_memory_answers_for_nothing(root: Path, tmp_path: Path) -> None:
    assert Memory(tmp_path / "none.json", "key").recalled(root, None) is None
    assert Memory(tmp_path / "none.json", "key", listing_of(root)).recalled(root, []) is None
