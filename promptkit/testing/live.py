"""Real models in tests: closed unless a test or the whole run is opened, and then held to a budget."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from promptkit.backends.layers.spending import Ledger, MemoryLedger
from promptkit.backends.layers.spending import Spending as Spent
from promptkit.errors import BackendNotAllowed, BudgetExceeded, ConfigurationError
from promptkit.records import CallRecord

__all__ = ["Gate", "Spending", "spending"]


_SPENT, _UNPRICED = "spent", "unpriced"
"""The purses of a ledger: what was spent, and how many calls nobody knows the price of."""


@dataclass(slots=True)
class Spending:
    """What the calls of a test run may cost in all.

    Attributes:
        dollars: The most US dollars; None for no limit.
        tokens: The most tokens, read and written; None for no limit.
        ledger: What was spent; a file where several processes spend together.
    """

    dollars: Decimal | None = None
    tokens: int | None = None
    ledger: Ledger = field(default_factory=MemoryLedger)
    _asked_at: float | None = None
    _unpriced: str = ""

    def on_call(self, record: CallRecord) -> None:
        """Count a finished call, unless nobody was asked for real since it began: it was scripted or replayed."""
        usage = record.usage
        if usage is None or not self._limits or self._asked_at is None or record.started_at > self._asked_at:
            return
        tokens = usage.input_tokens + usage.output_tokens
        self.ledger.correct(_SPENT, Spent(tokens=tokens, money=usage.cost))
        if usage.cost is None:
            self._unpriced = record.request.backend
            self.ledger.correct(_UNPRICED, Spent(calls=1))

    def check(self, name: str) -> None:
        """Ask whether one more call may be made.

        Raises:
            BudgetExceeded: When the budget is spent, or cannot be told because a price is not known.
            ConfigurationError: When the file of what was spent cannot be used.
        """
        self._asked_at = time.time()
        if not self._limits:
            return
        spent = self.ledger.spent(_SPENT)
        if self.tokens is not None and (spent.tokens or 0) >= self.tokens:
            raise BudgetExceeded(
                f"{name} was not asked: this test run has spent {spent.tokens} tokens, and --pk-budget allows "
                f"{self.tokens}"
            )
        if self.dollars is None:
            return
        if self.ledger.spent(_UNPRICED).calls:
            raise BudgetExceeded(
                f"{name} was not asked: what {self._unpriced or 'a backend'} costs is not known, so that --pk-budget "
                f"{self.dollars} cannot be kept; add its price to the configuration, or give the budget in tokens"
            )
        if (spent.money or 0) >= self.dollars:
            raise BudgetExceeded(
                f"{name} was not asked: this test run has spent ${spent.money} of --pk-budget {self.dollars}"
            )

    @property
    def _limits(self) -> bool:
        return self.dollars is not None or self.tokens is not None


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
