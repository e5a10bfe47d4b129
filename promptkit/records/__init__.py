"""Calls as data: CallRecord, who is told of it, and the stores that keep it.

One record serves as trace, cassette, cache entry, journal and training row.
"""

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
from promptkit.records.jsonl import JsonLines, read_jsonl
from promptkit.records.observers import Observer

__all__ = [
    "RECORD_VERSION",
    "CallRecord",
    "ErrorInfo",
    "JsonLines",
    "Observer",
    "PromptInfo",
    "RequestInfo",
    "call_key",
    "completion_of",
    "read_jsonl",
    "text_of_completion",
]
