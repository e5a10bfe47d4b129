"""Writes a model of random weights in the shape of Qwen2.5-0.5B, so that speed can be measured without a download.

    pip download --no-deps --no-binary llama-cpp-python --dest build llama-cpp-python==0.3.36
    python tests/benchmarks/random_model.py build/llama_cpp_python-0.3.36.tar.gz --out build/random.gguf

Speed does not depend on the weights. The vocabulary is Qwen2's own 151,936 tokens: it lies as a GGUF file without
weights in the source distribution of llama-cpp-python (MIT), given here as the archive or as that file unpacked.
Weights are Q8_0, 530 MB in all; a file that is already there is left as it is. Needs gguf and numpy, which the
development environment holds.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np

# config.json of Qwen/Qwen2.5-0.5B-Instruct; its output matrix is the token embedding.
LAYERS, WIDTH, HEADS, KEY_HEADS, INNER, CONTEXT = 24, 896, 14, 2, 4864, 32_768
ROPE_BASE, NORM_EPSILON = 1e6, 1e-6
SPREAD = 0.02  # standard deviation that such models are initialised with
VOCABULARY = "ggml-vocab-qwen2.gguf"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def unpacked(source: Path, folder: Path) -> Path:
    """The file that holds the vocabulary, taken from the archive if ``source`` is one."""
    if source.suffix == ".gguf":
        return source
    with tarfile.open(source) as archive:
        member = next((it for it in archive if Path(it.name).name == VOCABULARY), None)
        if member is None:
            raise SystemExit(f"{source} holds no {VOCABULARY}; give llama-cpp-python's source distribution")
        member.name = VOCABULARY
        archive.extract(member, folder, filter="data")
    return folder / VOCABULARY


def add_vocabulary(writer: gguf.GGUFWriter, source: Path) -> int:
    """Copy the tokens and merges; how many tokens there are."""
    fields = gguf.GGUFReader(source).fields
    words: list[str] = fields["tokenizer.ggml.tokens"].contents()
    kinds: list[int] = fields["tokenizer.ggml.token_type"].contents()
    unused = int(gguf.TokenType.UNUSED)  # as today's converter marks what only fills the matrix up
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(words)
    writer.add_token_types(
        [unused if word.startswith("[PAD") else kind for word, kind in zip(words, kinds, strict=True)]
    )
    writer.add_token_merges(fields["tokenizer.ggml.merges"].contents())
    writer.add_bos_token_id(words.index("<|endoftext|>"))
    writer.add_pad_token_id(words.index("<|endoftext|>"))
    writer.add_eos_token_id(words.index("<|im_end|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    return len(words)


def add_shape(writer: gguf.GGUFWriter) -> None:
    """What llama.cpp must know of the layers."""
    writer.add_name("random in the shape of Qwen2.5-0.5B")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_Q8_0))


def shapes(tokens: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor's name and shape, rows first; one dimension is a norm or a bias."""
    keys = WIDTH // HEADS * KEY_HEADS
    yield "token_embd.weight", (tokens, WIDTH)
    yield "output_norm.weight", (WIDTH,)
    for layer in range(LAYERS):
        at = f"blk.{layer}."
        yield at + "attn_norm.weight", (WIDTH,)
        yield at + "ffn_norm.weight", (WIDTH,)
        for name, rows in (("attn_q", WIDTH), ("attn_k", keys), ("attn_v", keys)):
            yield f"{at}{name}.weight", (rows, WIDTH)
            yield f"{at}{name}.bias", (rows,)
        yield at + "attn_output.weight", (WIDTH, WIDTH)
        yield at + "ffn_gate.weight", (INNER, WIDTH)
        yield at + "ffn_up.weight", (INNER, WIDTH)
        yield at + "ffn_down.weight", (WIDTH, INNER)


def add_weights(writer: gguf.GGUFWriter, tokens: int) -> None:
    """Normals for matrices and biases, ones for norms."""
    random = np.random.default_rng(7)
    for name, shape in shapes(tokens):
        values: Any = random.standard_normal(shape, dtype=np.float32) * np.float32(SPREAD)
        if len(shape) > 1:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, np.ones(shape, np.float32) if "norm" in name else values)


def main() -> None:
    """Write the model, unless it is there."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path, help="source distribution of llama-cpp-python, or " + VOCABULARY)
    parser.add_argument("--out", type=Path, required=True, help="where the model goes")
    options = parser.parse_args()
    if options.out.exists():
        print(f"{options.out} is there already")
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # Half a file under the final name would be taken for the model by the next run.
    unfinished = options.out.with_suffix(".part")
    writer = gguf.GGUFWriter(unfinished, "qwen2")
    with tempfile.TemporaryDirectory() as folder:
        add_shape(writer)
        tokens = add_vocabulary(writer, unpacked(options.source, Path(folder)))
    add_weights(writer, tokens)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.0f} MB, {tokens} tokens")


if __name__ == "__main__":
    main()
