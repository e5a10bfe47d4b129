"""Calls as data: CallRecord, who is told of it, and the stores that keep it.

One record serves as trace, cassette, cache entry, journal and training row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptkit.records.call_record import (
    RECORD_VERSION,
    CallRecord,
    ErrorInfo,
    PromptInfo,
    RequestInfo,
    call_key,
    completion_of,
    text_of_completion,
)
from promptkit.records.inputs import recorded_inputs
from promptkit.records.jsonl import JsonLines, read_jsonl
from promptkit.records.keeping import Redact, without_content
from promptkit.records.observers import Observer
from promptkit.records.stores import Store, store_of

if TYPE_CHECKING:
    from promptkit.records.database import Feedback, RecordDatabase, RecordRow

__all__ = [
    "RECORD_VERSION",
    "CallRecord",
    "ErrorInfo",
    "Feedback",
    "JsonLines",
    "Observer",
    "PromptInfo",
    "RecordDatabase",
    "RecordRow",
    "Redact",
    "RequestInfo",
    "Store",
    "call_key",
    "completion_of",
    "read_jsonl",
    "recorded_inputs",
    "store_of",
    "text_of_completion",
    "without_content",
]


def __getattr__(name: str) -> object:
    if name in ("Feedback", "RecordDatabase", "RecordRow"):  # sqlite3 is loaded for those who use it
        from promptkit.records import database

        return getattr(database, name)
    raise AttributeError(f"module 'promptkit.records' has no attribute {name!r}")
