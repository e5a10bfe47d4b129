"""What answers requests: servers by HTTP, models in this process, a mock for tests.

Importing this room loads neither an HTTP client nor a model library: each name loads its module when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptkit.backends import layers
    from promptkit.backends.dialects.openai_chat import export as to_openai
    from promptkit.backends.http import HttpBackend, Network, Timeouts
    from promptkit.backends.llama import LlamaBackend
    from promptkit.backends.mock import MockBackend
    from promptkit.backends.references import open_backend

__all__ = [
    "HttpBackend",
    "LlamaBackend",
    "MockBackend",
    "Network",
    "Timeouts",
    "layers",
    "open_backend",
    "to_openai",
]

_HOMES = {
    "HttpBackend": ("promptkit.backends.http", "HttpBackend"),
    "LlamaBackend": ("promptkit.backends.llama", "LlamaBackend"),
    "MockBackend": ("promptkit.backends.mock", "MockBackend"),
    "Network": ("promptkit.backends.http", "Network"),
    "Timeouts": ("promptkit.backends.http", "Timeouts"),
    "layers": ("promptkit.backends.layers", None),
    "open_backend": ("promptkit.backends.references", "open_backend"),
    "to_openai": ("promptkit.backends.dialects.openai_chat", "export"),
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
