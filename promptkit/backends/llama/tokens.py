"""Messages to tokens: the template's markers as control tokens, everything else as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from promptkit.backends.llama.shields import Shield
from promptkit.backends.llama.templates import ChatTemplate, Turn
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.errors import CapabilityMissing, RequestRejected
from promptkit.messages import Message, Role, TextPart

__all__ = ["MessageTokenizer"]

_ROLES = get_args(Role)
_BLANKS = " \t\n\v\f\r"  # C's isspace, by which llama.cpp strips around markers


class MessageTokenizer:
    """Tokenizes conversations for one model.

    The chat template is applied to content whose marker texts are broken, the result is split at the
    template's own markers only, and each segment between two of them is tokenized whole: content that
    spells no marker gets the very tokens that tokenizing the rendered prompt in one go would give, and
    no content ever becomes a control token.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._template = ChatTemplate(vocabulary)
        self._ids = vocabulary.markers
        defined = {text for text, token in self._ids.items() if vocabulary.is_read_from_text(token)}
        self._shield = Shield(control=self._ids.keys() - defined, defined=defined)

    def tokens(self, messages: Sequence[Message], *, thinks: bool = False) -> list[int]:
        """All tokens of the prompt, BOS included where the model wants one.

        Args:
            messages: The conversation.
            thinks: True where the model is to think before it answers.

        Raises:
            CapabilityMissing: When a message holds something other than text.
            RequestRejected: When a message is no valid Unicode, or the template refuses the messages.
        """
        turns = [Turn(turn.role, self._shield.protect(turn.text)) for turn in turns_of(messages)]
        tokens: list[int] = []
        blanks_vanish = False
        for text, marker in self._shield.markers(self._template.render(turns, thinks=thinks)):
            segment = text.lstrip(_BLANKS) if blanks_vanish else text
            token = self._ids.get(marker, -1)
            if token >= 0 and self._vocabulary.strips_left(token):
                segment = segment.rstrip(_BLANKS)
            self._add_text(self._shield.restore(segment), tokens)
            if token >= 0:
                tokens.append(token)
                blanks_vanish = self._vocabulary.strips_right(token)
        bos = self._vocabulary.bos
        if self._vocabulary.adds_bos and tokens[:1] != [bos]:
            tokens.insert(0, bos)
        return tokens

    def _add_text(self, pieces: Sequence[str], tokens: list[int]) -> None:
        """Append the tokens of one segment; a cut between pieces adds nothing to the text."""
        first, *rest = pieces
        if first:
            tokens += self._vocabulary.tokenize(first)
        for piece in rest:
            if self._vocabulary.adds_blank:
                # Tokenizing would put a blank before the piece: go on letter by letter until the text
                # itself has a blank, which then serves as the one that is put there.
                spelled, _, remainder = piece.partition(" ")
                tokens += self._spell(spelled)
                if remainder or piece.endswith(" "):
                    tokens += self._vocabulary.tokenize(remainder) if remainder else self._spell(" ")
            elif piece:
                tokens += self._vocabulary.tokenize(piece)

    def _spell(self, text: str) -> list[int]:
        """Tokens of single characters, or of single bytes where a character has no token."""
        letters = self._vocabulary.letters
        tokens: list[int] = []
        for letter in text:
            data = letter.encode()
            tokens += [letters[data]] if data in letters else [letters[bytes([byte])] for byte in data]
        return tokens


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """The messages as turns of text.

    Raises:
        CapabilityMissing: When a message holds something other than text.
        RequestRejected: When a message is no valid Unicode or has an unknown role.
    """
    turns: list[Turn] = []
    for number, message in enumerate(messages, start=1):
        if message.role not in _ROLES:
            # A template writes the role as it stands: anything else could spell one of the model's markers.
            raise RequestRejected(
                f"message {number} has the role {message.role!r}; it must be one of {', '.join(_ROLES)}"
            )
        for part in message.parts:
            if not isinstance(part, TextPart):
                raise CapabilityMissing(
                    f"message {number} ({message.role}) holds a {type(part).__name__}; llama: backends read "
                    "text only: leave the part out, or use a backend that takes it"
                )
        try:
            message.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RequestRejected(
                f"message {number} ({message.role}) holds half a surrogate pair at character {error.start}, "
                "which is no Unicode text; decode the input rightly or remove it"
            ) from error
        turns.append(Turn(message.role, message.text))
    return turns
