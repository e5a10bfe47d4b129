"""The byte-level BPE vocabulary of the demo model and the token form of a chat.

Words are cut as llama.cpp cuts them for the pre-tokenizer "qwen2", in which
every digit is a token of its own, so that order numbers can be copied.
"""

from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

__all__ = ["CHAT_TEMPLATE", "CONTROL", "PRE_TOKENIZER", "Vocabulary", "train_vocabulary"]

PRE_TOKENIZER = "qwen2"
# As in llama-vocab.cpp (llama.cpp as of llama-cpp-python 0.3.36), LLAMA_VOCAB_PRE_TYPE_QWEN2.
PATTERN = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Control tokens follow the learnt ones: padding, start and end of a message.
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


class Vocabulary:
    """Tokens of text and of chats.

    Control tokens come from the chat form only, never from text.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.learnt = tokenizer.get_vocab_size()
        self.pad, self.start, self.end = range(self.learnt, self.learnt + len(CONTROL))
        self.size = self.learnt + len(CONTROL)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of plain text."""
        return self.tokenizer.encode(text).ids

    def message(self, role: str, content: str) -> list[int]:
        """Return the tokens of one whole chat message."""
        return [self.start, *self.encode(f"{role}\n{content}"), self.end, *self.encode("\n")]

    def chat(self, messages: Iterable[tuple[str, str]]) -> list[int]:
        """Return the tokens of (role, content) pairs."""
        return [token for role, content in messages for token in self.message(role, content)]

    def answer_start(self) -> list[int]:
        """Return the tokens that the chat template puts before an answer."""
        return [self.start, *self.encode("assistant\n")]

    def to_json(self) -> str:
        """Return the vocabulary as a string that `from_json` reads."""
        return self.tokenizer.to_str()

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Read what `to_json` wrote."""
        return cls(Tokenizer.from_str(text))


def train_vocabulary(texts: Sequence[str], size: int) -> Vocabulary:
    """Learn merges from texts; size counts all tokens, control tokens included."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(CONTROL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return Vocabulary(tokenizer)
