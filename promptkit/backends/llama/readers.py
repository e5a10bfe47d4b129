"""TokenReader: messages as the tokens of a model, read without its weights."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from promptkit.backends.llama.bindings import llama
from promptkit.backends.llama.models import load_file
from promptkit.backends.llama.sources import find_model
from promptkit.backends.llama.tokens import MessageTokenizer
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.messages import Message

__all__ = ["TokenReader"]


class TokenReader:
    """The tokens that a model would read.

    Args:
        reference: What stands after ``llama:``, for example ``demo`` or the path of a GGUF file.

    Attributes:
        name: For example ``llama:demo``.
        markers: Texts of the tokens that steer the model.

    Raises:
        ModelLoadError: When the extra ``llama`` is not installed, or the file cannot be loaded.
    """

    def __init__(self, reference: str) -> None:
        self.name = f"llama:{reference}"
        engine = llama()
        pointer = load_file(find_model(reference), vocabulary_only=True)
        weakref.finalize(self, engine.llama_model_free, pointer)
        template = engine.llama_model_chat_template(pointer, None)
        self._vocabulary = Vocabulary(
            engine.llama_model_get_vocab(pointer), template.decode("utf-8", "replace") if template else None
        )
        self._tokenizer = MessageTokenizer(self._vocabulary)
        self._steering = frozenset(self._vocabulary.markers.values())
        self.markers = tuple(self._vocabulary.markers)

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The ids of all tokens of a conversation.

        Raises:
            CapabilityMissing: When a message holds something other than text.
            RequestRejected: When a message is no valid Unicode, or the template refuses the messages.
        """
        return self._tokenizer.tokens(messages)

    def steering(self, tokens: Sequence[int]) -> list[int]:
        """Those of the tokens that steer the model: roles, ends of turns, tools."""
        return [token for token in tokens if token in self._steering]

    def text(self, tokens: Sequence[int]) -> bytes:
        """The bytes that the tokens stand for; a steering token stands for its own spelling."""
        vocabulary = self._vocabulary
        return b"".join(
            vocabulary.text(token).encode() if token in vocabulary.control else vocabulary.pieces[token]
            for token in tokens
        )
