"""Testing prompts: a scripted model, recorded calls and snapshots, in pytest, in unittest and in plain scripts.

Importing this room loads nothing: each name loads its module when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptkit.backends import MockBackend
    from promptkit.testing import strategies
    from promptkit.testing.cassettes import CassetteError, CassetteMiss
    from promptkit.testing.families import malformed
    from promptkit.testing.recording import cassette
    from promptkit.testing.scripts import MockLLM, UnexpectedCall, mocked

__all__ = [
    "CassetteError",
    "CassetteMiss",
    "MockBackend",
    "MockLLM",
    "UnexpectedCall",
    "cassette",
    "malformed",
    "mocked",
    "strategies",
]

_HOMES = {
    "CassetteError": "promptkit.testing.cassettes",
    "CassetteMiss": "promptkit.testing.cassettes",
    "cassette": "promptkit.testing.recording",
    "malformed": "promptkit.testing.families",
    "MockBackend": "promptkit.backends",
    "MockLLM": "promptkit.testing.scripts",
    "UnexpectedCall": "promptkit.testing.scripts",
    "mocked": "promptkit.testing.scripts",
}


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return import_module("promptkit.testing.strategies")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
