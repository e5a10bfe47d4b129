"""What answers requests: servers by HTTP, models in this process, a mock for tests.

Importing this room loads neither an HTTP client nor a model library: each name loads its module when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptkit.backends import layers
    from promptkit.backends.dialect import Dialect, NotTheProtocol, Piece, ToolCallPiece
    from promptkit.backends.dialects.openai_chat import export as to_openai
    from promptkit.backends.http import HttpBackend, Network, Timeouts
    from promptkit.backends.llama import LlamaBackend
    from promptkit.backends.mock import MockBackend, Paced
    from promptkit.backends.planning import planner
    from promptkit.backends.providers import Provider
    from promptkit.backends.references import open_backend
    from promptkit.backends.schema_forms import SchemaForm, schema_field
    from promptkit.backends.schema_rules import SchemaRules
    from promptkit.backends.settings import Refusal, Settings, setting_fields, with_extra
    from promptkit.backends.wire import ErrorWords, HttpCall

__all__ = [
    "Dialect",
    "ErrorWords",
    "HttpBackend",
    "HttpCall",
    "LlamaBackend",
    "MockBackend",
    "Network",
    "NotTheProtocol",
    "Paced",
    "Piece",
    "Provider",
    "Refusal",
    "SchemaForm",
    "SchemaRules",
    "Settings",
    "Timeouts",
    "ToolCallPiece",
    "layers",
    "open_backend",
    "planner",
    "schema_field",
    "setting_fields",
    "to_openai",
    "with_extra",
]

_HOMES = {
    "Dialect": ("promptkit.backends.dialect", "Dialect"),
    "ErrorWords": ("promptkit.backends.wire", "ErrorWords"),
    "HttpBackend": ("promptkit.backends.http", "HttpBackend"),
    "HttpCall": ("promptkit.backends.wire", "HttpCall"),
    "LlamaBackend": ("promptkit.backends.llama", "LlamaBackend"),
    "MockBackend": ("promptkit.backends.mock", "MockBackend"),
    "Paced": ("promptkit.backends.mock", "Paced"),
    "Network": ("promptkit.backends.http", "Network"),
    "NotTheProtocol": ("promptkit.backends.dialect", "NotTheProtocol"),
    "Piece": ("promptkit.backends.dialect", "Piece"),
    "Provider": ("promptkit.backends.providers", "Provider"),
    "Refusal": ("promptkit.backends.settings", "Refusal"),
    "SchemaForm": ("promptkit.backends.schema_forms", "SchemaForm"),
    "SchemaRules": ("promptkit.backends.schema_rules", "SchemaRules"),
    "Settings": ("promptkit.backends.settings", "Settings"),
    "Timeouts": ("promptkit.backends.http", "Timeouts"),
    "ToolCallPiece": ("promptkit.backends.dialect", "ToolCallPiece"),
    "layers": ("promptkit.backends.layers", None),
    "open_backend": ("promptkit.backends.references", "open_backend"),
    "planner": ("promptkit.backends.planning", "planner"),
    "schema_field": ("promptkit.backends.schema_forms", "schema_field"),
    "setting_fields": ("promptkit.backends.settings", "setting_fields"),
    "to_openai": ("promptkit.backends.dialects.openai_chat", "export"),
    "with_extra": ("promptkit.backends.settings", "with_extra"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module_name, attribute = _HOMES[name]
    module = import_module(module_name)
    value = module if attribute is None else getattr(module, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
