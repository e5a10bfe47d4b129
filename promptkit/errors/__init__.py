"""The one error tree. Every error says what, where, what was expected and what to do, and carries evidence.

PromptKitError
├ PromptError
│  ├ TemplateError
│  ├ InputError
│  ├ LockError
│  └ VersionError
├ PlanError
│  ├ SchemaUnsupported
│  └ CapabilityMissing
├ BackendError
│  ├ ConnectionFailed
│  ├ TimedOut
│  ├ StreamInterrupted
│  ├ RateLimited
│  ├ QuotaExhausted
│  ├ Overloaded
│  ├ ServerError
│  ├ Unauthorized
│  ├ ModelNotFound
│  ├ RequestRejected
│  ├ ContextOverflow
│  ├ SchemaRejected
│  └ LocalBackendError
│     ├ ModelLoadError
│     └ GrammarInvalid
├ OutputError
│  ├ Refused
│  ├ Filtered
│  ├ Truncated
│  ├ Empty
│  ├ Unparseable
│  ├ Ambiguous
│  ├ Echoed
│  ├ LossyRepair
│  └ ConstraintViolated
├ BudgetExceeded
├ BackendNotAllowed
├ ConfigurationError
└ AttemptsExhausted
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promptkit.completions import Attempt, Repair, Usage, Verdict
from promptkit.errors.backend_errors import (
    BackendError,
    ConnectionFailed,
    ContextOverflow,
    GrammarInvalid,
    LocalBackendError,
    ModelLoadError,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    SchemaRejected,
    ServerError,
    StreamInterrupted,
    TimedOut,
    Unauthorized,
)
from promptkit.errors.messages import readable
from promptkit.errors.root import PromptKitError
from promptkit.problems import InputProblem

__all__ = [
    "Ambiguous",
    "AttemptsExhausted",
    "BackendError",
    "BackendNotAllowed",
    "BudgetExceeded",
    "CapabilityMissing",
    "ConfigurationError",
    "ConnectionFailed",
    "ConstraintViolated",
    "ContextOverflow",
    "Echoed",
    "Empty",
    "Filtered",
    "GrammarInvalid",
    "InputError",
    "InputProblem",
    "LocalBackendError",
    "LockError",
    "LossyRepair",
    "ModelLoadError",
    "ModelNotFound",
    "OutputError",
    "Overloaded",
    "PlanError",
    "PromptError",
    "PromptKitError",
    "QuotaExhausted",
    "RateLimited",
    "Refused",
    "RequestRejected",
    "SchemaRejected",
    "SchemaUnsupported",
    "ServerError",
    "StreamInterrupted",
    "TemplateError",
    "TimedOut",
    "Truncated",
    "Unauthorized",
    "Unparseable",
    "VersionError",
]


class PromptError(PromptKitError):
    """The prompt itself, or what was given to it, is wrong; no model was called."""


class TemplateError(PromptError):
    """A prompt file or template is wrong.

    Attributes:
        file: The file's path, or the prompt's name for a prompt that was built in Python.
        line: Line in that file, counted from 1; None when no one line is to blame.
        column: Column, counted from 1; None when not known.
        problem: The message without its place.
        rule: Id of the rule of ``promptkit check`` that it breaks.
        word: What stands at the place, where that has no column; empty where nothing is to be found by.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        rule: str = "template",
        word: str = "",
    ) -> None:
        problem = readable(problem)
        self.problem, self.rule, self.word = problem, rule, word
        self.file, self.line, self.column = file, line, column
        place = ":".join(str(part) for part in (file, line, column) if part is not None)
        super().__init__(f"{place}: {problem}" if place else problem)


class InputError(PromptError):
    """The inputs of a call do not fit the prompt's declaration.

    Attributes:
        problems: Everything that is wrong, not the first alone.
        path: The first problem's path.
    """

    def __init__(self, message: str, *, problems: Sequence[InputProblem] = ()) -> None:
        self.problems = tuple(problems)
        self.path = self.problems[0].path if self.problems else ""
        super().__init__(message)


