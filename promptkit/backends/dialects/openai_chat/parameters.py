"""Sampling settings as the parameters of a call, and those that a server does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.backends.dialects.openai_chat.profiles import Profile
from promptkit.errors import CapabilityMissing
from promptkit.requests import GenerationConfig

__all__ = ["exported", "missing", "parameters"]

# The names in vLLM's "Extra parameters for Chat API" and in llama-server's README (which reads repeat_penalty).
# Either passes over the other's name, so that both are sent: which server it is, is not known.
_MORE: Mapping[str, tuple[str, ...]] = {
    "top_k": ("top_k",),
    "min_p": ("min_p",),
    "repetition_penalty": ("repetition_penalty", "repeat_penalty"),
}


def missing(generation: GenerationConfig, profile: Profile) -> tuple[str, ...]:
    """The settings that are set and that the server has no parameter for."""
    return () if profile.more_sampling else tuple(_more(generation))


def parameters(generation: GenerationConfig, profile: Profile, *, name: str) -> dict[str, Any]:
    """The settings that are set, as fields of the call's body.

    Args:
        generation: The settings.
        profile: How the server is spoken to.
        name: The backend's name, for errors.

    Raises:
        CapabilityMissing: When the server has no parameter for one of them.
    """
    lacking = missing(generation, profile)
    if lacking:
        raise CapabilityMissing(
            f"{name} has no parameter for {', '.join(lacking)}, so nothing was sent; remove it from the "
            "generation settings, or use a backend that has it, such as llama: or a compatible server.",
            reasons=[f"generation.{setting}" for setting in lacking],
        )
    return {**_common(generation, profile), **_more_fields(generation)}


def exported(generation: GenerationConfig, profile: Profile) -> dict[str, Any]:
    """The settings as keyword arguments of OpenAI's Python client.

    What its API does not have stands in ``extra_body``, which the client puts into the body as it is: with it
    the same client asks other servers.
    """
    more = _more_fields(generation)
    return {**_common(generation, profile), **({"extra_body": more} if more else {})}


def _common(generation: GenerationConfig, profile: Profile) -> dict[str, Any]:
    settings = {key: value for key, value in generation.to_dict().items() if key not in _MORE}
    if "max_tokens" in settings:
        settings[profile.max_tokens_field] = settings.pop("max_tokens")
    if "logprobs" in settings:
        alternatives = max(settings.pop("logprobs"), profile.least_top_logprobs)
        settings |= {"logprobs": True, "top_logprobs": alternatives}
    return settings


def _more(generation: GenerationConfig) -> dict[str, Any]:
    return {key: value for key, value in generation.to_dict().items() if key in _MORE}


def _more_fields(generation: GenerationConfig) -> dict[str, Any]:
    return {field: value for key, value in _more(generation).items() for field in _MORE[key]}
