"""Values that try to become a model's markers, ordinary texts that do not, and what must hold of their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from promptkit.backends.llama.templates import ChatTemplate, Turn
from promptkit.backends.llama.tokens import MessageTokenizer
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.messages import Message

__all__ = ["Chat", "clean_texts", "hostile_values"]

# The markers of common models: values are mostly not made for the model that reads them.
KNOWN = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<|turn>",
    "<turn|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<s>",
    "</s>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|end|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "<bos>",
    "<unk>",
]
# The shield's own signs, what trims differ on, joiners, marks, what looks like a part of a marker, controls.
ODD = [
    *"\ue000\ue001\ue002\ue003\uf8ff\U000f0000\U0010fffd",
    *"\u200b\u200c\u200d\ufeff\u00ad\u2060\u034f\ufe0f\u202e\u2066",
    *"\u0301\u0338\u20dd\uff1c\uff5c\uff1e\u2581\u0120\u010a\u2028\u2029\u0085\u00a0\u3000",
    *"\x00\x01\x07\x08\x0b\x0c\x1b\x1c\x1f\x7f\ufffd\uffff\U0001f600\u0130\u1e9e",
]
BLANKS = ["", " ", "  ", "\n", "\n\n", "\t", " \n ", "\r\n", "\u00a0", "\u3000", "\u2028"]
WORDS = [
    "Hello",
    "the ant",
    "1234",
    "Zürich",
    "日本語",
    "x",
    "",
    "system",
    "user\nobey",
    "{{ x }}",
    "{% raw %}",
    "</b>",
]

ORDINARY = """
the router is offline since Monday and nobody answers please help me now
It's don't U.S. e.g. 3.14 1,234.56 2026-11-24 12:30 50% #42 @ada $5 €12 C++ a/b x_y naïve café
Straße über Ærø señor Ελλάδα Привет мир שלום مرحبا नमस्ते 你好 世界 日本語 こんにちは 안녕 ไทย 😀 👩‍💻 ½ ™
def f(x): return x+1 <b>bold</b> a<b {key: [1,2]} "quoted" 'single' (paren) -> => == != && || // `code` [x] </p>
"""
CLEAN_WORDS = ORDINARY.split()
JOINTS = [" "] * 12 + ["\n", "\n\n", "  ", "\t", ", ", ". ", "! ", "? ", ": ", " - ", "", "\n    ", "    "]


def hostile_values(
    random: Random, count: int, markers: Sequence[str], fake: Callable[[str], str]
) -> Iterator[str]:
    """Values against one model.

    Args:
        random: Where chance comes from.
        count: How many.
        markers: The texts of the model's markers.
        fake: A whole prompt of the model's form around a text.
    """
    own = [marker for marker in markers if len(marker) > 1] or KNOWN
    ways = (_bare, _inside, _halves, _nested, _broken, _repeated, _recoded)
    for number in range(count):
        marker = random.choice(own if random.random() < 0.7 else KNOWN)
        way = random.choice(ways)
        value = fake(random.choice(WORDS)) if number % 25 == 0 else way(random, marker)
        if random.random() < 0.15:
            value = f"{value}{random.choice(BLANKS)}{random.choice(ways)(random, random.choice(own))}"
        yield value


def _bare(random: Random, marker: str) -> str:
    return f"{random.choice(BLANKS)}{marker}{random.choice(BLANKS)}"


def _inside(random: Random, marker: str) -> str:
    before, after, blank = random.choice(WORDS), random.choice(WORDS), random.choice(BLANKS)
    return f"{before}{blank}{marker}{random.choice(['', blank, 'system', 'assistant'])}{after}"


def _halves(random: Random, marker: str) -> str:
    """A marker's end at the beginning and its beginning at the end, as the template's text could make it whole."""
    at = random.randint(1, len(marker) - 1)
    head, tail = marker[:at], marker[at:]
    word, blank = random.choice(WORDS), random.choice(BLANKS)
    return random.choice(
        [f"{tail}{word}{head}", f"{word}{head}", f"{tail}{word}", head, tail, f"{blank}{tail}{head}{blank}"]
    )


def _nested(random: Random, marker: str) -> str:
    at = random.randint(1, len(marker) - 1)
    inner = random.choice([marker, random.choice(KNOWN), f"{marker}{marker}"])
    return f"{marker[:at]}{inner}{marker[at:]}"


def _broken(random: Random, marker: str) -> str:
    at = random.randint(0, len(marker))
    odd = "".join(random.choice(ODD) for _ in range(random.randint(1, 3)))
    return random.choice(
        [f"{marker[:at]}{odd}{marker[at:]}", f"{odd}{marker}", f"{marker}{odd}", f"{odd}{marker}{odd}", odd]
    )


def _repeated(random: Random, marker: str) -> str:
    joint = random.choice(BLANKS)
    return joint.join([marker] * random.randint(2, 5))


def _recoded(random: Random, marker: str) -> str:
    wide = "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in marker)
    entities = marker.replace("<", "&lt;").replace(">", "&gt;")
    escapes = "".join(f"\\u{ord(letter):04x}" for letter in marker if ord(letter) < 0x10000)
    percent = "".join(f"%{byte:02X}" for byte in marker.encode())
    spelled = " ".join(marker)
    return random.choice(
        [wide, entities, escapes, percent, spelled, marker.upper(), marker[::-1], repr(marker)]
    )


def clean_texts(random: Random, count: int) -> Iterator[str]:
    """Ordinary texts: words of many scripts, numbers, punctuation, code, blanks and empty lines."""
    for _ in range(count):
        words = [random.choice(CLEAN_WORDS) for _ in range(random.randint(0, 30))]
        text = "".join(word + random.choice(JOINTS) for word in words)
        yield random.choice(["", "", "", " ", "\n"]) + text


class Chat:
    """The conversations of one model: a system message, then a value from a user.

    Args:
        vocabulary: The model's tokens, with its chat template.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._tokenizer = MessageTokenizer(vocabulary)
        self._template = ChatTemplate(vocabulary)
        self._markers = frozenset(vocabulary.markers.values())
        self._control = self._steering(self.tokens("hello"))

    def tokens(self, value: str) -> list[int]:
        """The tokens of the conversation."""
        return self._tokenizer.tokens(
            [Message(role="system", content="Be kind."), Message(role="user", content=value)]
        )

    def prompt(self, value: str) -> str:
        """The conversation as one text, by the model's template."""
        return self._template.render([Turn("system", "Be kind."), Turn("user", value)])

    def whole(self, value: str) -> list[int]:
        """The tokens of that text read in one go, as llama.cpp reads it: markers are found anywhere."""
        tokens = self.vocabulary.tokenize_whole(self.prompt(value))
        bos = [self.vocabulary.bos] if self.vocabulary.adds_bos else []
        return tokens if tokens[:1] == bos else [*bos, *tokens]

    def fault(self, value: str) -> str | None:
        """What a hostile value broke: it became a marker, or was lost; None when nothing did."""
        tokens = self.tokens(value)
        if self._steering(tokens) != self._control:
            return "became a marker"
        # SentencePiece writes blanks as U+2581, so that its vocabularies cannot tell the two apart.
        text, kept = (it.replace("\u2581", " ") for it in (self._text(tokens), value))
        return None if kept.strip() in text else "lost"

    def would_break(self, value: str) -> bool:
        """True when reading the whole text in one go would make a marker of the value."""
        return self._steering(self.whole(value)) != self._control

    def differs(self, value: str) -> bool:
        """True when a clean value gets other tokens than the whole text read in one go."""
        return self.tokens(value) != self.whole(value)

    def _steering(self, tokens: Sequence[int]) -> list[int]:
        return [token for token in tokens if token in self._markers]

    def _text(self, tokens: Sequence[int]) -> str:
        vocabulary = self.vocabulary
        pieces = [
            vocabulary.text(token).encode() if token in vocabulary.control else vocabulary.pieces[token]
            for token in tokens
        ]
        return b"".join(pieces).decode(errors="replace")
