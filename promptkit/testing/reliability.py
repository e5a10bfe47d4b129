"""One test run many times: how often it must pass, when that is decided, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import pytest
from _pytest import runner

from promptkit.errors import BackendError, BackendNotAllowed, BudgetExceeded, ConfigurationError
from promptkit.statistics import pass_hat_k, wilson
from promptkit.testing.cassettes import CassetteError, CassetteMiss
from promptkit.testing.scripts import UnexpectedCall

__all__ = ["Demand", "demand_of", "run_reliably"]

Rule: TypeAlias = Literal["observed", "lower_bound"]

_report: Any = vars(runner)["call_and_report"]  # pytest's own runner, as plugins that run a test again use it

_SHOWN = 3
"""So many failing runs are shown whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How often a test must pass.

    Attributes:
        runs: How many times it is run at most.
        pass_rate: The least share of passes; with ``pass_k`` the least probability that k runs all pass.
        pass_k: None for single runs.
        rule: ``observed`` compares what was seen; ``lower_bound`` the lower end of Wilson's interval at 95 %.
    """

    runs: int
    pass_rate: float
    pass_k: int | None = None
    rule: Rule = "observed"

    def met(self, passes: int, runs: int) -> bool:
        """Whether so many passes are enough."""
        if self.pass_k is not None:
            return pass_hat_k(passes, runs, self.pass_k) >= self.pass_rate
        found = wilson(passes, runs)
        return (found.low if self.rule == "lower_bound" else found.share) >= self.pass_rate

    def decided(self, passes: int, done: int) -> bool | None:
        """The outcome where the runs that are left cannot change it; None while they can."""
        left = self.runs - done
        if self.met(passes, self.runs):  # even if all that are left fail
            return True
        if not self.met(passes + left, self.runs):  # even if all that are left pass
            return False
        return None

    def __str__(self) -> str:
        if self.pass_k is not None:
            return f"pass^{self.pass_k} of at least {self.pass_rate:.0%}"
        bound = ", by the lower end of the interval" if self.rule == "lower_bound" else ""
        return f"at least {self.pass_rate:.0%} of {self.runs} runs{bound}"


def demand_of(marker: pytest.Mark) -> Demand:
    """What ``@pytest.mark.reliable(...)`` asks for.

    Raises:
        pytest.UsageError: When that makes no sense, or could never be met.
    """
    given = dict(marker.kwargs)
    k = given.pop("pass_k", None)
    runs = given.pop("runs", k or 10)
    rate = given.pop("pass_rate", 1.0 if k is not None else 0.9)
    rule = given.pop("rule", "observed")
    if marker.args or given:
        raise pytest.UsageError(
            "reliable takes runs, pass_rate, pass_k and rule, as in @pytest.mark.reliable(runs=10, pass_rate=0.9)"
        )
    for name, value in (("runs", runs), ("pass_k", k)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise pytest.UsageError(f"reliable: {name} is {value!r}; it must be a whole number from 1")
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise pytest.UsageError(f"reliable: pass_rate is {rate!r}; it must be above 0 and at most 1")
    if rule not in ("observed", "lower_bound"):
        raise pytest.UsageError(f"reliable: rule is {rule!r}; it is observed or lower_bound")
    if k is not None and rule != "observed":
        raise pytest.UsageError("reliable: rule is of single runs; leave out pass_k or rule")
    if k is not None and k > runs:
        raise pytest.UsageError(f"reliable: pass_k={k} needs at least {k} runs, and there are {runs}")
    demand = Demand(runs=runs, pass_rate=float(rate), pass_k=k, rule=rule)
    if not demand.met(runs, runs):
        raise pytest.UsageError(
            f"reliable: even {runs} passes of {runs} do not prove a pass rate of {rate:.0%}; {_least(runs, rate)}"
        )
    return demand


def _least(runs: int, rate: float) -> str:
    if rate == 1:
        return "no number of runs does"
    least = runs
    while wilson(least, least).low < rate:  # doubled first, since rates near 1 take very many
        least *= 2
    low = least // 2
    while least - low > 1:
        middle = (low + least) // 2
        low, least = (low, middle) if wilson(middle, middle).low >= rate else (middle, least)
    return f"that takes {least} runs"


class _Sibling:
    """Stands for a next test of the same parents, so that only what belongs to one run is torn down."""

    def __init__(self, item: pytest.Item) -> None:
        self._chain = [*item.listchain()[:-1], self]

    def listchain(self) -> list[Any]:
        """Parents first."""
        return self._chain


@dataclass(slots=True)
class _Tally:
    """What came of the runs.

    Attributes:
        passes: How many passed.
        done: How many were run.
        failures: What failing runs said.
        broken: Why no more is run: the world failed, not the model.
        seconds: How long all of them took.
    """

    passes: int = 0
    done: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    broken: str = ""
    seconds: float = 0.0


def run_reliably(
    item: pytest.Item,
    nextitem: pytest.Item | None,
    demand: Demand,
    *,
    raised: Callable[[], BaseException | None],
) -> None:
    """Run a test as often as is needed, each run with function fixtures of its own, and report one outcome.

    Args:
        item: The test.
        nextitem: The test after it.
        demand: How often it must pass.
        raised: What ended the test's own code in the last run.
    """
    hook, tally = item.ihook, _Tally()
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    while True:
        setup, call = _set_up_and_called(item)
        if call is not None and not call.skipped:
            _count(tally, call, raised())
        verdict = demand.decided(tally.passes, tally.done)
        over = call is None or call.skipped or verdict is not None or bool(tally.broken)
        report = _outcome(item, call, tally, demand, verdict) if over and call is not None else None
        following: Any = nextitem if over else _Sibling(item)
        teardown = _torn_down(item, following)
        if over or teardown.failed:
            break
    for each in (setup, report if report is not None or call is None else call, teardown):
        if each is not None:
            hook.pytest_runtest_logreport(report=each)
    if not over:  # a run's own teardown failed, and what the others shared still stands
        item.session._setupstate.teardown_exact(nextitem)  # noqa: SLF001 - pytest has no other way  # pyright: ignore[reportPrivateUsage]
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _set_up_and_called(item: Any) -> tuple[pytest.TestReport, pytest.TestReport | None]:
    if not getattr(item, "_request", True):
        item._initrequest()  # noqa: SLF001 - as pytest's own runner does for each run
    setup = _report(item, "setup", log=False)
    return setup, _report(item, "call", log=False) if setup.passed else None


def _torn_down(item: Any, following: Any) -> pytest.TestReport:
    report: pytest.TestReport = _report(item, "teardown", log=False, nextitem=following)
    if hasattr(item, "_request"):
        item._request, item.funcargs = False, None  # noqa: SLF001 - as pytest's own runner does
    return report


def _count(tally: _Tally, call: pytest.TestReport, error: BaseException | None) -> None:
    tally.done += 1
    tally.seconds += call.duration
    if call.passed:
        tally.passes += 1
        return
    tally.failures.append((tally.done, call.longreprtext))
    if isinstance(error, _OF_THE_WORLD):
        tally.broken = type(error).__name__


_OF_THE_WORLD = (
    BackendError,
    BackendNotAllowed,
    BudgetExceeded,
    CassetteError,
    CassetteMiss,
    ConfigurationError,
    UnexpectedCall,
)
"""Errors that tell nothing about how often the model is right: they end the test."""


def _outcome(
    item: pytest.Item, report: pytest.TestReport, tally: _Tally, demand: Demand, verdict: bool | None
) -> pytest.TestReport:
    if tally.done == 0 or report.skipped:
        return report
    seen = f"{tally.passes} of {tally.done} runs passed"
    told = f"{seen}: {wilson(tally.passes, tally.done)} at 95 %"
    item.user_properties.append(("promptkit_reliability", told))
    report.user_properties = list(item.user_properties)
    report.duration = tally.seconds
    report.sections.append(("reliability", told))
    if verdict:
        report.outcome, report.longrepr = "passed", None
        return report
    report.outcome = "failed"
    why = f"run {tally.done} ended by {tally.broken}" if tally.broken else f"it needs {demand}"
    stopped = (
        ""
        if tally.done == demand.runs or tally.broken
        else f"; the {demand.runs - tally.done} runs left could not change that"
    )
    shown = "\n\n".join(f"--- run {number} ---\n{text}" for number, text in tally.failures[-_SHOWN:])
    more = len(tally.failures) - _SHOWN
    rest = f"\n\n(and {more} more that failed)" if more > 0 else ""
    report.longrepr = f"{told}; {why}{stopped}\n\n{shown}{rest}"
    return report
