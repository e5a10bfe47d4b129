"""Tiny models of random weights, written as GGUF files, so that no test needs a trained model."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer

from promptkit.backends.llama import LlamaBackend
from promptkit.messages import Message
from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
from promptkit.schemas import OutputSchema

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTROL = int(gguf.TokenType.CONTROL)
NORMAL = int(gguf.TokenType.NORMAL)
CHATML_MARKERS = dict.fromkeys(("<|endoftext|>", "<|im_start|>", "<|im_end|>"), CONTROL)
MERGES = ["t h", "th e", "i n", "a n", "o n", "e r", "r e", "Ġ t", "Ġ a", "1 2", '" :', '{ "', '" ,', "Ċ Ċ"]
WIDTH, HEADS, LAYERS, INNER = 32, 2, 2, 64

Ask = Callable[..., Request]
WriteModel = Callable[..., Path]
Takes = Callable[[str, str], bool]


def byte_alphabet() -> list[str]:
    """The 256 characters by which byte-level BPE spells bytes, in the order of the bytes (from GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = itertools.count(256)
    return [chr(byte) if byte in printable else chr(next(spare)) for byte in range(256)]


def write_gguf(
    path: Path,
    *,
    template: str | None = CHATML,
    markers: dict[str, int] | None = None,
    kind: Literal["bpe", "spm"] = "bpe",
    add_bos: bool = False,
    context: int = 2048,
    architecture: str = "llama",
    weights: float = 1.0,
    name: str = "tiny",
) -> Path:
    """A llama of two layers and random weights; of the markers the first is BOS, the last EOS."""
    markers = CHATML_MARKERS if markers is None else markers
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(name)
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    words = (
        _add_bytes_vocabulary(writer, markers) if kind == "bpe" else _add_pieces_vocabulary(writer, markers)
    )
    writer.add_bos_token_id(words.index(next(iter(markers))))
    writer.add_eos_token_id(words.index(list(markers)[-1]))
    writer.add_add_bos_token(add_bos)
    if template is not None:
        writer.add_chat_template(template)
    _add_weights(writer, len(words), weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_bytes_vocabulary(writer: gguf.GGUFWriter, markers: dict[str, int]) -> list[str]:
    words = [*byte_alphabet(), *(merge.replace(" ", "") for merge in MERGES)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*words, *markers])
    writer.add_token_types([NORMAL] * len(words) + list(markers.values()))
    writer.add_token_merges(MERGES)
    return [*words, *markers]


def _add_pieces_vocabulary(writer: gguf.GGUFWriter, markers: dict[str, int]) -> list[str]:
    """SentencePiece: blanks are written as U+2581, and one is put before every text."""
    spelled = ["▁", *(chr(code) for code in range(33, 127)), "▁a", "▁the", "th", "he", "the"]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    words = ["<unk>", *raw, *spelled, *markers]
    kinds = [int(gguf.TokenType.UNKNOWN), *[int(gguf.TokenType.BYTE)] * 256, *[NORMAL] * len(spelled)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(words)
    writer.add_token_scores([0.0] * 257 + [float(len(word)) for word in spelled] + [0.0] * len(markers))
    writer.add_token_types([*kinds, *markers.values()])
    writer.add_unk_token_id(0)
    return words


def _add_weights(writer: gguf.GGUFWriter, n_vocab: int, scale: float) -> None:
    random = np.random.default_rng(7)

    def matrix(rows: int, columns: int, size: float = 1.5) -> Any:
        values = random.standard_normal((rows, columns)) / np.sqrt(columns) * size * scale
        return values.astype(np.float32)

    writer.add_tensor("token_embd.weight", matrix(n_vocab, WIDTH, 6))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    writer.add_tensor("output.weight", matrix(n_vocab, WIDTH, 4))
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", matrix(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", matrix(INNER, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", matrix(INNER, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", matrix(WIDTH, INNER))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(WIDTH, dtype=np.float32))


@pytest.fixture(scope="session")
def write_model(tmp_path_factory: pytest.TempPathFactory) -> WriteModel:
    """Writes a tiny model and gives its path; the options are those of ``write_gguf``."""
    folder = tmp_path_factory.mktemp("models")
    numbers = itertools.count()
    return lambda **options: write_gguf(folder / f"tiny-{next(numbers)}.gguf", **options)


@pytest.fixture(scope="session")
def tiny(write_model: WriteModel) -> Path:
    """A byte-level model with the ChatML template."""
    return write_model()


@pytest.fixture
def backend(tiny: Path) -> Iterator[LlamaBackend]:
    """A backend on the tiny model."""
    made = LlamaBackend(str(tiny), threads=1)
    yield made
    made.close()


def make_request(
    *contents: str | Message, schema: Any = None, constraints: Any = (), **generation: Any
) -> Request:
    """A request of user messages; ``schema`` is a JSON Schema, none for plain text."""
    messages = tuple(
        content if isinstance(content, Message) else Message(role="user", content=content)
        for content in contents
    )
    output = OutputSchema.text() if schema is None else OutputSchema.from_json_schema(schema, "answer")
    return Request(
        messages=messages,
        output=OutputSpec(schema=output, constraints=constraints),
        generation=GenerationConfig(**generation),
        prompt=PromptRef(name="test"),
    )


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Makes requests; see ``make_request``."""
    return make_request


@pytest.fixture(scope="session")
def takes() -> Takes:
    """Says of a grammar and a text, without a model, whether the text may be written and end there."""
    tokenizer: Any = LLTokenizer("byte")
    made: dict[str, Any] = {}

    def answer(grammar: str, text: str) -> bool:
        if grammar not in made:
            made[grammar] = LLMatcher(tokenizer, grammar, log_level=0)
            assert not made[grammar].is_error(), made[grammar].get_error()
        matcher = made[grammar].deep_copy()
        tokens = list(text.encode())
        return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())

    return answer
