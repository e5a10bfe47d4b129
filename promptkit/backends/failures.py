"""From an HTTP answer that is no completion to the typed error that says what to do about it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

from promptkit.backends.wire import Endpoint, HttpReply
from promptkit.errors import (
    BackendError,
    ContextOverflow,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    SchemaRejected,
    ServerError,
    TimedOut,
    Unauthorized,
)

__all__ = ["excerpt", "failure_in_body", "failure_of", "not_the_protocol", "retry_after_s"]

EXCERPT_CHARACTERS = 200

_QUOTA_CODES = frozenset(
    {
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "enforced_spend_limit_reached",
        "insufficient_quota",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_OVERFLOW_WORDS = ("maximum context length", "exceeds the available context size", "input token count")
_OVERLOADED_STATUSES = frozenset({503, 529})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complaint:
    """What a server says is wrong, in whatever form it says it."""

    status: int
    message: str
    whole: str
    of_schemas: tuple[str, ...] = ()
    code: str = ""
    kind: str = ""
    param: str = ""

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({self.code, self.kind})


def failure_of(reply: HttpReply, endpoint: Endpoint) -> BackendError:
    """The error for an answer whose status is not 2xx."""
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the redirect statuses
        return _redirected(reply, endpoint)
    if _is_html(reply):
        return _html(reply, endpoint)
    complaint = _complaint(_json_or_none(reply.body), reply, endpoint)
    return _typed(complaint, reply, endpoint)


def failure_in_body(data: Mapping[str, Any], reply: HttpReply, endpoint: Endpoint) -> BackendError:
    """The error for an error object that came with status 200, as some gateways send it."""
    return _typed(_complaint(data, reply, endpoint), reply, endpoint)


def not_the_protocol(problem: str, reply: HttpReply, endpoint: Endpoint) -> BackendError:
    """The error for an answer with a good status that is not what the dialect speaks."""
    if _is_html(reply):
        return _html(reply, endpoint)
    shown = excerpt(reply.body)
    began = f" It began: {shown}" if shown else ""
    return ServerError(
        f"{endpoint.name} answered {reply.status} at {endpoint.url}, but {problem}. Check that the URL is "
        f"that of {endpoint.words.server} and that its base path, mostly {endpoint.words.base}, is right.{began}",
        **_evidence(reply, endpoint),
    )


def retry_after_s(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait, from ``retry-after-ms``, else from ``retry-after`` as a number or an HTTP date."""
    in_ms = _seconds(headers.get("retry-after-ms"))
    if in_ms is not None:
        return in_ms / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now())
    except ValueError:
        return None


def excerpt(body: bytes) -> str:
    """The first 200 characters of a body, on one line."""
    text = " ".join(body[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "replace").split())
    return text if len(text) <= EXCERPT_CHARACTERS else f"{text[:EXCERPT_CHARACTERS]}…"


def _typed(complaint: _Complaint, reply: HttpReply, endpoint: Endpoint) -> BackendError:
    evidence: dict[str, Any] = _evidence(reply, endpoint) | {
        "status": complaint.status,
        "code": complaint.code or complaint.kind or None,
    }
    retryable = {"true": True, "false": False}.get(reply.headers.get("x-should-retry", ""))
    said = f"{endpoint.name} answered {complaint.status} at {endpoint.url}: {complaint.message}"
    for applies, kind, advice in _RULES:
        if applies(complaint):
            return kind(f"{said} {advice(endpoint)}", retryable=retryable, **evidence)
    if complaint.status == 408:  # noqa: PLR2004 - Request Timeout
        return TimedOut(f"{said} Try again later.", kind="first_token", retryable=retryable, **evidence)
    if complaint.status >= 500 or complaint.status == 409:  # noqa: PLR2004 - 409 is a passing conflict
        return ServerError(f"{said} The fault is on the server's side.", retryable=retryable, **evidence)
    return RequestRejected(
        f"{said} The request cannot succeed as it stands.", retryable=retryable, **evidence
    )


def _unauthorized_advice(endpoint: Endpoint) -> str:
    return f"Check the key in the environment variable {endpoint.key_env}."


def _model_advice(endpoint: Endpoint) -> str:
    return (
        f"Check the model's name in {endpoint.name} and the base path of the URL: a wrong one looks the same."
    )


