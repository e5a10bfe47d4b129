"""Prompt: what a user holds. It ties authoring's declaration, rendering, backends and output together
through the engine; TypedPrompt gives it the signature of a function.
"""

from promptkit.prompts.contract import Contract, Loader
from promptkit.prompts.prompt import Prompt
from promptkit.prompts.typed import TypedPrompt

__all__ = ["Contract", "Loader", "Prompt", "TypedPrompt"]
