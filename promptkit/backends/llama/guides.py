"""What guides one answer: thoughts first, then a grammar, and limits that are counted beside it."""

from __future__ import annotations

from collections.abc import Sequence

from promptkit.backends.llama.bindings import Array
from promptkit.backends.llama.grammars import Grammar
from promptkit.backends.llama.limits import LengthWatch, limits_of
from promptkit.backends.llama.masks import MaskMaker, Masks
from promptkit.backends.llama.thoughts import Thoughts
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.requests import OutputSpec

__all__ = ["Guide", "guide_of"]


class Guide:
    """Follows one answer token by token: what may come next, what is written, and what of it is the answer.

    Args:
        vocabulary: The model's tokens.
        masks: What the grammar allows; None for free text.
        lengths: Counts the texts that must not grow too long; None where there is no such limit.
        thoughts: What is written before the answer; None where it begins at once.

    Attributes:
        thoughts: The thoughts so far; None where there are none.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        masks: Masks | None,
        *,
        lengths: LengthWatch | None = None,
        thoughts: Thoughts | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._masks = masks
        self._lengths = lengths
        self._allowed: Array | None = None
        self._has_begun = False
        self.thoughts = thoughts

    @property
    def thinks(self) -> bool:
        """True before the answer begins."""
        return self.thoughts is not None and not self.thoughts.over

    @property
    def finished(self) -> bool:
        """True when nothing may follow."""
        return self._masks is not None and not self.thinks and self._masks.finished

    def allowed(self, scores: Array | None = None) -> Array:
        """For each token, whether the model may choose it: booleans.

        Args:
            scores: The model's own, by which an open object may begin a name that its schema does not mention.

        Raises:
            GrammarInvalid: When the grammar cannot be followed any further.
        """
        if self.thinks:
            return self._vocabulary.writable
        allowed = self._vocabulary.writable if self._masks is None else self._masks.allowed(scores)
        if self._lengths is not None:
            allowed = self._lengths.narrowed(allowed)
        self._allowed = allowed
        return allowed

    def settled(self, token: int) -> list[int]:
        """The tokens that are written where the model chose ``token``; none where the answer ends.

        It is the chosen one but for two cases: what ends the thoughts is written whole, and a text that ``token``
        would make too long ends instead. To be called after ``allowed``.
        """
        if self.thoughts is not None and not self.thoughts.over:
            return self.thoughts.settled(token)
        if self._lengths is not None and self._allowed is not None:
            token = self._lengths.settled(token, self._allowed)
        return [] if token in self._vocabulary.ends else [token]

    def consume(self, token: int) -> bytes:
        """Go on by one token; the bytes that it adds to the answer.

        Raises:
            GrammarInvalid: When the grammar cannot be followed any further.
        """
        if self.thoughts is not None and not self.thoughts.over:
            self.thoughts.consume(token)
            return b""
        piece = self._vocabulary.pieces[token]
        if self._masks is not None:
            self._masks.consume(token, piece)
        elif not self._has_begun and self._vocabulary.adds_blank:
            # The blank before a text belongs to the vocabulary's way of writing, not to the answer.
            piece = piece.removeprefix(b" ")
        self._has_begun = True
        if self._lengths is not None:
            self._lengths.follow(piece)
        return piece

    def forced(self) -> list[int]:
        """Tokens that must come next; each is still to be consumed.

        Raises:
            GrammarInvalid: When the grammar cannot be followed any further.
        """
        first: list[int] = []
        if self.thoughts is not None and not self.thoughts.over:
            first = self.thoughts.forced()
            if not self.thoughts.ends:
                return first
        return [*first, *self._masks.forced()] if self._masks is not None else first


def guide_of(
    spec: OutputSpec,
    grammar: Grammar | None,
    maker: MaskMaker,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    room: int,
) -> Guide:
    """What guides an answer of ``spec``.

    Args:
        spec: What the answer must be.
        grammar: Its grammar; None for free text.
        maker: Makes the grammar's masks.
        vocabulary: The model's tokens.
        prompt: The prompt's tokens.
        room: How many tokens may be written; thoughts take at most half of them.

    Raises:
        GrammarInvalid: When the grammar is too big for this vocabulary.
    """
    limits = limits_of(spec)
    thinks = spec.reasoning and spec.enforce != "off"
    return Guide(
        vocabulary,
        None if grammar is None else maker.masks(grammar),
        lengths=LengthWatch(limits, vocabulary, is_json=spec.mode == "json") if limits else None,
        thoughts=Thoughts(vocabulary, max(1, min(spec.reasoning, room // 2)), prompt) if thinks else None,
    )
