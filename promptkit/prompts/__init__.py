"""Prompt, what a user holds, and TypedPrompt, the same with the signature of a function.

Declaration, rendering, backends and output meet here through the engine.
"""

from promptkit.prompts.contract import Contract, Loader
from promptkit.prompts.prompt import Prompt
from promptkit.prompts.splitting import Chunk, chunks
from promptkit.prompts.typed import TypedPrompt

__all__ = ["Chunk", "Contract", "Loader", "Prompt", "TypedPrompt", "chunks"]
