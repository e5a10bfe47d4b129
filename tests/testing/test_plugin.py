"""The pytest plugin, in projects of its own: what is closed, what the fixtures do, and what it costs not to use it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import LOADED as LOADED_PLUGIN

USES_LLM = """
import promptkit as pk

triage = pk.load("triage.prompt.j2")


def test_a_value(llm):
    llm.on("triage").reply({"category": "billing", "urgent": True})
    assert triage.using("llama:demo").run(ticket="x").value.urgent
"""
LIVE = """
import threading

import pytest

import promptkit as pk
from promptkit.errors import BackendNotAllowed

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


def test_closed():
    with pytest.raises(BackendNotAllowed, match="tests ask no real model unless they are opened"):
        triage.run(ticket="x")


@pytest.mark.live
def test_open():
    assert triage.run(ticket="x").value.category


def test_closed_again_in_threads_too():
    caught = []

    def run():
        try:
            triage.run(ticket="x")
        except BackendNotAllowed as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught
"""


def test_a_test_of_three_lines_needs_no_backend(project) -> None:
    project.write("test_a.py", USES_LLM)

    assert project.pytest().counts() == {"passed": 1}


def test_real_models_are_closed_but_for_tests_that_are_marked(project) -> None:
    project.write("test_live.py", LIVE)

    done = project.pytest()

    assert done.counts() == {"passed": 3}, done.text


def test_a_mark_may_be_set_by_a_hook_of_the_project(project) -> None:
    project.write("test_live.py", LIVE.replace("@pytest.mark.live\n", ""))
    project.write(
        "conftest.py",
        "def pytest_collection_modifyitems(items):\n    for item in items:\n        if item.name == 'test_open':\n"
        "            item.add_marker('live')\n",
    )

    assert project.pytest().counts() == {"passed": 3}


@pytest.mark.parametrize("opening", ["--pk-live", "-opromptkit_live=true"])
def test_a_run_can_be_opened_whole(project, opening) -> None:
    project.write("test_live.py", LIVE)

    done = project.pytest(opening, "-k", "closed or open")

    assert done.counts() == {"failed": 2, "passed": 1}
    assert "DID NOT RAISE" in done.text


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("50tokens", "tokens, and --pk-budget allows 50"),
        ("0.50", "what llama:demo costs is not known"),
        ("many", "--pk-budget is 'many'; write US dollars"),
        ("", "--pk-budget is ''; write US dollars"),
        ("NaN", "--pk-budget is 'NaN'; write US dollars"),
        ("-3tokens", "--pk-budget is '-3tokens'; write US dollars"),
    ],
)
def test_real_calls_end_where_the_budget_does(project, budget, said) -> None:
    project.write(
        "test_spends.py",
        """
import pytest
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


@pytest.mark.parametrize("n", range(3))
def test_spends(n):
    triage.run(ticket="x")
""",
    )

    done = project.pytest("--pk-live", f"--pk-budget={budget}")

    assert said in done.text
    assert done.code != 0
    if "is '" not in said:
        assert done.counts()["passed"] == 1


def test_answers_that_cost_nothing_are_not_counted(project) -> None:
    project.write("test_a.py", USES_LLM)
    project.write(
        "test_b.py",
        """
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


def test_spends():
    triage.run(ticket="x")
""",
    )

    done = project.pytest("--pk-live", "--pk-budget=0.50,100000tokens")

    assert done.counts() == {"passed": 2}


def test_unused_answers_fail_a_test_that_passed_and_only_such_a_one(project) -> None:
    project.write(
        "test_strict.py",
        """
def test_passes(llm):
    llm.on("triage").auto()


def test_fails(llm):
    llm.on("triage").auto()
    assert False, "by itself"
""",
    )

    done = project.pytest()

    assert done.counts() == {"failed": 1, "passed": 1, "error": 1}
    assert "on('triage') was not asked for: auto()" in done.text


def test_an_unexpected_call_that_the_code_swallows_fails_the_test(project) -> None:
    project.write(
        "test_swallows.py",
        """
import promptkit as pk

triage = pk.load("triage.prompt.j2")


def test_swallows(llm):
    try:
        triage.run(ticket="x")
    except Exception as error:
        assert "no answer is foreseen" in str(error)
