"""Real models in tests: closed unless a test or the whole run is opened, and then held to a budget."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from promptkit.errors import BackendNotAllowed, BudgetExceeded, ConfigurationError
from promptkit.records import CallRecord

__all__ = ["Gate", "Spending", "spending"]


@dataclass(slots=True)
class Spending:
    """What the calls of a test run may cost in all.

    Attributes:
        dollars: The most US dollars; None for no limit.
        tokens: The most tokens, read and written; None for no limit.
    """

    dollars: Decimal | None = None
    tokens: int | None = None
    _dollars: Decimal = field(default=Decimal(0))
    _tokens: int = 0
    _unpriced: str = ""
    _asked_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on_call(self, record: CallRecord) -> None:
        """Count a finished call, unless nobody was asked for real since it began: it was scripted or replayed."""
        usage = record.usage
        if usage is None:
            return
        with self._lock:
            if self._asked_at is None or record.started_at > self._asked_at:
                return
            self._tokens += usage.input_tokens + usage.output_tokens
            if usage.cost is not None:
                self._dollars += usage.cost
            else:
                self._unpriced = record.request.backend

    def check(self, name: str) -> None:
        """Ask whether one more call may be made.

        Raises:
            BudgetExceeded: When the budget is spent, or cannot be told because a price is not known.
        """
        with self._lock:
            self._asked_at = time.time()
        if self.tokens is not None and self._tokens >= self.tokens:
            raise BudgetExceeded(
                f"{name} was not asked: this test run has spent {self._tokens} tokens, and --pk-budget allows "
                f"{self.tokens}"
            )
        if self.dollars is None:
            return
        if self._unpriced:
            raise BudgetExceeded(
                f"{name} was not asked: what {self._unpriced} costs is not known, so that --pk-budget {self.dollars} "
                "cannot be kept; add its price to the configuration, or give the budget in tokens"
            )
        if self._dollars >= self.dollars:
            raise BudgetExceeded(
                f"{name} was not asked: this test run has spent ${self._dollars} of --pk-budget {self.dollars}"
            )


def spending(text: str | None) -> Spending:
    """A budget as the command line says it: ``0.50`` (US dollars), ``20000tokens``, or both with a comma between.

    Args:
        text: What it says; None for no limit.

    Raises:
        ConfigurationError: When it says neither.
    """
    made = Spending()
    if text is None:
        return made
    for part in text.replace(" ", "").split(","):
        try:
            if part.endswith("tokens"):
                made.tokens = int(part.removesuffix("tokens"))
            else:
                made.dollars = Decimal(part.removeprefix("$"))
        except (ValueError, InvalidOperation):
            raise _no_budget(text) from None
    amounts = [it for it in (made.dollars, made.tokens) if it is not None]
    if not all(Decimal(it).is_finite() and it >= 0 for it in amounts):
        raise _no_budget(text)
    return made


def _no_budget(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"--pk-budget is {text!r}; write US dollars (0.50), tokens (20000tokens), or both with a comma"
    )


@dataclass(slots=True)
class Gate:
    """Decides whether a backend may be asked for real.

    Attributes:
        budget: What all calls may cost.
        opened: True while a test runs that may ask.
    """

    budget: Spending
    opened: bool = False

    def __call__(self, name: str) -> None:
        """Ask for a backend by its name.

        Raises:
            BackendNotAllowed: When the test that runs was not opened.
            BudgetExceeded: When the budget is spent.
        """
        if not self.opened:
            raise BackendNotAllowed(
                f"{name} was not asked: tests ask no real model unless they are opened. Script the answer with the "
                "fixture `llm`, replay it with the fixture `cassette`, or open the test with @pytest.mark.live, the "
                "run with --pk-live, the project with `promptkit_live = true` in pytest's configuration"
            )
        self.budget.check(name)
