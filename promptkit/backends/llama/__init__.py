"""Models in this process: GGUF files decoded by llama.cpp, held to a schema by llguidance.

Importing this room loads neither; the first use of a model does.
"""

from __future__ import annotations

from promptkit.backends.llama.backend import LlamaBackend

__all__ = ["LlamaBackend"]