""",
    )

    done = project.pytest()

    assert done.counts() == {"passed": 1, "error": 1}
    assert "add llm.on(...).reply(...)" in done.text


FILE_TESTS = """---
name: quote
input: {schema: {article: string}}
output:
  schema:
    quote: {type: string, quoted_from: article}
tests:
  - name: a good quote
    input: {article: It rained.}
    replies: [{quote: It rained.}]
    expect: {output: {quote: It rained.}}
  - name: a wrong one
    input: {article: It rained.}
    replies: [{quote: It snowed.}]
    expect: {output: {quote: It snowed.}}
---
"""


def test_tests_of_prompt_files_are_items_with_their_line(project) -> None:
    project.write("prompts/quote.prompt.j2", FILE_TESTS)
    project.write("prompts/versions/quote@1.0.0.prompt.j2", FILE_TESTS)
    project.write("prompts/broken.prompt.j2", "---\nnam: x\n---\nHi")

    done = project.pytest("prompts", "--junitxml=out.xml", "--continue-on-collection-errors")

    assert done.counts() == {"failed": 1, "passed": 1, "error": 1}
    assert "prompts/quote.prompt.j2:12: a wrong one" in done.text
    assert "broken.prompt.j2:2:1" in done.text
    assert "Traceback" not in done.text
    report = (project.folder / "out.xml").read_text()
    assert 'name="a good quote"' in report
    assert 'name="a wrong one"' in report


SNAPSHOT = """
import promptkit as pk

triage = pk.load("triage.prompt.j2")


def test_text(prompt_snapshot):
    prompt_snapshot(triage, ticket="I was charged twice.\\n\\nTwice!")


def test_other(prompt_snapshot):
    prompt_snapshot(triage.render(ticket="x"))
    prompt_snapshot(triage, ticket="y")
"""


def test_a_snapshot_shows_a_change_of_the_template_as_a_difference(project) -> None:
    project.write("test_text.py", SNAPSHOT)

    missing = project.pytest()
    written = project.pytest("--pk-update-prompts")
    same = project.pytest()
    prompt = project.folder / "triage.prompt.j2"
    prompt.write_text(
        prompt.read_text().replace(
            "urgent: boolean",
            "urgent(boolean, needs a reply today): boolean".replace(
                "(boolean, needs a reply today): boolean", ": {type: boolean, about: needs a reply today}"
            ),
        )
    )
    changed = project.pytest()

    assert "there is no snapshot" in missing.text
    assert (written.counts(), same.counts()) == ({"passed": 2}, {"passed": 2})
    text = (project.folder / "__prompts__" / "test_text" / "test_text.txt").read_text()
    assert "──── user\n" in text
    assert "  I was charged twice.\n\n  Twice!\n" in text
    assert (project.folder / "__prompts__" / "test_text" / "test_other-2.txt").exists()
    assert changed.counts() == {"failed": 2}
    assert "needs a reply today" in changed.text
    assert "If that is meant, run pytest --pk-update-prompts" in changed.text


def test_snapshots_that_no_test_looks_at_are_named(project) -> None:
    project.write("test_text.py", SNAPSHOT)
    project.pytest("--pk-update-prompts")
    project.write("__prompts__/test_text/test_gone.txt", "old")

    whole, part = project.pytest(), project.pytest("-k", "other")
    one = project.pytest("test_text.py::test_other")

    assert "test_gone.txt: no test looks at it; remove it" in whole.text
    assert "no test looks at it" not in part.text + one.text


def test_snapshots_of_a_test_that_was_skipped_or_failed_are_not_named(project) -> None:
    project.write("test_text.py", SNAPSHOT)
    project.pytest("--pk-update-prompts")
    skipped = SNAPSHOT.replace("def test_text(", "@__import__('pytest').mark.skip\ndef test_text(")
    project.write("test_text.py", skipped)

    done = project.pytest()

    assert done.counts() == {"passed": 1, "skipped": 1}
    assert "no test looks at it" not in done.text


CLASSES = """
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


class TestOne:
    def test_text(self, prompt_snapshot, cassette):
        prompt_snapshot(triage, ticket="one")
        triage.run(ticket="one")


class TestOther:
    def test_text(self, prompt_snapshot, cassette):
        prompt_snapshot(triage, ticket="other")
        triage.run(ticket="other")
