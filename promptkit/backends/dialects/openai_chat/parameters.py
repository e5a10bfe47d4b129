"""Sampling settings as the parameters of a call, by server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.backends.openai_models import REASONING_MODELS
from promptkit.backends.settings import Settings, Writer, written
from promptkit.requests import GenerationConfig

__all__ = [
    "COMPATIBLE_SETTINGS",
    "LLAMA_SERVER_SETTINGS",
    "MISTRAL_SETTINGS",
    "OPENAI_SETTINGS",
    "OPENROUTER_SETTINGS",
    "VLLM_SETTINGS",
    "exported",
    "logprobs_field",
]


def logprobs_field(least: int) -> Writer:
    """What writes the two fields for log-probabilities.

    Args:
        least: The fewest alternatives that are asked for.
    """

    def write(number: Any) -> Mapping[str, Any]:
        return {"logprobs": True, "top_logprobs": max(number, least)}

    return write


_COMMON: Mapping[str, Writer] = {
    "temperature": "temperature",
    "seed": "seed",
    "top_p": "top_p",
    "stop": "stop",
}
OPENAI_SETTINGS = Settings(
    writers={**_COMMON, "max_tokens": "max_completion_tokens", "logprobs": logprobs_field(0)},
    refusals=(REASONING_MODELS,),
)


def _penalty(value: Any) -> Mapping[str, Any]:
    return {"repetition_penalty": value, "repeat_penalty": value}


# The names in vLLM's "Extra parameters for Chat API" and in llama-server's README (which reads repeat_penalty).
# Either passes over the other's name, so that both are sent: which server it is, is not known.
_MORE: Mapping[str, Writer] = {
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": _penalty,
}
_RARE: Mapping[str, Writer] = {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"}
_BOUNDED: Mapping[str, Writer] = {**_COMMON, "max_tokens": "max_tokens"}

# llama-server takes top_logprobs for n_probs, and 0 of these for no log-probabilities.
COMPATIBLE_SETTINGS = Settings(writers={**_BOUNDED, "logprobs": logprobs_field(1), **_MORE})
LLAMA_SERVER_SETTINGS = Settings(
    writers={**_BOUNDED, "logprobs": logprobs_field(1), **_RARE, "repetition_penalty": "repeat_penalty"}
)
VLLM_SETTINGS = Settings(writers={**_BOUNDED, "logprobs": logprobs_field(0), **_RARE})
OPENROUTER_SETTINGS = Settings(writers={**_BOUNDED, "logprobs": logprobs_field(0), **_RARE})
MISTRAL_SETTINGS = Settings(writers={**_BOUNDED, "seed": "random_seed"})
"""Source: Mistral's API reference, "Chat completion": no log-probabilities, and the seed under another name."""


def exported(generation: GenerationConfig) -> dict[str, Any]:
    """The settings as keyword arguments of OpenAI's Python client.

    What its API does not have stands in ``extra_body``, which the client puts into the body as it is: with it
    the same client asks other servers.
    """
    more = {**written(generation, _MORE), **generation.extra}
    return {**written(generation, OPENAI_SETTINGS.writers), **({"extra_body": more} if more else {})}
