"""A model's vocabulary: text to tokens, tokens to bytes, and which tokens are markers."""

from __future__ import annotations

import ctypes
from functools import cached_property
from typing import Any

from promptkit.backends.llama.bindings import Array, llama, numpy

__all__ = ["Vocabulary"]

_PIECE_BYTES = 256  # a first guess; llama.cpp says how many it needs when these are too few


class Vocabulary:
    """The tokens of one loaded model. Reading is thread-safe in llama.cpp: nothing here writes.

    Attributes:
        pointer: llama.cpp's own handle.
        template: The chat template of the file; None when it has none.
        size: How many tokens there are.
    """

    def __init__(self, pointer: Any, template: str | None) -> None:
        self._llama = llama()
        self.pointer = pointer
        self.template = template
        self.size = int(self._llama.llama_vocab_n_tokens(pointer))

    def tokenize(self, text: str) -> list[int]:
        """The tokens of plain text; text that spells a control token stays text."""
        return self._tokenize(text.encode("utf-8"), special=False)

    def tokenize_whole(self, text: str) -> list[int]:
        """The tokens of a rendered prompt as llama.cpp itself splits it: markers are found in all text."""
        return self._tokenize(text.encode("utf-8"), special=True)

    def _tokenize(self, data: bytes, *, special: bool) -> list[int]:
        room = len(data) + 8
        buffer = (self._llama.llama_token * room)()
        count = self._llama.llama_tokenize(self.pointer, data, len(data), buffer, room, False, special)
        if count < 0:
            buffer = (self._llama.llama_token * -count)()
            count = self._llama.llama_tokenize(self.pointer, data, len(data), buffer, -count, False, special)
        return list(buffer[:count])

    def _piece(self, token: int, *, special: bool) -> bytes:
        size = _PIECE_BYTES
        buffer = ctypes.create_string_buffer(size)
        count = self._llama.llama_token_to_piece(self.pointer, token, buffer, size, 0, special)
        if count < 0:
            size = -count
            buffer = ctypes.create_string_buffer(size)
            count = self._llama.llama_token_to_piece(self.pointer, token, buffer, size, 0, special)
        return buffer.raw[:count]

    @cached_property
    def pieces(self) -> tuple[bytes, ...]:
        """The bytes that each token stands for; empty for control tokens."""
        return tuple(self._piece(token, special=False) for token in range(self.size))

    @cached_property
    def _attributes(self) -> tuple[int, ...]:
        read = self._llama.llama_vocab_get_attr
        return tuple(int(read(self.pointer, token)) for token in range(self.size))

    @cached_property
    def longest(self) -> int:
        """The most bytes that one token stands for."""
        return max(map(len, self.pieces), default=1) or 1

    @cached_property
    def writable(self) -> Array:
        """For each token, whether it may stand in plain text: all but markers without text, and the ends."""
        allowed = numpy().ones(self.size, dtype=bool)
        allowed[list(self.control.difference(self.ends))] = False
        return allowed

    @cached_property
    def single_bytes(self) -> Array:
        """For each token, whether it stands for one byte."""
        return numpy().array([len(piece) == 1 for piece in self.pieces], dtype=bool)

    @cached_property
    def quotes(self) -> tuple[int, ...]:
        """Tokens that stand for a quotation mark alone, which ends a string of JSON."""
        return tuple(token for token, piece in enumerate(self.pieces) if piece == b'"')

    @cached_property
    def letters(self) -> dict[bytes, int]:
        """Tokens of single characters and single bytes, by those bytes."""
        byte = self._llama.LLAMA_TOKEN_ATTR_BYTE
        normal = self._llama.LLAMA_TOKEN_ATTR_NORMAL
        found = {self.pieces[token]: token for token, flags in enumerate(self._attributes) if flags & byte}
        for token, flags in enumerate(self._attributes):
            piece = self.pieces[token]
            if flags & normal and (len(piece) == 1 or len(piece.decode("utf-8", "replace")) == 1):
                found[piece] = token
        return found

    def text(self, token: int) -> str:
        """A token's text as the vocabulary spells it; empty for ids that name no token."""
        if token < 0:
            return ""
        return bytes(self._llama.llama_vocab_get_text(self.pointer, token)).decode("utf-8", "replace")

    @cached_property
    def markers(self) -> dict[str, int]:
        """Tokens that steer the model, by their text: content may never hold one.

        Control and unknown tokens always count. Tokens that a maker added as plain vocabulary (tags,
        runs of blanks) are read from content as in training, unless they have the form ``<|...|>`` or
        the chat template itself writes them.
        """
        found: dict[str, int] = {}
        for token, flags in enumerate(self._attributes):
            if self._is_marker(token, flags):
                found.setdefault(self.text(token), token)
        found.pop("", None)
        return found

    def _is_marker(self, token: int, flags: int) -> bool:
        if flags & (self._llama.LLAMA_TOKEN_ATTR_CONTROL | self._llama.LLAMA_TOKEN_ATTR_UNKNOWN):
            return True
        if not flags & self._llama.LLAMA_TOKEN_ATTR_USER_DEFINED:
            return False
        text = self.text(token)
        written = len(text) > 2 and not text.isspace() and text in (self.template or "")  # noqa: PLR2004 - `<>`
        return (text.startswith("<|") and text.endswith("|>")) or (written and text[0] in "<[")

    @cached_property
    def control(self) -> frozenset[int]:
        """Ids of the tokens that have no text of their own."""
        mask = self._llama.LLAMA_TOKEN_ATTR_CONTROL | self._llama.LLAMA_TOKEN_ATTR_UNKNOWN
        return frozenset(token for token, flags in enumerate(self._attributes) if flags & mask)

    def is_read_from_text(self, token: int) -> bool:
        """True for a marker that llama.cpp finds in text even where it is told to look for none."""
        return bool(self._attributes[token] & self._llama.LLAMA_TOKEN_ATTR_USER_DEFINED)

    def strips_left(self, token: int) -> bool:
        """True when blanks before this marker vanish."""
        return bool(self._attributes[token] & self._llama.LLAMA_TOKEN_ATTR_LSTRIP)

    def strips_right(self, token: int) -> bool:
        """True when blanks after this marker vanish."""
        return bool(self._attributes[token] & self._llama.LLAMA_TOKEN_ATTR_RSTRIP)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Tokens that end an answer, the vocabulary's own EOS first."""
        eos = int(self._llama.llama_vocab_eos(self.pointer))
        is_end = self._llama.llama_vocab_is_eog
        others = [token for token in range(self.size) if token != eos and is_end(self.pointer, token)]
        return tuple(([eos] if eos >= 0 else []) + others)

    @cached_property
    def bos(self) -> int:
        """The token that begins a text; negative when there is none."""
        return int(self._llama.llama_vocab_bos(self.pointer))

    @cached_property
    def eos(self) -> int:
        """The token that ends a text; negative when there is none."""
        return int(self._llama.llama_vocab_eos(self.pointer))

    @property
    def adds_bos(self) -> bool:
        """True when the file asks for BOS before every text."""
        return self.bos >= 0 and bool(self._llama.llama_vocab_get_add_bos(self.pointer))

    @cached_property
    def adds_blank(self) -> bool:
        """True when tokenizing puts a blank before text, as SentencePiece vocabularies do."""
        kind = self._llama.llama_vocab_type(self.pointer)
        if kind not in (self._llama.LLAMA_VOCAB_TYPE_SPM, self._llama.LLAMA_VOCAB_TYPE_UGM):
            return False
        return b"".join(self.pieces[token] for token in self.tokenize("a")).startswith(b" ")
