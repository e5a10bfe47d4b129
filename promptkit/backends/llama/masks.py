"""Grammars to masks: which tokens may come next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from promptkit.backends.llama.bindings import Array, guidance, numpy, tokenize_address
from promptkit.backends.llama.grammars import FLEETING_FUEL, Grammar, one_line
from promptkit.backends.llama.progress import Pieces, Progress
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.errors import GrammarInvalid

__all__ = ["MaskMaker", "Masks"]

_KEPT_GRAMMARS = 64
_KEPT_FLEETING = 4
_STEP_FUEL = 2_000_000  # ten times llguidance's own: about 0.2 s at most, where it would give up


class MaskMaker:
    """Makes masks for one vocabulary; keeps what is slow to build.

    Args:
        vocabulary: The model's tokens.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._fleeting: dict[str, Any] = {}

    @cached_property
    def _tokenizer(self) -> Any:
        if not self._vocabulary.ends:
            raise GrammarInvalid(
                "the model's vocabulary names no token that ends an answer; use a model made for chat"
            )
        # What llguidance.llamacpp does, without its second reading of every piece by functions that
        # llama-cpp-python has deprecated. A leading 0xFF marks a token that no text spells.
        markers = set(self._vocabulary.markers.values())
        tokens = [
            b"\xff" + self._vocabulary.text(token).encode() if token in markers else piece
            for token, piece in enumerate(self._vocabulary.pieces)
        ]
        tokenizer: Any = guidance().LLTokenizer
        return tokenizer.from_llamacpp(
            tokens=tokens,
            vocab_ptr=self._vocabulary.pointer,
            tokenize_fptr=tokenize_address(),
            eos_token=list(self._vocabulary.ends),
            slices=tokenizer.json_slices(),
        )

    @cached_property
    def _digits(self) -> Array:
        """Two rows of booleans: tokens that begin with a digit, and with two."""
        pieces = self._vocabulary.pieces
        one = [piece[:1].isdigit() for piece in pieces]
        two = [len(piece) > 1 and piece[:2].isdigit() for piece in pieces]
        return numpy().array([one, two], dtype=bool)

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self._vocabulary.pieces)

    def masks(self, grammar: Grammar) -> Masks:
        """Fresh masks at the beginning of an answer.

        Raises:
            GrammarInvalid: When the grammar is too big for this vocabulary.
        """
        with self._lock:
            made, most = (
                (self._fleeting, _KEPT_FLEETING) if grammar.is_fleeting else (self._made, _KEPT_GRAMMARS)
            )
            texts = [grammar.text] + ([grammar.open_text] if grammar.open_text else [])
            for text in texts:
                if text not in made:
                    if len(made) >= most:
                        del made[next(key for key in made if key not in texts)]
                    made[text] = self._matcher(text, is_fleeting=grammar.is_fleeting)
            return Masks(
                [made[text].deep_copy() for text in texts],
                self._vocabulary.size,
                self._digits if grammar.is_json else None,
                Progress(self._pieces if grammar.has_free_names else None),
                # Copies share an automaton: one that grew beyond its limits is of no use to the next answer.
                forget=lambda: [made.pop(text, None) for text in texts],
            )

    def _matcher(self, text: str, *, is_fleeting: bool) -> Any:
        engine = guidance()
        # Verbose errors print the answer so far.
        fuel = FLEETING_FUEL if is_fleeting else None
        limits = engine.LLParserLimits(
            verbose_errors=False, initial_lexer_fuel=fuel, step_lexer_fuel=_STEP_FUEL
        )
        matcher = engine.LLMatcher(self._tokenizer, text, log_level=0, limits=limits)
        if matcher.is_error():
            part = "texts that it quotes from" if is_fleeting else "schema"
            raise GrammarInvalid(
                "the output's grammar cannot be used with this model: "
                f"{one_line(matcher.get_error())}; make the {part} smaller"
            )
        return matcher


class Masks:
    """Follows one answer and says which tokens may come next."""

    # Models that lost the thread write digits for ever. Doubles and 64-bit integers need no more than these
    # characters, and with exponents below 100 every number is finite.
    _LONGEST_NUMBER = 24
    _LONGEST_EXPONENT = 2

    def __init__(
        self,
        matchers: Sequence[Any],
        size: int,
        digits: Array | None,
        progress: Progress,
        *,
        forget: Callable[[], object],
    ) -> None:
        # One that follows the grammar and, where there is one, one that follows the open grammar, which takes all
        # that the other takes. The other ends where the answer has a property that the schema does not name.
        self._matchers = list(matchers)
        self._forget = forget
        self._size = size
        self._digits = digits
        self._bits: Array = numpy().zeros((1, (size + 31) // 32), dtype=numpy().int32)
        self._progress = progress

    def allowed(self, scores: Array | None = None) -> Array:
        """For each token, whether it may come next: booleans.

        Args:
            scores: The model's logits by token. Where a schema says nothing of further properties, one may begin
                if its first token is the most likely of all tokens, the forbidden ones included: a model that
                lost the thread hardly ever gets there, one that means it does. Without scores none may.

        Raises:
            GrammarInvalid: When the grammar cannot be followed any further.
        """
        allowed = self._mask(self._matchers[0])
        self._complain(self._matchers[0])
        if scores is None or len(self._matchers) == 1:
            return allowed
        # At each step, be it needed or not: the engine's limit of work counts from mask to mask.
        wider = self._mask(self._matchers[1])
        if self._matchers[1].is_error():
            self._forget()
            del self._matchers[1]
            return allowed
        best = int(scores.argmax())
        return wider if wider[best] and not allowed[best] else allowed

    def _mask(self, matcher: Any) -> Array:
        np = numpy()
        guidance().numpy.fill_next_token_bitmask(matcher, self._bits)
        bits = np.unpackbits(self._bits.view(np.uint8)[0], bitorder="little", count=self._size)
        allowed = bits.view(bool)
        return allowed if self._digits is None else self._narrowed(allowed, *self._digits)

    def _narrowed(self, allowed: Array, one_digit: Array, two_digits: Array) -> Array:
        """What is allowed of it by rules that no grammar says, or all of it where that is nothing."""
        progress = self._progress
        if progress.length >= self._LONGEST_NUMBER or progress.exponent >= self._LONGEST_EXPONENT:
            narrower = allowed & ~one_digit
        elif progress.exponent >= 0:
            narrower = allowed & ~two_digits
        elif repeating := progress.repeating():
            narrower = allowed.copy()
            narrower[repeating] = False
        else:
            return allowed
        return narrower if narrower.any() else allowed

    def consume(self, token: int, piece: bytes) -> None:
        """Go on by one token.

        Raises:
            GrammarInvalid: When it was not allowed, or the grammar cannot be followed any further.
        """
        *others, last = self._matchers
        followed = [matcher for matcher in others if matcher.try_consume_tokens([token])]
        last.consume_token(token)
        if followed and last.is_error():
            self._matchers = followed
        else:
            self._complain(last)
            self._matchers = [*followed, last]
        self._progress.follow(piece)

    def forced(self) -> list[int]:
        """Tokens that must come next; each is still to be consumed."""
        tokens: list[int] = self._matchers[-1].compute_ff_tokens()
        self._complain(self._matchers[-1])
        return tokens

    @property
    def finished(self) -> bool:
        """True when nothing may follow."""
        return bool(self._matchers[0].is_stopped())

    def _complain(self, matcher: Any) -> None:
        if matcher.is_error():
            self._forget()
            raise GrammarInvalid(
                f"the output's grammar cannot be followed: {one_line(matcher.get_error())}; "
                "make the schema smaller, above all its patterns"
            )
