"""From an HTTP answer that is no completion to the typed error that says what to do about it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from promptkit.backends.complaints import Complaint, complaint_of
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

# OpenAI's codes, Anthropic's kinds (its reference, "Errors") and Google's (google.rpc.Code, ErrorInfo).
_QUOTA_CODES = frozenset(
    {
        "billing_error",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "enforced_spend_limit_reached",
        "insufficient_quota",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_OVERFLOW_WORDS = (
    "exceed context limit",
    "exceeds the available context size",
    "exceeds the context window",
    "input token count",
    "maximum context length",
    "prompt is too long",
)
_QUOTA_WORDS = ("credit balance is too low",)
_KEY_CODES = frozenset(
    {
        "API_KEY_INVALID",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "authentication_error",
        "invalid_api_key",
        "permission_error",
    }
)
_MODEL_CODES = frozenset({"NOT_FOUND", "model_not_found", "not_found_error"})
_RATE_CODES = frozenset({"RESOURCE_EXHAUSTED", "rate_limit_error", "rate_limit_exceeded"})
_OVERLOADED_CODES = frozenset({"UNAVAILABLE", "overloaded_error"})
_SERVER_CODES = frozenset(
    {"DEADLINE_EXCEEDED", "INTERNAL", "api_error", "internal_server_error", "server_error", "timeout_error"}
)
_OVERLOADED_STATUSES = frozenset({503, 529})


def failure_of(reply: HttpReply, endpoint: Endpoint) -> BackendError:
    """The error for an answer whose status is not 2xx."""
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the redirect statuses
        return _redirected(reply, endpoint)
    if _is_html(reply):
        return _html(reply, endpoint)
    return _typed(complaint_of(_json_or_none(reply.body), reply.status), reply, endpoint)


def failure_in_body(data: Mapping[str, Any], reply: HttpReply, endpoint: Endpoint) -> BackendError:
    """The error for an error object that came with status 200, as some gateways send it."""
    return _typed(complaint_of(data, reply.status), reply, endpoint)


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


def _typed(complaint: Complaint, reply: HttpReply, endpoint: Endpoint) -> BackendError:
    evidence: dict[str, Any] = _evidence(reply, endpoint) | {
        "status": complaint.status,
        "code": complaint.code or complaint.kind or None,
    }
    if evidence["retry_after_s"] is None:
        evidence["retry_after_s"] = complaint.retry_after_s
    retryable = {"true": True, "false": False}.get(reply.headers.get("x-should-retry", ""))
    said = f"{endpoint.name} answered {complaint.status} at {endpoint.url}: {_sentence(complaint, reply)}"
    for applies, kind, advice in _RULES:
        if applies(complaint, endpoint):
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


def _rejects_schema(complaint: Complaint, endpoint: Endpoint) -> bool:
    words = endpoint.words.schema
    named = any(complaint.param.startswith(word) for word in words)
    return complaint.status >= 400 and (named or complaint.says(words))  # noqa: PLR2004 - any error status


# The first rule that applies decides: what the server names counts before the bare status. A stream's errors come
# with the status 200, so that the provider's own code must be enough.
_RULES: tuple[
    tuple[Callable[[Complaint, Endpoint], bool], Callable[..., BackendError], Callable[[Endpoint], str]], ...
] = (
    (
        lambda it, _: it.status == 402 or bool(it.codes & _QUOTA_CODES) or _is_spent(it),  # noqa: PLR2004 - Payment Required
        QuotaExhausted,
        lambda _: "Waiting does not help: raise the limit or add credit.",
    ),
    (
        lambda it, _: bool(it.codes & _OVERFLOW_CODES) or it.says(_OVERFLOW_WORDS),
        ContextOverflow,
        lambda _: "Shorten the prompt or lower max_tokens.",
    ),
    (
        lambda it, _: it.status in {401, 403} or bool(it.codes & _KEY_CODES),
        Unauthorized,
        _unauthorized_advice,
    ),
    (
        lambda it, _: it.status == 404 or bool(it.codes & _MODEL_CODES),  # noqa: PLR2004 - Not Found
        ModelNotFound,
        _model_advice,
    ),
    (
        lambda it, _: it.status == 429 or bool(it.codes & _RATE_CODES),  # noqa: PLR2004 - Too Many Requests
        RateLimited,
        lambda _: "Wait and try again, or send fewer requests at once.",
    ),
    (
        lambda it, _: it.status in _OVERLOADED_STATUSES or bool(it.codes & _OVERLOADED_CODES),
        Overloaded,
        lambda _: "Wait and try again.",
    ),
    (_rejects_schema, SchemaRejected, lambda endpoint: endpoint.words.schema_advice),
    (
        lambda it, _: bool(it.codes & _SERVER_CODES),
        ServerError,
        lambda _: "The fault is on the server's side.",
    ),
)


def _is_spent(complaint: Complaint) -> bool:
    """A daily quota comes back tomorrow, which is no wait; so does a balance, once it is paid for."""
    return any("PerDay" in reason for reason in complaint.reasons) or complaint.says(_QUOTA_WORDS)


def _sentence(complaint: Complaint, reply: HttpReply) -> str:
    shown = excerpt(complaint.text.encode("utf-8", "replace")) or excerpt(reply.body) or "no reason given"
    return shown if shown.endswith((".", "!", "?", "…")) else f"{shown}."


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