class LockError(PromptError):
    """A prompt does not match its lock, or the lock cannot be used.

    Attributes:
        file: The lock's path.
        line: Line in it, counted from 1; None when no one line is to blame.
    """

    def __init__(self, problem: str, *, file: str | None = None, line: int | None = None) -> None:
        self.file, self.line = file, line
        place = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(f"{place}: {problem}" if place else problem)


class VersionError(PromptError):
    """No version of a prompt fits what was asked for."""


class PlanError(PromptKitError):
    """What the prompt asks for cannot be enforced by this backend; nothing was sent.

    Attributes:
        paths: The paths inside the schema that are to blame.
        reasons: Each rule that stands in the way, with its place and why; empty when the message says all.
    """

    def __init__(self, message: str, *, paths: Sequence[str] = (), reasons: Sequence[str] = ()) -> None:
        self.paths, self.reasons = tuple(paths), tuple(reasons)
        super().__init__(message)


class SchemaUnsupported(PlanError):
    """The output's schema cannot be used."""


class CapabilityMissing(PlanError):
    """The backend lacks something that the request needs."""


class OutputError(PromptKitError):
    """The answer breaks the prompt's contract.

    Attributes:
        text: What the model wrote, whole; where some fields were asked for again, the answer with these in it.
        candidates: The values that were considered.
        repairs: The repairs that were tried.
        usage: Tokens spent on all attempts so far; None where the backend counts none.
        verdicts: The verdicts on the value, where there was one.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        candidates: Sequence[Any] = (),
        repairs: Sequence[Repair] = (),
        usage: Usage | None = None,
        verdicts: Sequence[Verdict] = (),
    ) -> None:
        self.text = text
        self.candidates = tuple(candidates)
        self.repairs = tuple(repairs)
        self.usage = usage
        self.verdicts = tuple(verdicts)
        super().__init__(message)


class Refused(OutputError):
    """The model declined to answer."""


class Filtered(OutputError):
    """The provider's filter withheld the answer."""


class Truncated(OutputError):
    """The answer ended at max_tokens or at the end of the context; a cut answer is never taken as whole."""


class Empty(OutputError):
    """The model wrote nothing."""


class Unparseable(OutputError):
    """The answer is no value of the output's schema."""


class Ambiguous(OutputError):
    """The answer holds several values that differ."""


class Echoed(OutputError):
    """The answer is a copy of the prompt's own input."""


class LossyRepair(OutputError):
    """A value could be taken only by losing some of what was written."""


class ConstraintViolated(OutputError):
    """The value breaks a constraint of severity must."""


class BudgetExceeded(PromptKitError):
    """A limit on tokens, money, time or calls would be passed; nothing was sent for this call.

    Attributes:
        limit: Which one: ``tokens``, ``money``, ``seconds`` or ``calls``.
        allowed: The most that it allows; US dollars as a Decimal.
        spent: What is spent already, by calls that are under way too.
        asked: What this call may take at most, as far as that is known.
    """

    exit_code = 3

    def __init__(self, message: str, *, limit: str = "", allowed: Any = None, **evidence: Any) -> None:
        self.limit, self.allowed = limit, allowed
        self.spent, self.asked = evidence.get("spent"), evidence.get("asked")
        super().__init__(message)


class BackendNotAllowed(PromptKitError):
    """The policy ``allow`` does not name this backend."""

    exit_code = 3


class ConfigurationError(PromptKitError):
    """The configuration names something that does not exist or cannot be read."""


class AttemptsExhausted(PromptKitError):
    """Every attempt that was allowed broke the contract.

    Attributes:
        attempts: Each attempt with its text, error and usage.
        last: The OutputError of the last attempt.
    """

    exit_code = 1

    def __init__(self, message: str, *, attempts: Sequence[Attempt], last: OutputError) -> None:
        self.attempts = tuple(attempts)
        self.last = last
        super().__init__(message)
