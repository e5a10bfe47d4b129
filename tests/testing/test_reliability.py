"""Tests that run many times as one: fresh fixtures, early ends, one report."""

from __future__ import annotations

import pytest

FLAKY = """
import pytest

made, torn, modules = [], [], []


@pytest.fixture(scope="module")
def once():
    modules.append("up")
    yield
    modules.append("down")


@pytest.fixture
def fresh():
    made.append(1)
    yield len(made)
    torn.append(1)


@pytest.mark.reliable(runs=10, pass_rate=0.8)
def test_mostly(fresh, once):
    assert fresh not in {3, 7}


def test_each_run_had_its_own(once):
    assert len(made) == len(torn) == 10  # the ninth could have failed, so that the tenth decides
    assert modules == ["up"]
"""


def test_each_run_has_function_fixtures_of_its_own_and_shares_the_others(project) -> None:
    project.write("test_flaky.py", FLAKY)

    done = project.pytest("test_flaky.py", "--junitxml=out.xml")

    assert done.counts() == {"passed": 2}, done.text
    report = (project.folder / "out.xml").read_text()
    assert report.count("<testcase") == 2
    assert 'name="promptkit_reliability" value="8 of 10 runs passed: 80% (49% to 94%) at 95 %"' in report


@pytest.mark.parametrize(
    ("mark", "body", "counts", "said"),
    [
        (
            "runs=10, pass_rate=0.9",
            "assert n != 2 and n != 4",
            {"failed": 1},
            "2 of 4 runs passed: 50% (15% to 85%) at 95 %; it needs at least 90% of 10 runs; the 6 runs left could not change that",
        ),
        ("runs=10, pass_rate=0.5", "assert n < 9", {"passed": 1}, ""),
        ("pass_k=3", "assert n != 3", {"failed": 1}, "it needs pass^3 of at least 100%"),
        ("pass_k=2, runs=6, pass_rate=0.6", "assert n != 3", {"passed": 1}, ""),
        ("runs=40, pass_rate=0.9, rule='lower_bound'", "assert n", {"passed": 1}, ""),
        ("runs=10, pass_rate=0.9", "pytest.skip('not here')", {"skipped": 1}, ""),
        ("runs=10, pass_rate=0.9", "n < 3 or pytest.skip('not here any more')", {"skipped": 1}, ""),
    ],
)
def test_it_ends_when_it_is_decided(project, mark, body, counts, said) -> None:
    project.write(
        "test_a.py",
        f"import itertools, pytest\n\ncounter = itertools.count(1)\n\n\n@pytest.mark.reliable({mark})\ndef test_a():\n    n = next(counter)\n    {body}\n",
    )

    done = project.pytest("test_a.py")

    assert done.counts() == counts, done.text
    assert said in done.text
    if counts == {"failed": 1}:
        assert "--- run " in done.text


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (
            "runs=10, pass_rate=0.9, rule='lower_bound'",
            "even 10 passes of 10 do not prove a pass rate of 90%; that takes 35 runs",
        ),
        ("pass_rate=1, rule='lower_bound'", "a pass rate of 100%; no number of runs does"),
        ("runs=3, pass_rate=0.9999999, rule='lower_bound'", "that takes 38414585 runs"),
        ("pass_k=3, rule='lower_bound'", "rule is of single runs; leave out pass_k or rule"),
        ("runs=0", "runs is 0; it must be a whole number from 1"),
        ("pass_rate=2", "pass_rate is 2; it must be above 0 and at most 1"),
        ("pass_k=5, runs=3", "pass_k=5 needs at least 5 runs"),
        ("rule='best'", "rule is 'best'; it is observed or lower_bound"),
        ("10", "as in @pytest.mark.reliable(runs=10, pass_rate=0.9)"),
    ],
)
def test_a_mark_without_sense_is_told_before_anything_runs(project, mark, said) -> None:
    project.write("test_a.py", f"import pytest\n\n\n@pytest.mark.reliable({mark})\ndef test_a():\n    pass\n")

    done = project.pytest("test_a.py")

    assert done.code == 4
    assert said in done.text


def test_what_is_not_the_models_fault_ends_the_test_and_counts_as_nothing(project) -> None:
    project.write(
        "test_a.py",
        """
import pytest
import promptkit as pk

triage = pk.load("triage.prompt.j2").using("llama:demo")


@pytest.mark.reliable(runs=10, pass_rate=0.1)
def test_closed():
    triage.run(ticket="x")


@pytest.mark.reliable(runs=3)
def test_broken(missing_fixture):
    pass
""",
    )

    done = project.pytest("test_a.py")

    assert done.counts() == {"failed": 1, "error": 1}, done.text
    assert "run 1 ended by BackendNotAllowed" in done.text


def test_a_test_runs_once_with_each_model(project) -> None:
    project.write(
        "test_models.py",
        """
import pytest
import promptkit as pk

triage = pk.load("triage.prompt.j2").using(generation={"max_tokens": 60})


@pytest.mark.models("mock", "llama:demo")
def test_each(model):
    assert triage.run(ticket="x").record.request.backend == model


@pytest.fixture
def asked():
    return triage.run(ticket="x").record.request.backend


@pytest.mark.models("mock")
def test_without_naming_it(asked):
    assert asked == triage.run(ticket="x").record.request.backend == "mock"


def test_alone(model):
    pass
""",
    )

    done = project.pytest("test_models.py", "--pk-live", "-vv")

    assert done.counts() == {"passed": 3, "error": 1}, done.text
    assert "test_each[llama:demo]" in done.text
    assert "belongs to a test marked" in done.text
