"""CallRecord: one call as data, the same for a trace, a cassette, a cache entry and a training row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from promptkit.completions import (
    Allowance,
    Attempt,
    Completion,
    Detour,
    Enforcement,
    Quotation,
    RateLimits,
    Repair,
    TokenLogprob,
    Unfinished,
    Usage,
    Verdict,
)
from promptkit.messages import ToolCallPart
from promptkit.requests import Placement, canonical_json

__all__ = [
    "RECORD_VERSION",
    "CallRecord",
    "ErrorInfo",
    "PromptInfo",
    "RequestInfo",
    "call_key",
    "completion_of",
    "text_of_completion",
]

RECORD_VERSION = 1


def call_key(fingerprint: str, backend: str) -> str:
    """The key under which equal calls are found again: SHA-256 of the request's fingerprint and the backend.

    Tags, deadlines, the prompt's name and its version do not count: they do not shape an answer.
    """
    content = canonical_json({"v": RECORD_VERSION, "request": fingerprint, "backend": backend})
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptInfo:
    """Which prompt was called, and with what.

    Attributes:
        name: The prompt's name.
        version: Its semantic version, None when it has none.
        digest: SHA-256 of its declaration.
        file: Its file, None when it was built in Python.
        inputs: The validated inputs; binary parts by media type and length.
        trust: ``trusted`` or ``untrusted`` by input.
    """

    name: str
    version: str | None
    digest: str
    file: str | None
    inputs: Mapping[str, Any]
    trust: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInfo:
    """What was asked of which backend.

    Attributes:
        backend: The backend's name; holds no key.
        generation: The sampling settings that were set.
        messages: The first attempt's messages as data.
        output_schema: The JSON Schema of the output, None for text.
        tools: The tools that the model was given, as data.
        fingerprint: The first request's fingerprint.
    """

    backend: str
    generation: Mapping[str, Any]
    messages: tuple[Mapping[str, Any], ...]
    output_schema: Mapping[str, Any] | None
    fingerprint: str
    tools: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """Why a call failed.

    Attributes:
        type: The error's class name.
        message: Its text.
    """

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, whole.

    Attributes:
        v: Version of this form.
        id: 16 hex digits, unique; the span's id.
        trace_id: 32 hex digits, shared by calls that belong together.
        parent_id: The id of the record that this one is part of.
        kind: ``call`` here; chains and scorers add their own kinds.
        key: Equal for equal calls, see :func:`call_key`.
        status: ``ok`` or ``failed``.
        started_at: Seconds since the epoch.
        elapsed_s: Duration of the whole call, re-asks included.
        prompt: Which prompt, with what.
        request: What was asked of which backend.
        plan: Where each rule was to be enforced.
        attempts: Each question to the model with its cause, answer, error, verdicts, usage and cost.
        output: The value as plain data; None when the call failed.
        verdicts: The verdicts on the value that was returned, or on the last one that was not.
        repairs: What was mended in the returned value.
        usage: Tokens of all attempts, None when the backend counts none.
        cost: Money as a decimal string, None when the price is unknown.
        error: Why the call failed.
        tags: The caller's labels.
        environment: Versions that matter for repeating the call.
    """

    v: int = RECORD_VERSION
    id: str
    trace_id: str
    parent_id: str | None = None
    kind: Literal["render", "call", "tool", "step", "chain", "score"] = "call"
    key: str
    status: Literal["ok", "failed"]
    started_at: float
    elapsed_s: float
    prompt: PromptInfo
    request: RequestInfo
    plan: tuple[Placement, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    output: Any = None
    verdicts: tuple[Verdict, ...] = ()
    repairs: tuple[Repair, ...] = ()
    usage: Usage | None = None
    cost: str | None = None
    error: ErrorInfo | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-able data; money as a decimal string."""
        return asdict(self, dict_factory=_plain)

    def to_json(self) -> str:
        """The record as one line of JSON; a lone surrogate is written as its escape."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace").decode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CallRecord:
        """Build a record from what :meth:`to_dict` or a JSON line gave.

        Keys that this version does not know are left out, so that newer files stay readable.

        Raises:
            ValueError: When a required key is missing or the form's version is newer than ours.
        """
        version = data.get("v")
        if version != RECORD_VERSION:
            raise ValueError(f"a call record of form {version!r}; this promptkit reads form {RECORD_VERSION}")
        try:
            return cls(**_revived(data))
        except (KeyError, TypeError, InvalidOperation) as error:
            raise ValueError(f"a call record that lacks a part: {error}") from error


