"""The plugin's parts by themselves: demands, budgets, the gate, snapshots."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.completions import Usage
from promptkit.errors import BackendNotAllowed, BudgetExceeded, ConfigurationError
from promptkit.testing.live import Gate, Spending, spending
from promptkit.testing.reliability import Demand, demand_of
from promptkit.testing.snapshots import SnapshotMismatch, Snapshots, rendered_text


@pytest.mark.parametrize(
    ("given", "demand", "said"),
    [
        ({"runs": 20, "pass_rate": 0.8}, Demand(runs=20, pass_rate=0.8), "at least 80% of 20 runs"),
        ({}, Demand(runs=10, pass_rate=0.9), "at least 90% of 10 runs"),
        ({"pass_k": 3}, Demand(runs=3, pass_rate=1.0, pass_k=3), "pass^3 of at least 100%"),
        (
            {"runs": 40, "rule": "lower_bound"},
            Demand(runs=40, pass_rate=0.9, rule="lower_bound"),
            "at least 90% of 40 runs, by the lower end of the interval",
        ),
    ],
)
def test_a_mark_is_a_demand_that_says_itself(given, demand, said) -> None:
    assert demand_of(pytest.mark.reliable(**given).mark) == demand
    assert str(demand) == said


@pytest.mark.parametrize(
    ("args", "given", "said"),
    [
        ((10,), {}, "as in @pytest.mark.reliable"),
        ((), {"times": 3}, "as in @pytest.mark.reliable"),
        ((), {"runs": True}, "runs is True"),
        ((), {"pass_rate": 0}, "pass_rate is 0"),
        ((), {"rule": "best"}, "rule is 'best'"),
        ((), {"pass_k": 2, "rule": "lower_bound"}, "rule is of single runs"),
        ((), {"pass_k": 5, "runs": 3}, "needs at least 5 runs"),
        ((), {"runs": 5, "rule": "lower_bound"}, "that takes 35 runs"),
        ((), {"runs": 5, "pass_rate": 1, "rule": "lower_bound"}, "no number of runs does"),
        ((), {"runs": 5, "pass_rate": 0.999, "rule": "lower_bound"}, "that takes 3838 runs"),
    ],
)
def test_a_mark_without_sense_is_refused(args, given, said) -> None:
    with pytest.raises(pytest.UsageError, match=said.replace("(", "\\(")):
        demand_of(pytest.mark.reliable(*args, **given).mark)


@pytest.mark.parametrize(
    ("passes", "done", "verdict"), [(9, 9, True), (0, 2, False), (8, 9, None), (0, 0, None), (1, 3, False)]
)
def test_a_demand_knows_when_it_is_decided(passes, done, verdict) -> None:
    assert Demand(runs=10, pass_rate=0.9).decided(passes, done) is verdict


@pytest.mark.parametrize(
    ("text", "dollars", "tokens"),
    [(None, None, None), ("0.50", "0.50", None), ("$2, 300tokens", "2", 300), ("10tokens", None, 10)],
)
def test_a_budget_is_read(text, dollars, tokens) -> None:
    found = spending(text)

    assert (found.dollars, found.tokens) == (None if dollars is None else Decimal(dollars), tokens)


@pytest.mark.parametrize("text", ["", "many", "-1", "NaN", "x tokens", "-5tokens", "1,,2"])
def test_what_is_no_budget_is_refused(text) -> None:
    with pytest.raises(ConfigurationError, match="--pk-budget is"):
        spending(text)


def record_of(cost: Decimal | None):
    """A finished call of 15 tokens, and the gate's own time before it."""
    prompt = pk.Prompt(template="{% user %}Hi{% enduser %}", name="greet")
    call = prompt.using(MockBackend(["Hello"], name="openai:m")).run().record
    return replace(call, usage=Usage(input_tokens=10, output_tokens=5, cost=cost), started_at=0.0)


@pytest.mark.parametrize(
    ("budget", "cost", "said"),
    [
        (Spending(tokens=15), None, "has spent 15 tokens, and --pk-budget allows 15"),
        (Spending(dollars=Decimal("0.10")), Decimal("0.20"), r"has spent \$0.20 of --pk-budget 0.10"),
        (Spending(dollars=Decimal(1)), None, "what openai:m costs is not known"),
    ],
)
def test_what_was_spent_for_real_ends_further_calls(budget, cost, said) -> None:
    gate = Gate(budget, opened=True)

    gate("openai:m")
    budget.on_call(record_of(cost))
    with pytest.raises(BudgetExceeded, match=said):
        gate("openai:m")


def test_what_nobody_was_asked_for_costs_nothing() -> None:
    budget = Spending(tokens=1, dollars=Decimal(1))
    gate = Gate(budget, opened=True)

    budget.on_call(record_of(None))  # nobody was asked yet
    gate("openai:m")
    budget.on_call(replace(record_of(None), started_at=time.time() + 60))
    budget.on_call(replace(record_of(None), usage=None))

    gate("openai:m")


def test_a_closed_gate_says_how_it_is_opened() -> None:
    with pytest.raises(BackendNotAllowed, match="openai:m was not asked.*--pk-live"):
        Gate(Spending())("openai:m")


@pytest.fixture
def snapshots(tmp_path):
    def made(*, update: bool = False, used: set | None = None):
        return Snapshots(
            tmp_path, "test_a", "test_one[a/b]", update=update, used=set() if used is None else used
        )

    return made


def test_a_snapshot_is_written_compared_and_shown_where_it_differs(snapshots, tmp_path) -> None:
    prompt = pk.Prompt(template="{% user %}Hi {{ name }}\n\nBye{% enduser %}", name="greet")
    used: set = set()

    with pytest.raises(SnapshotMismatch, match="there is no snapshot"):
        snapshots()(prompt, name="Ada")
    writing = snapshots(update=True, used=used)
    writing(prompt, name="Ada")
    writing(prompt.render(name="Bob"))
    snapshots()(prompt, name="Ada")
    with pytest.raises(SnapshotMismatch, match=r"(?s)-  Hi Ada\n\+  Hi Eve"):
        snapshots()(prompt, name="Eve")

    assert len(used) == 2
    assert all(path.is_relative_to(tmp_path / "__prompts__" / "test_a") for path in used)


def test_parts_that_are_no_text_are_told_by_kind_and_size() -> None:
    photo = pk.ImagePart(data=b"\x89PNG\r\n\x1a\n", media_type="image/png")

    text = rendered_text((pk.Message(role="user", content=(photo,)),))

    assert text.endswith("  [image/png, 8 bytes]\n")


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"\xff\xfe"), lambda path: path.mkdir()])
def test_a_snapshot_that_cannot_be_read_is_named(snapshots, tmp_path, spoil) -> None:
    prompt = pk.Prompt(template="{% user %}Hi{% enduser %}")
    snapshots(update=True)(prompt)
    (written,) = tmp_path.rglob("*.txt")
    written.unlink()
    spoil(written)

    with pytest.raises(SnapshotMismatch, match=f"the snapshot {written} cannot be read"):
        snapshots()(prompt)


def test_a_folder_that_cannot_be_made_is_named(snapshots, tmp_path) -> None:
    (tmp_path / "__prompts__").write_text("a file")

    with pytest.raises(SnapshotMismatch, match="cannot be written"):
        snapshots(update=True)(pk.Prompt(template="{% user %}Hi{% enduser %}"))
