"""What goes wrong with a backend."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from promptkit.completions import Detour, RateLimits, Usage, usage_of
from promptkit.errors.root import PromptKitError

__all__ = [
    "BackendError",
    "ConnectionFailed",
    "ContextOverflow",
    "GrammarInvalid",
    "LocalBackendError",
    "ModelLoadError",
    "ModelNotFound",
    "Overloaded",
    "QuotaExhausted",
    "RateLimited",
    "RequestRejected",
    "SchemaRejected",
    "ServerError",
    "StreamInterrupted",
    "TimedOut",
    "Unauthorized",
]


class BackendError(PromptKitError):
    """The backend failed; what it said is kept.

    Attributes:
        backend: The backend's name.
        status: HTTP status, where there was one.
        code: The provider's own error code, where it gave one.
        request_id: The provider's id of the request.
        retryable: True when the same request may succeed later.
        retry_after_s: Seconds to wait, where the provider said so.
        usage: What was spent on the request that failed, where known.
        rate_limits: What the server said of its rate limits with the error, where it did.
        detours: What layers did before it was given up, in order.
    """

    exit_code = 3
    retryable_by_default: ClassVar[bool] = False
    rate_limits: RateLimits | None = None
    detours: tuple[Detour, ...] = ()

    def __init__(  # noqa: PLR0913 - evidence, all of it optional
        self,
        message: str,
        *,
        backend: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.backend, self.request_id = backend, request_id
        self.status, self.code = status, code
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.retry_after_s, self.usage = retry_after_s, usage
        super().__init__(message)

    @property
    def spent(self) -> Usage | None:
        """Tokens and money that were spent, failed tries before this one included; None where nothing is known."""
        return usage_of((*(detour.usage for detour in self.detours), self.usage))


class ConnectionFailed(BackendError):
    """No connection, or it was lost before an answer began."""

    retryable_by_default = True


class TimedOut(BackendError):
    """The backend took too long.

    Attributes:
        kind: Which wait ran out.
    """

    retryable_by_default = True

    def __init__(
        self, message: str, *, kind: Literal["connect", "first_token", "stall", "deadline"], **evidence: Any
    ) -> None:
        self.kind = kind
        super().__init__(message, **evidence)


class StreamInterrupted(BackendError):
    """A stream ended before its end.

    Attributes:
        partial: The text that had arrived.
    """

    def __init__(self, message: str, *, partial: str, **evidence: Any) -> None:
        self.partial = partial
        super().__init__(message, **evidence)


class RateLimited(BackendError):
    """Too many requests or tokens in a time; waiting helps."""

    retryable_by_default = True


class QuotaExhausted(BackendError):
    """Money or quota is used up; waiting does not help."""


class Overloaded(BackendError):
    """The provider is short of capacity; waiting helps."""

    retryable_by_default = True


class ServerError(BackendError):
    """The provider failed on its side, or did not answer in its own protocol."""

    retryable_by_default = True


class Unauthorized(BackendError):
    """The key is missing, wrong or not allowed to do this."""


class ModelNotFound(BackendError):
    """The backend knows no model of this name."""


class RequestRejected(BackendError):
    """The backend refuses the request as it stands."""


class ContextOverflow(BackendError):
    """The prompt and its answer do not fit the model's context."""


class SchemaRejected(BackendError):
    """The backend refuses the output's schema."""


class LocalBackendError(BackendError):
    """A model in this process failed."""


class ModelLoadError(LocalBackendError):
    """A model file is missing, unreadable or of the wrong kind."""


class GrammarInvalid(LocalBackendError):
    """The output's grammar cannot be built or cannot be followed by this model."""