def text_of_completion(completion: Completion) -> str:
    """A completion as one line of JSON, in the form that it has in a record."""
    return json.dumps(asdict(completion, dict_factory=_plain), separators=(",", ":"))


def completion_of(text: str) -> Completion:
    """The completion that :func:`text_of_completion` wrote.

    Raises:
        ValueError: When it is none.
    """
    try:
        return _completion(json.loads(text))
    except (AttributeError, KeyError, TypeError, InvalidOperation) as error:
        raise ValueError(f"no completion: {error}") from error


def _plain(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in pairs}


def _revived(data: Mapping[str, Any]) -> dict[str, Any]:
    known = _known(CallRecord, data)
    known["prompt"] = PromptInfo(**_known(PromptInfo, data["prompt"]))
    request = _known(RequestInfo, data["request"])
    request["messages"] = tuple(request["messages"])
    request["tools"] = tuple(request.get("tools", ()))
    known["request"] = RequestInfo(**request)
    known["plan"] = tuple(_placement(item) for item in data.get("plan", ()))
    known["attempts"] = tuple(_attempt(item) for item in data.get("attempts", ()))
    known["verdicts"] = tuple(_verdict(item) for item in data.get("verdicts", ()))
    known["repairs"] = tuple(Repair(**_known(Repair, item)) for item in data.get("repairs", ()))
    known["usage"] = _usage(data.get("usage"))
    if data.get("error") is not None:
        known["error"] = ErrorInfo(**_known(ErrorInfo, data["error"]))
    return known


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _usage(data: Mapping[str, Any] | None) -> Usage | None:
    if data is None:
        return None
    known = _known(Usage, data)
    if known.get("cost") is not None:
        known["cost"] = Decimal(known["cost"])
    return Usage(**known)


def _placement(data: Mapping[str, Any]) -> Placement:
    known = _known(Placement, data)
    known["where"] = Enforcement(known["where"])
    return Placement(**known)


def _verdict(data: Mapping[str, Any]) -> Verdict:
    known = _known(Verdict, data)
    known["enforced"] = Enforcement(known["enforced"])
    known["places"] = tuple(known.get("places", ()))
    known["quotations"] = tuple(Quotation(**_known(Quotation, item)) for item in known.get("quotations", ()))
    return Verdict(**known)


def _attempt(data: Mapping[str, Any]) -> Attempt:
    known = _known(Attempt, data)
    known["verdicts"] = tuple(_verdict(item) for item in data.get("verdicts", ()))
    known["asked"] = tuple(data.get("asked", ()))
    known["messages"] = tuple(data.get("messages", ()))
    known["usage"] = _usage(data.get("usage"))
    known["detours"] = tuple(_detour(item) for item in data.get("detours", ()))
    if data.get("completion") is not None:
        known["completion"] = _completion(data["completion"])
    return Attempt(**known)


def _completion(data: Mapping[str, Any]) -> Completion:
    known = _known(Completion, data)
    known["usage"] = _usage(known.get("usage"))
    if known.get("logprobs") is not None:
        known["logprobs"] = tuple(_token_logprob(item) for item in known["logprobs"])
    known["tool_calls"] = tuple(ToolCallPart(**call) for call in known.get("tool_calls", ()))
    if known.get("unfinished") is not None:
        cut = _known(Unfinished, known["unfinished"])
        cut["tokens"] = tuple(cut["tokens"])
        known["unfinished"] = Unfinished(**cut)
    if known.get("rate_limits") is not None:
        said = _known(RateLimits, known["rate_limits"])
        known["rate_limits"] = RateLimits(
            **{name: None if it is None else Allowance(**_known(Allowance, it)) for name, it in said.items()}
        )
    known["detours"] = tuple(_detour(item) for item in known.get("detours", ()))
    return Completion(**known)


def _detour(data: Mapping[str, Any]) -> Detour:
    known = _known(Detour, data)
    known["usage"] = _usage(known.get("usage"))
    return Detour(**known)


def _token_logprob(data: Mapping[str, Any]) -> TokenLogprob:
    known = _known(TokenLogprob, data)
    known["top"] = tuple((text, logprob) for text, logprob in known.get("top", ()))
    return TokenLogprob(**known)
