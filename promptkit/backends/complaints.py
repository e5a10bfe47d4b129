"""What a server says is wrong, in whatever form it says it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptkit.backends.fields import items_of, mapping_of, string_of

__all__ = ["Complaint", "complaint_of"]

_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An error as a server words it.

    Attributes:
        status: The HTTP status, or the one that stands in the body of an answer with a good status.
        text: What it says, whole.
        code: Its own code of the error.
        kind: Its own kind of the error.
        param: The parameter that it is about.
        reasons: Further codes: the reasons and the names of quotas that Google's APIs give as details.
        retry_after_s: Seconds to wait, where the body says them.
    """

    status: int
    text: str
    code: str = ""
    kind: str = ""
    param: str = ""
    reasons: frozenset[str] = frozenset()
    retry_after_s: float | None = None

    @property
    def codes(self) -> frozenset[str]:
        """Every code of it."""
        return self.reasons | {self.code, self.kind}

    def says(self, words: tuple[str, ...]) -> bool:
        """True when one of these words, in lower case, stands in what it says."""
        said = self.text.casefold()
        return any(word in said for word in words)


def complaint_of(data: Any, status: int) -> Complaint:
    """Read ``{"error": {...}}``, ``{"error": "..."}``, ``{"detail": ...}``, a flat object or plain text.

    Args:
        data: The body as JSON data, None where it is none.
        status: The HTTP status.
    """
    fields = mapping_of(data) or {}
    message: Any = fields.get("error", fields)
    inner = mapping_of(message)
    if inner is not None:
        fields = inner
        message = fields.get("message") or fields.get("detail")
    code, named = fields.get("code"), string_of(fields.get("status"))
    if status < 400 and isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - a status in the body
        status = code
    details = [mapping_of(item) or {} for item in items_of(fields.get("details"))]
    return Complaint(
        status=status,
        text=message if isinstance(message, str) else json.dumps(message) if message else "",
        code=named or (_unicode(code) if code is not None else ""),
        kind=_unicode(fields.get("type") or ""),
        param=str(fields.get("param") or ""),
        reasons=frozenset(_reasons(details)),
        retry_after_s=next(_delays(details), None),
    )


def _reasons(details: list[Mapping[str, Any]]) -> Iterator[str]:
    """``reason`` of an ErrorInfo, ``quotaId`` of a QuotaFailure. Source: google.rpc, error_details.proto."""
    for detail in details:
        for value in (detail.get("reason"), *_quotas(detail)):
            if isinstance(value, str):
                yield value


def _quotas(detail: Mapping[str, Any]) -> Iterator[Any]:
    for item in items_of(detail.get("violations")):
        yield (mapping_of(item) or {}).get("quotaId")


def _delays(details: list[Mapping[str, Any]]) -> Iterator[float]:
    """Seconds of a RetryInfo, which Google's APIs write as ``34.5s``."""
    for detail in details:
        match = _DELAY.fullmatch(str(detail.get("retryDelay", "")))
        if match is not None:
            yield float(match[1])


def _unicode(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")
