"""Token counts where no tokenizer is at hand."""

from __future__ import annotations

from collections.abc import Iterable

from promptkit.messages import Message

__all__ = ["estimate_text", "estimate_tokens"]

CHARACTERS_PER_TOKEN = 4  # OpenAI's rule of thumb for English, help article "What are tokens"
TOKENS_PER_MESSAGE = 4  # role and separators, as the ChatML format spends them


def estimate_text(characters: int) -> int:
    """About how many tokens a text of this length is."""
    return -(-characters // CHARACTERS_PER_TOKEN)


def estimate_tokens(messages: Iterable[Message]) -> int:
    """About how many tokens the texts of these messages are; images and documents are not counted."""
    return sum(TOKENS_PER_MESSAGE + estimate_text(len(message.text)) for message in messages)