"""


def test_tests_of_two_classes_that_are_called_the_same_have_files_of_their_own(project) -> None:
    project.write("test_all.py", CLASSES)

    project.pytest("--pk-update-prompts", "--pk-record=missing")
    pruned, done = project.pytest("--pk-prune-cassettes"), project.pytest()

    assert (pruned.counts(), done.counts()) == ({"passed": 2}, {"passed": 2})
    assert (project.folder / "__prompts__" / "test_all" / "TestOther.test_text.txt").exists()
    assert (project.folder / "cassettes" / "test_all" / "TestOne.test_text.jsonl").exists()


def test_two_tests_whose_files_would_be_named_the_same_are_told(project) -> None:
    project.write(
        "test_signs.py",
        "import pytest\nimport promptkit as pk\n\n\n@pytest.mark.parametrize('sign', ['<', '>'])\n"
        "def test_it(sign, prompt_snapshot):\n    prompt_snapshot(pk.load('triage.prompt.j2'), ticket=sign)\n",
    )

    done = project.pytest("--pk-update-prompts")

    assert done.counts() == {"passed": 1, "error": 1}
    assert (
        "test_signs.py::test_it[<] and test_signs.py::test_it[>] would have one file, test_it;" in done.text
    )


def test_a_snapshot_holds_returns_of_the_carriage(project) -> None:
    project.write("test_text.py", SNAPSHOT.replace('ticket="x"', 'ticket="x\\r\\ny"'))

    project.pytest("--pk-update-prompts")

    assert project.pytest().counts() == {"passed": 2}


AROUND = f"""
import pytest
import promptkit as pk
from promptkit.errors import BackendNotAllowed

pytest_plugins = ["pytester"]


def test_a_run_inside(pytester):
    pytester.makepyfile("def test_a(): pass")
    pytester.inline_run("-p", "no:cacheprovider", *{LOADED_PLUGIN!r})


def test_after_it():
    with pytest.raises(BackendNotAllowed):
        pk.load("triage.prompt.j2").using("llama:demo").run(ticket="x")
"""


def test_a_run_within_a_run_leaves_real_models_closed(project) -> None:
    project.write("test_around.py", AROUND)

    assert project.pytest("test_around.py").counts() == {"passed": 2}


def test_a_snapshot_that_cannot_be_written_is_said(project) -> None:
    project.write("test_text.py", SNAPSHOT)
    project.write("__prompts__", "a file where the folder should be")

    done = project.pytest("--pk-update-prompts", "-k", "test_text")

    assert "cannot be written" in done.text
    assert done.counts()["failed"] >= 1


def test_it_works_in_several_processes(project) -> None:
    project.write("test_a.py", USES_LLM)
    project.write("test_text.py", SNAPSHOT)
    project.write("prompts/quote.prompt.j2", FILE_TESTS)
    project.pytest("test_text.py", "--pk-update-prompts")

    done = project.pytest("-n", "2", ".")

    assert done.counts() == {"failed": 1, "passed": 4}, done.text


LOADED = """
import sys


def test_plain(request):
    assert {name for name in sys.modules if name.startswith("promptkit")} == {
        "promptkit", "promptkit.interception", "promptkit.testing", "promptkit.testing.plugin",
        "promptkit.testing.prompt_files",
    }
    assert request.fixturenames == ["request"]
    called = [
        hook.plugin_name
        for name, caller in vars(request.config.hook).items() if name.startswith("pytest_runtest_")
        for hook in caller.get_hookimpls()
    ]
    assert "runner" in called
    assert not [name for name in called if "promptkit" in name]
"""


def test_a_run_that_does_not_use_it_loads_five_small_modules_and_pays_for_no_hook_of_a_test(project) -> None:
    project.write("test_plain.py", LOADED)

    done = project.pytest("test_plain.py")

    assert done.counts() == {"passed": 1}, done.text


def test_the_gate_is_open_outside_of_pytest() -> None:
    code = "from promptkit.interception import state; assert state.gate is None"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TAKES_TURNS = """
import fcntl
import os

import pytest
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


