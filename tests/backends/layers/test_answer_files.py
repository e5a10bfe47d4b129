"""A file of answers: what it keeps, what it lets go, and that nothing that is wrong with it is an error."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from promptkit.backends.layers.answer_files import AnswerFile, AnswerStats
from promptkit.completions import Completion, Usage

NOW = 1_795_910_400.0


def answer(text: str = "yes") -> Completion:
    return Completion(
        text=text, finish_reason="stop", model="m", usage=Usage(input_tokens=3, output_tokens=1)
    )


def opened(path: Path, **limits: Any) -> AnswerFile:
    return AnswerFile(path, **{"max_bytes": 2**20, "max_age_s": 100.0, **limits})


@pytest.fixture
def file(tmp_path):
    made = opened(tmp_path / "deep" / "answers.sqlite")
    yield made
    made.close()


def test_an_answer_is_found_again_in_this_and_in_a_later_process(file) -> None:
    file.put("a", answer("sch\u00f6n \ud800"), NOW)
    file.close()
    again = opened(file.path)

    for one in (file, again):
        kept = one.get("a", NOW + 1)
        assert kept is not None
        assert kept.completion == answer("sch\u00f6n \ud800")
        assert kept.made_at == NOW
    assert file.get("b", NOW) is None
    again.close()


def test_an_answer_that_is_too_old_is_not_found(file) -> None:
    file.put("a", answer(), NOW)

    assert file.get("a", NOW + 99) is not None
    assert file.get("a", NOW + 100) is None


def test_without_a_bound_an_answer_is_never_too_old(tmp_path) -> None:
    file = opened(tmp_path / "answers.sqlite", max_age_s=None)
    file.put("a", answer(), NOW)

    assert file.get("a", NOW * 2) is not None
    file.close()


def test_what_was_not_used_for_longest_makes_room(tmp_path) -> None:
    file = opened(tmp_path / "answers.sqlite", max_bytes=5000)
    for number in range(10):
        file.put(f"k{number}", answer("x" * 500), NOW + number)
        file.get("k0", NOW + number)

    found = [number for number in range(10) if file.get(f"k{number}", NOW + 20) is not None]
    assert found[0] == 0
    assert found[1:] == list(range(found[1], 10))
    assert 3 <= len(found) < 10
    assert file.stats().bytes <= 5000
    file.close()


def test_what_is_too_old_makes_room_first(tmp_path) -> None:
    file = opened(tmp_path / "answers.sqlite", max_bytes=1000)
    file.put("old", answer("x" * 400), NOW)
    file.get("old", NOW + 99)
    file.put("new", answer("x" * 400), NOW + 101)

    assert file.stats().answers == 1
    file.close()


def test_an_answer_larger_than_all_room_is_not_kept(tmp_path) -> None:
    file = opened(tmp_path / "answers.sqlite", max_bytes=300)
    file.put("a", answer("x" * 400), NOW)

    assert file.get("a", NOW) is None


def test_stats_and_clear(file) -> None:
    assert file.stats() == AnswerStats()
    assert file.clear() == 0
    assert not file.path.exists()
    file.put("a", answer(), NOW)
    file.put("b", answer(), NOW + 1)
    file.get("a", NOW + 2)

    stats = file.stats()
    assert (stats.answers, stats.hits, stats.oldest_at) == (2, 1, NOW)
    assert file.clear() == 2
    assert file.stats().answers == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_may_read_it(file) -> None:
    file.put("a", answer(), NOW)

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["no database", "garbled pages"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(file, caplog, damage) -> None:
    for number in range(50):
        file.put(f"k{number}", answer("x" * 200), NOW)
    file.close()
    if damage == "no database":
        file.path.write_bytes(b"This is a letter. " * 500)
    else:
        whole = file.path.read_bytes()
        file.path.write_bytes(whole[:1024] + b"\xff" * (len(whole) - 1024))

    with caplog.at_level(logging.WARNING, "promptkit"):
        assert file.get("k1", NOW) is None
    file.put("new", answer(), NOW)

    assert file.get("new", NOW) is not None
    assert file.path.with_name("answers.sqlite.broken").exists()
    assert "is no database or damaged" in caplog.text
    assert str(file.path) in caplog.text


def test_an_answer_that_cannot_be_read_is_forgotten(file) -> None:
    file.put("a", answer(), NOW)
    file.close()
    with sqlite3.connect(file.path) as other:
        other.execute("UPDATE answers SET completion = '{\"text\": 1}'")
    other.close()

    assert file.get("a", NOW) is None
    assert file.stats().answers == 0


def test_a_place_that_cannot_be_written_costs_no_call(tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("in the way")
    file = opened(tmp_path / "file" / "answers.sqlite")

    with caplog.at_level(logging.WARNING, "promptkit"):
        file.put("a", answer(), NOW)
        assert file.get("a", NOW) is None

    assert caplog.text.count("answers are not kept") == 1


def test_a_folder_in_the_files_place_costs_no_call(tmp_path, caplog) -> None:
    file = opened(tmp_path)

    with caplog.at_level(logging.WARNING, "promptkit"):
        assert file.get("a", NOW) is None

    assert "answers are not kept" in caplog.text


def test_a_file_of_another_make_is_left_alone(tmp_path, caplog) -> None:
    path = tmp_path / "answers.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE answers (question TEXT)")
    other.close()
    file = opened(path)

    with caplog.at_level(logging.WARNING, "promptkit"):
        assert file.get("a", NOW) is None

    assert "cannot be used now" in caplog.text
    assert not path.with_name("answers.sqlite.broken").exists()
    file.close()


def test_a_damaged_file_that_cannot_be_moved_costs_no_call(tmp_path, caplog, monkeypatch) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"This is a letter. " * 500)
    (tmp_path / "answers.sqlite.broken").mkdir()
    file = opened(path)

    with caplog.at_level(logging.WARNING, "promptkit"):
        assert file.get("a", NOW) is None

    assert "cannot be set aside" in caplog.text


def test_threads_share_a_file_object_and_others_share_the_file(tmp_path) -> None:
    files = [opened(tmp_path / "answers.sqlite") for _ in range(3)]

    def work(number: int) -> bool:
        file = files[number % 3]
        file.put(f"k{number}", answer(str(number)), NOW)
        kept = files[(number + 1) % 3].get(f"k{number}", NOW)
        return kept is not None and kept.completion.text == str(number)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(120)))

    assert all(found)
    for file in files:
        file.close()


def test_a_new_file_that_several_open_at_once_serves_them_all(tmp_path) -> None:
    together = threading.Barrier(8)

    def work(turn: tuple[int, int]) -> bool:
        round_number, number = turn
        file = opened(tmp_path / f"answers-{round_number}.sqlite")
        together.wait()
        file.put(f"k{number}", answer(str(number)), NOW)
        kept = file.get(f"k{number}", NOW)
        file.close()
        return kept is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, [(turn // 8, turn % 8) for turn in range(200)]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_of_fork_opens_the_file_anew(file) -> None:
    file.put("a", answer(), NOW)

    pid = os.fork()
    if pid == 0:
        kept = file.get("a", NOW)
        file.put("b", answer("from the child"), NOW)
        os._exit(0 if kept is not None and file._pid == os.getpid() else 1)
    _, status = os.waitpid(pid, 0)

    assert status == 0
    kept = file.get("b", NOW)
    assert kept is not None
    assert kept.completion.text == "from the child"
    assert threading.current_thread() is threading.main_thread()
