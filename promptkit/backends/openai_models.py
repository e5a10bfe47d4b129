"""What OpenAI's models refuse, whichever of its wire formats they are asked in."""

from __future__ import annotations

from promptkit.backends.settings import Refusal

__all__ = ["REASONING_MODELS"]

REASONING_MODELS = Refusal(
    models=(
        *("o1*", "o3*", "o4*"),
        *("gpt-5", "gpt-5-20*", "gpt-5-codex*", "gpt-5-mini*", "gpt-5-nano*", "gpt-5-pro*", "gpt-5.6*"),
    ),
    settings=("temperature", "top_p", "logprobs"),
    why="this model reasons, and takes its default alone",
    taken={"temperature": 1, "top_p": 1},
)
"""Source: OpenAI's guides "Reasoning models", section "Limitations", and "Using GPT-5", section "Parameter
compatibility": its API says "Only the default (1) value is supported". Models from 5.1 to 5.5 take the settings
unless a reasoning effort is asked for."""