def _says(words: tuple[str, ...]) -> Callable[[_Complaint], bool]:
    return lambda complaint: any(word in complaint.whole for word in words)


# The first rule that applies decides: what the server names counts before the bare status.
_RULES: tuple[
    tuple[Callable[[_Complaint], bool], Callable[..., BackendError], Callable[[Endpoint], str]], ...
] = (
    (
        lambda it: it.status == 402 or bool(it.codes & _QUOTA_CODES),  # noqa: PLR2004 - Payment Required
        QuotaExhausted,
        lambda _: "Waiting does not help: raise the limit or add credit.",
    ),
    (
        lambda it: bool(it.codes & _OVERFLOW_CODES) or _says(_OVERFLOW_WORDS)(it),
        ContextOverflow,
        lambda _: "Shorten the prompt or lower max_tokens.",
    ),
    (
        lambda it: it.status in {401, 403} or "invalid_api_key" in it.codes,
        Unauthorized,
        _unauthorized_advice,
    ),
    (
        lambda it: it.status == 404 or "model_not_found" in it.codes,  # noqa: PLR2004 - Not Found
        ModelNotFound,
        _model_advice,
    ),
    (
        lambda it: it.status == 429 or "rate_limit_exceeded" in it.codes,  # noqa: PLR2004 - Too Many Requests
        RateLimited,
        lambda _: "Wait and try again, or send fewer requests at once.",
    ),
    (
        lambda it: it.status in _OVERLOADED_STATUSES or "overloaded_error" in it.codes,
        Overloaded,
        lambda _: "Wait and try again.",
    ),
    (
        lambda it: (
            it.status >= 400 and any(word in it.whole or it.param.startswith(word) for word in it.of_schemas)  # noqa: PLR2004 - any error status
        ),
        SchemaRejected,
        lambda endpoint: endpoint.words.schema_advice,
    ),
)


def _complaint(data: Any, reply: HttpReply, endpoint: Endpoint) -> _Complaint:
    """Read ``{"error": {...}}``, ``{"error": "..."}``, ``{"detail": ...}``, a flat object or plain text."""
    fields = _object(data)
    inner = fields.get("error", fields)
    message = inner
    if isinstance(inner, dict):
        fields = _object(inner)
        message = fields.get("message") or fields.get("detail")
    text = message if isinstance(message, str) else json.dumps(message) if message else ""
    code = fields.get("code")
    status = reply.status
    if status < 400 and isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - a status in the body
        status = code
    shown = excerpt(text.encode("utf-8", "replace")) or excerpt(reply.body) or "no reason given"
    return _Complaint(
        status=status,
        message=shown if shown.endswith((".", "!", "?", "…")) else f"{shown}.",
        whole=text.casefold(),
        of_schemas=endpoint.words.schema,
        code=_unicode(code) if code is not None else "",
        kind=_unicode(fields.get("type") or ""),
        param=str(fields.get("param") or ""),
    )


def _unicode(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _object(data: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", data) if isinstance(data, dict) else {}


def _redirected(reply: HttpReply, endpoint: Endpoint) -> BackendError:
    target = reply.headers.get("location", "nowhere").partition("?")[0]
    return RequestRejected(
        f"{endpoint.name} answered {reply.status} at {endpoint.url}: it redirects to {target}. Redirects are "
        "not followed, since a key would go along; name the right URL.",
        **_evidence(reply, endpoint),
    )


def _html(reply: HttpReply, endpoint: Endpoint) -> BackendError:
    kind = Overloaded if reply.status in _OVERLOADED_STATUSES else ServerError
    # A page that comes with a good or a client's status is a wrong address: asking again cannot help.
    return kind(
        f"{endpoint.name} answered HTML, not JSON, with status {reply.status} at {endpoint.url}: check that "
        f"the URL ends in {endpoint.words.base}. The page began: {excerpt(reply.body)}",
        retryable=reply.status >= 500,  # noqa: PLR2004 - the server's statuses
        **_evidence(reply, endpoint),
    )


def _is_html(reply: HttpReply) -> bool:
    return reply.body.lstrip()[:1] == b"<"


def _evidence(reply: HttpReply, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "backend": endpoint.name,
        "status": reply.status,
        "request_id": reply.headers.get("x-request-id") or reply.headers.get("request-id"),
        "retry_after_s": retry_after_s(reply.headers),
    }


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _seconds(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
