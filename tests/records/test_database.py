"""RecordDatabase: many writers, bounds, a search by index, and files that cannot be used."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import ConfigurationError
from promptkit.records import CallRecord, RecordDatabase, read_jsonl

SECRET = "4929 1234 5678 9012"
PROMPT = pk.Prompt(name="greet", clarity={"task": "Greet {{ name }}."}, output=dict[str, str])


def record(number: int, *, name: str = "p", status: str = "ok", text: str = "", **tags: str) -> CallRecord:
    return CallRecord.from_dict(
        {
            "v": 1,
            "id": f"{number:016x}",
            "trace_id": "0" * 32,
            "key": "sha256:00",
            "status": status,
            "started_at": 1000.0 + number,
            "elapsed_s": 0.5,
            "prompt": {
                "name": name,
                "version": None,
                "digest": "sha256:01",
                "file": None,
                "inputs": {"text": text},
            },
            "request": {
                "backend": "mock",
                "generation": {},
                "messages": [],
                "output_schema": None,
                "fingerprint": "sha256:02",
            },
            "tags": tags,
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.db"


def numbers(store: RecordDatabase, **wanted: object) -> list[int]:
    return [int(row.id, 16) for row in store.rows(**wanted)]  # type: ignore[arg-type]


def test_a_record_comes_back_as_it_was(file: Path) -> None:
    kept = record(1, text="ä\ud800", customer="c42")

    with RecordDatabase(file) as store:
        store.on_call(kept)

        assert store.get(kept.id) == kept
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["calls.db", "calls.sqlite", "calls.SQLITE3"])
def test_pk_record_keeps_calls_in_a_database_by_the_files_name(tmp_path: Path, name: str) -> None:
    with pk.record(tmp_path / name) as store:
        PROMPT.using(MockBackend(['{"a":"b"}']), tags={"customer": "c42"}).run(name="Ann")
        with pytest.raises(pk.errors.Unparseable):
            PROMPT.using(MockBackend(["hm"])).run(name="Bob")

    assert isinstance(store, RecordDatabase)
    failed, good = store.rows()
    assert (failed.status, good.status) == ("failed", "ok")
    assert (good.prompt, good.tags) == ("greet", {"customer": "c42"})
    assert store.get(good.id).output == {"a": "b"}


def test_rows_are_found_by_prompt_status_and_tags_the_newest_first(file: Path) -> None:
    with RecordDatabase(file) as store:
        store.on_call(record(1, name="support/triage", customer="c42", case="x"))
        store.on_call(record(2, name="support/reply", status="failed", customer="c42"))
        store.on_call(record(3, name="other", customer="c43"))

        assert numbers(store) == [3, 2, 1]
        assert numbers(store, limit=2) == [3, 2]
        assert numbers(store, prompt="support/*") == [2, 1]
        assert numbers(store, failed=True) == [2]
        assert numbers(store, where={"customer": "c42"}) == [2, 1]
        assert numbers(store, where={"customer": "c42", "case": "x"}) == [1]
        assert numbers(store, where={"customer": "c42' OR '1'='1"}) == []


def test_the_oldest_go_when_there_are_too_many_and_their_tags_and_feedback_with_them(file: Path) -> None:
    with RecordDatabase(file, max_records=2) as store:
        store.on_call(record(1, customer="c1"))
        store.feedback("0000000000000001", -1)
        for number in (2, 3):
            store.on_call(record(number, customer="c1"))

        assert numbers(store) == [3, 2]
    with sqlite3.connect(file) as raw:
        assert raw.execute("SELECT COUNT(*) FROM tags").fetchone() == (2,)
        assert raw.execute("SELECT COUNT(*) FROM feedback").fetchone() == (0,)
    raw.close()


def test_the_oldest_go_when_all_are_too_large_together(file: Path) -> None:
    with RecordDatabase(file, max_bytes=5000) as store:
        for number in range(1, 4):
            store.on_call(record(number, text="x" * 1500))
        assert numbers(store) == [3, 2]

        store.on_call(record(4, text="x" * 6000))
        assert numbers(store) == []


def test_what_is_too_old_goes_with_the_next_record(file: Path) -> None:
    with RecordDatabase(file, max_age_s=3600) as store:
        store.on_call(replace(record(1), started_at=time.time() - 3000))
        store.on_call(replace(record(2), started_at=time.time() - 4000))

        assert numbers(store) == [1]


def test_a_record_that_is_told_of_twice_is_kept_once(file: Path) -> None:
    with RecordDatabase(file) as store:
        store.on_call(record(1, customer="c"))
        store.on_call(record(1, customer="c"))

        assert numbers(store) == [1]


def test_prune_forgets_shrinks_and_leaves_nothing_on_the_disk(file: Path) -> None:
    with RecordDatabase(file) as store:
        for number in range(20):
            store.on_call(record(number, text=f"{SECRET} " * 2000))
        before = file.stat().st_size + file.with_name("calls.db-wal").stat().st_size

        assert store.prune(max_records=5) == 15
        assert store.prune(max_age_s=60) == 5
        assert store.prune(max_bytes=1) == 0

        assert file.stat().st_size < before / 10
    assert SECRET.encode() not in file.read_bytes()


def test_feedback_stays_with_its_record(file: Path) -> None:
    with RecordDatabase(file) as store:
        store.on_call(record(1))
        store.feedback("0000000000000001", -1, note="wrong team")
        store.feedback("0000000000000001", 0.5)

        first, second = store.feedback_of("0000000000000001")
        assert (first.score, first.note, second.score, second.note) == (-1.0, "wrong team", 0.5, "")
        assert first.given_at <= second.given_at
        assert store.rows()[0].score == 0.5


def test_ids_may_be_shortened_while_they_are_clear(file: Path) -> None:
    with RecordDatabase(file) as store:
        store.on_call(replace(record(1), id="ab00"))
        store.on_call(replace(record(2), id="ac00"))

        assert store.get("ab").id == "ab00"
        with pytest.raises(ConfigurationError, match="several records of .* begin with a; give more"):
            store.get("a")
        for wrong in ("ff", "", "%"):
            with pytest.raises(ConfigurationError, match="has no record"):
                store.get(wrong)
        with pytest.raises(ConfigurationError, match="nan is no score"):
            store.feedback("ab", float("nan"))


@pytest.mark.parametrize("bound", [{"max_records": 0}, {"max_bytes": -1}, {"max_age_s": 0.0}])
def test_a_bound_that_keeps_nothing_is_refused(file: Path, bound: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="keeps nothing; give a number above 0"):
        RecordDatabase(file, **bound)  # type: ignore[arg-type]

    assert not file.exists()


WRITER = """
import sys
from pathlib import Path
from tests.records.test_database import record
from promptkit.records import RecordDatabase

first = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with RecordDatabase(Path(sys.argv[1]), max_records=50) as store:
    for number in range(first, first + 40):
        store.on_call(record(number, text="x" * 5000, writer=sys.argv[2]))
"""


def test_processes_that_write_at_once_lose_nothing_and_keep_the_bound(file: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for first in (100, 200)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("\n", timeout=120)

    assert [writer.returncode for writer in writers] == [0, 0]
    with RecordDatabase(file) as store:
        kept = numbers(store)
        assert kept == [*range(239, 199, -1), *range(139, 129, -1)]
        assert all(store.get(f"{number:016x}").prompt.inputs == {"text": "x" * 5000} for number in kept)


def test_threads_that_write_at_once_lose_nothing(file: Path) -> None:
    with RecordDatabase(file) as store:

        def write(first: int) -> None:
            for number in range(first, first + 25):
                store.on_call(record(number))

        writers = [threading.Thread(target=write, args=(first,)) for first in (0, 100, 200)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

        assert len(store.rows()) == 75


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_children_that_are_forked_while_a_thread_writes_open_the_file_for_themselves(file: Path) -> None:
    with RecordDatabase(file) as store:
        stop = threading.Event()

        def write() -> None:
            number = 1000
            while not stop.is_set():
                store.on_call(record(number, text="x" * 20000))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        codes: list[int] = []
        for number in range(8):
            child = os.fork()
            if child == 0:
                signal.alarm(120)
                code = 1
                try:
                    store.on_call(record(number))
                    store.close()
                    code = 0
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        writer.join()

        assert codes == [0] * 8
        assert numbers(store)[-8:] == [7, 6, 5, 4, 3, 2, 1, 0]


def test_a_call_that_ends_after_its_block_is_kept(file: Path) -> None:
    with RecordDatabase(file) as store:
        pass
    store.close()

    store.on_call(record(1))

    assert numbers(store) == [1]
    store.close()


def test_a_file_that_is_no_database_is_told_of_and_left_as_it_is(file: Path) -> None:
    file.write_text("id,status\n1,ok\n" * 100)

    with pytest.raises(
        ConfigurationError, match=r"calls\.db is damaged or no file of records: .*; move it away"
    ):
        RecordDatabase(file)

    assert file.read_text() == "id,status\n1,ok\n" * 100


def test_a_damaged_database_is_told_of(file: Path) -> None:
    with RecordDatabase(file) as store:
        for number in range(50):
            store.on_call(record(number, text="x" * 5000))
    content = bytearray(file.read_bytes())
    content[4096 : len(content) // 2] = os.urandom(len(content) // 2 - 4096)
    file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"calls\.db is damaged or no file of records"):
        RecordDatabase(file).rows()


def test_a_database_of_something_else_is_left_alone(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE customers (id)")
    other.close()

    with pytest.raises(ConfigurationError, match="is a database of something else; name another file"):
        RecordDatabase(file)


def test_a_newer_form_is_refused(file: Path) -> None:
    RecordDatabase(file).close()
    newer = sqlite3.connect(file)
    newer.execute("PRAGMA user_version = 2")
    newer.close()

    with pytest.raises(
        ConfigurationError, match="keeps records in form 2, and this promptkit knows form 1; upgrade"
    ):
        RecordDatabase(file)


def test_a_record_of_a_newer_form_is_listed_and_told_of_when_it_is_read(file: Path) -> None:
    with RecordDatabase(file) as store:
        store.on_call(replace(record(1), v=2))

        assert numbers(store) == [1]
        with pytest.raises(
            ConfigurationError, match="record 0000000000000001 of .* cannot be read: .* form 2"
        ):
            store.get("0000000000000001")


def test_a_missing_folder_is_told_of_before_any_call(tmp_path: Path) -> None:
    with (
        pytest.raises(
            ConfigurationError, match="cannot keep records in .*give a file in an existing, writable folder"
        ),
        pk.record(tmp_path / "no" / "calls.db"),
    ):
        raise AssertionError("never reached")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told_of(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match="cannot keep records in .*writable folder"):
            RecordDatabase(tmp_path / "calls.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_shall_exist_is_not_made(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file of records"):
        RecordDatabase(file, make=False)

    assert not file.exists()


def test_a_refused_write_fails_the_call_and_gives_its_record(file: Path) -> None:
    with pk.record(file):
        spoiler = sqlite3.connect(file)
        spoiler.execute("DROP TABLE totals")
        spoiler.close()
        with pytest.raises(ConfigurationError, match="cannot keep records in") as caught:
            PROMPT.using(MockBackend(['{"a":"paid for"}'])).run(name="Ann")

    assert caught.value.record is not None
    assert caught.value.record.output == {"a": "paid for"}


def without_numbers(call: CallRecord) -> CallRecord:
    return replace(call, prompt=replace(call.prompt, inputs={"name": "[number]"}))


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl"])
def test_redact_changes_a_record_before_it_is_kept(tmp_path: Path, name: str) -> None:
    with pk.record(tmp_path / name, redact=without_numbers):
        result = PROMPT.using(MockBackend(['{"a":"b"}'])).run(name=SECRET)

    assert result.record.prompt.inputs == {"name": SECRET}
    (call,) = stored(tmp_path / name)
    assert call.prompt.inputs == {"name": "[number]"}


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl"])
def test_redact_may_keep_nothing(tmp_path: Path, name: str) -> None:
    with pk.record(tmp_path / name, redact=lambda call: None):
        PROMPT.using(MockBackend(['{"a":"b"}'])).run(name=SECRET)

    assert stored(tmp_path / name) == []


def test_redact_that_gives_no_record_or_fails_keeps_nothing(file: Path) -> None:
    with (
        pk.record(file, redact=lambda call: "***"),  # type: ignore[arg-type, return-value]
        pytest.raises(
            ConfigurationError, match=r"redact gave str for the record of greet, so nothing was kept"
        ),
    ):
        PROMPT.using(MockBackend(['{"a":"b"}'])).run(name="Ann")
    with (
        pk.record(file, redact=lambda call: replace(call, id=str(1 // len(call.tags)))),
        pytest.raises(ZeroDivisionError),
    ):
        PROMPT.using(MockBackend(['{"a":"b"}'])).run(name="Ann")

    assert stored(file) == []


@pytest.mark.parametrize("name", ["calls.db", "calls.jsonl"])
def test_without_content_no_byte_of_inputs_and_answers_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    source = tmp_path / "greet.prompt.j2"
    source.write_text(
        "---\nname: greet\nclarity: {task: 'Greet {{ name }}.'}\nattempts: 2\n"
        "output: {schema: {a: {type: string, max_words: 1}}}\n---\n"
    )
    prompt = pk.load(source).using(tags={"customer": "c42"})

    with pk.record(path, content=False), pytest.raises(pk.errors.PromptKitError):
        prompt.using(MockBackend([f'{{"a":"call {SECRET}"}}', f"Sure {SECRET}"])).run(name=SECRET)

    (call,) = stored(path)
    assert SECRET not in call.to_json()
    assert SECRET.encode() not in path.read_bytes()
    assert (call.status, call.tags, call.prompt.name) == ("failed", {"customer": "c42"}, "greet")
    assert len(call.attempts) == 2
    assert call.attempts[0].error == "ConstraintViolated"
    assert [verdict.outcome for verdict in call.attempts[0].verdicts] == ["violated"]


def test_a_store_of_ones_own_bounds_is_taken_and_has_its_own_options(file: Path) -> None:
    with pk.record(RecordDatabase(file, max_records=1)) as store:
        for name in ("Ann", "Bob"):
            PROMPT.using(MockBackend(['{"a":"b"}'])).run(name=name)

    assert isinstance(store, RecordDatabase)
    assert [call.prompt.inputs for call in stored(file)] == [{"name": "Bob"}]
    with (
        pytest.raises(ConfigurationError, match="give content and redact to the store itself"),
        pk.record(store, content=False),
    ):
        raise AssertionError("never reached")


def stored(path: Path) -> list[CallRecord]:
    if path.suffix == ".jsonl":
        return list(read_jsonl(path))
    with RecordDatabase(path, make=False) as store:
        return [store.get(row.id) for row in store.rows()]


def test_sqlite_is_loaded_for_those_who_use_it() -> None:
    code = "import sys, promptkit.records, promptkit.sessions; print('sqlite3' in sys.modules)"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"