@pytest.mark.parametrize("n", range(6))
def test_spends(n, record_property):
    record_property("worker", os.environ["PYTEST_XDIST_WORKER"])
    with open("turn", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        triage.run(ticket="x")
"""


@pytest.mark.parametrize("budget", ["20tokens", "0.50"])
def test_a_budget_is_one_for_all_processes_of_a_run(project, budget) -> None:
    project.write("test_spends.py", TAKES_TURNS)

    done = project.pytest("--pk-live", f"--pk-budget={budget}", "-n", "2", "--junitxml=out.xml")

    assert done.counts() == {"failed": 5, "passed": 1}, done.text
    report = (project.folder / "out.xml").read_text()
    assert 'value="gw0"' in report
    assert 'value="gw1"' in report


def test_what_a_fork_spends_counts(project) -> None:
    project.write(
        "test_forks.py",
        """
import os

import pytest
import promptkit as pk
from promptkit.errors import BudgetExceeded

triage = pk.load("triage.prompt.j2").using("llama:demo", generation={"max_tokens": 40})


def test_forks():
    child = os.fork()
    if child == 0:
        triage.run(ticket="x")
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(BudgetExceeded, match="has spent"):
        triage.run(ticket="x")
""",
    )

    done = project.pytest("--pk-live", "--pk-budget=20tokens")

    assert done.counts() == {"passed": 1}, done.text


def test_nothing_of_a_budget_is_left_behind(project, tmp_path) -> None:
    project.write("test_a.py", USES_LLM)
    project.write("temporary/here", "")

    done = project.pytest("--pk-budget=20tokens", "-n", "2", TMPDIR=str(project.folder / "temporary"))

    assert done.counts() == {"passed": 1}, done.text
    assert not list((project.folder / "temporary").glob("promptkit-*"))


LONG_NAMES = """
import pytest
import promptkit as pk
from promptkit.backends import MockBackend

triage = pk.load("triage.prompt.j2").using(MockBackend(name="openai:m"))


LONG = "I was charged twice. " * 20


@pytest.mark.parametrize("ticket", [LONG, LONG + "!", "é" * 300], ids=lambda it: it)  # by itself pytest takes ticket0
def test_a_ticket(ticket, prompt_snapshot, cassette):
    prompt_snapshot(triage, ticket=ticket)
    prompt_snapshot(triage, ticket=ticket + "x")
    triage.run(ticket=ticket)
"""


def test_tests_with_names_longer_than_a_file_may_have_have_files_of_their_own(project) -> None:
    project.write("test_long.py", LONG_NAMES)

    written = project.pytest("--pk-update-prompts", "--pk-record=missing")
    again = project.pytest("-n", "2")

    assert (written.counts(), again.counts()) == ({"passed": 3}, {"passed": 3}), written.text
    snapshots = sorted(it.name for it in (project.folder / "__prompts__" / "test_long").iterdir())
    cassettes = sorted(it.name for it in (project.folder / "cassettes" / "test_long").iterdir())
    assert (len(snapshots), len(cassettes)) == (6, 3)
    assert all(len(name.encode()) < 255 for name in (*snapshots, *cassettes))
    assert any(name.startswith("test_a_ticket-I-was-charged-twice.-I-was") for name in cassettes)


FAILS = """
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo")


def ask():
    return triage.run(ticket="x")


def test_script(llm):
    llm.on("triage", contains="lost").auto()
    ask()


def test_snapshot(prompt_snapshot):
    prompt_snapshot(triage, ticket="x")


def test_cassette(cassette):
    ask()


def test_closed():
    ask()


def test_left(llm):
    llm.on("triage").auto()


def test_of_its_own(llm):
    llm.on("triage", where=lambda request: 1 / 0).auto()
    ask()
"""


def test_what_fails_is_shown_at_the_line_that_called_promptkit(project) -> None:
    project.write("test_fails.py", FAILS)

    done = project.pytest()

    shown, _, own = done.text.partition("_ test_of_its_own _")
    assert done.counts() == {"failed": 5, "passed": 1, "error": 1}
    assert "engine/" not in shown
    assert "plugin.py" not in shown
    for line in (8, 17):
        assert f"test_fails.py:{line}: " in shown
    assert "on('triage') was not asked for: auto()" in shown
    assert "engine/" in own  # an error that is not promptkit's keeps the way there


def test_the_whole_way_is_shown_to_who_asks_for_it(project) -> None:
    project.write("test_fails.py", FAILS)

    assert "engine/" in project.pytest("--full-trace", "-k", "script").text
