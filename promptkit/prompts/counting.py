"""Tokens of a text by itself, counted by a backend or estimated."""

from __future__ import annotations

from promptkit.backends.estimates import estimate_text
from promptkit.messages import Message
from promptkit.requests import AsyncBackend, Backend
from promptkit.sessions import BackendLike, current_session

__all__ = ["TextCounter", "backend_if_named"]


def backend_if_named(prompt: str, using: BackendLike | None) -> Backend | AsyncBackend | None:
    """The backend that would answer a prompt, which counts its tokens; None where nothing names one."""
    session = current_session()
    named = using is not None or session.names_backend(prompt)
    return session.backend_for(prompt, using) if named else None


class TextCounter:
    """Counts the tokens of texts, without those that every message costs.

    Args:
        backend: Whose tokens are counted; None, and one that cannot count, estimates them.

    Attributes:
        exact: False where tokens are estimated.
    """

    def __init__(self, backend: Backend | AsyncBackend | None) -> None:
        self._backend = backend if isinstance(backend, Backend) else None
        nothing = None if self._backend is None else self._backend.count_tokens([_message("")])
        self._nothing = 0 if nothing is None else nothing.n
        self.exact = nothing is not None and nothing.exact

    def __call__(self, text: str) -> int:
        """The tokens of a text."""
        if self._backend is None:
            return estimate_text(len(text))
        return self._backend.count_tokens([_message(text)]).n - self._nothing


def _message(text: str) -> Message:
    return Message(role="user", content=text)
