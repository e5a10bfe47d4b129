"""What a conversation asks of its driver."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from promptkit.completions import Completion
from promptkit.engine.late_record import LateRecord
from promptkit.engine.narration import Narrator
from promptkit.engine.results import Result
from promptkit.requests import Request

__all__ = ["Conversation", "Keep", "Send"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The effect "ask the backend"; it is answered with a Completion or a thrown BackendError.

    Attributes:
        request: What to ask.
        narrator: What turns the answer's pieces into events, for a driver that streams.
    """

    request: Request
    narrator: Narrator


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The effect "tell the observers"; it is answered with None.

    Attributes:
        kept: The finished call.
    """

    kept: LateRecord


Conversation: TypeAlias = Generator[Send | Keep, Completion | None, Result[T]]
