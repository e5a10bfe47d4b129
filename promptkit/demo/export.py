"""The demo model as a GGUF file for llama.cpp, and back for further training."""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from network import Network, Shape
from tokenizers import Tokenizer
from tokens import CHAT_TEMPLATE, CONTROL, PRE_TOKENIZER, Vocabulary, train_vocabulary

__all__ = ["read_network", "read_vocabulary", "write_gguf"]

NAMES = {
    "attention_norm": "attn_norm",
    "feed_norm": "ffn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "output": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}
TYPES = {
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


def write_gguf(path: Path, network: Network, vocabulary: Vocabulary, kind: str) -> None:
    """Write weights and vocabulary; kind is "f16" or "q8_0". The file appears whole or not at all."""
    matrix_type, file_type = TYPES[kind]
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, "llama")
    describe(writer, network, file_type)
    add_vocabulary(writer, vocabulary)
    for name, tensor in network.state_dict().items():
        values = tensor.detach().float().cpu().numpy()
        if values.ndim == 1:
            # llama.cpp wants norms in float32.
            writer.add_tensor(gguf_name(name), values)
        elif kind == "f16":
            writer.add_tensor(gguf_name(name), values.astype(np.float16))
        else:
            writer.add_tensor(
                gguf_name(name), gguf.quants.quantize(values, matrix_type), raw_dtype=matrix_type
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def gguf_name(name: str) -> str:
    """Return llama.cpp's name of a tensor; without output.weight the embeddings are used."""
    if name == "embedding.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, number, part, _ = name.split(".")
    return f"blk.{number}.{NAMES[part]}.weight"


def describe(writer: gguf.GGUFWriter, network: Network, file_type: gguf.LlamaFileType) -> None:
    """Add name, licence and sizes."""
    shape = network.shape
    writer.add_name("promptkit demo triage")
    writer.add_description("Sorts messages to an online shop; see README.md beside it")
    writer.add_license("mit")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_vocab_size(shape.vocabulary)


def add_vocabulary(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    """Add tokens, merges, control tokens and the chat template."""
    model = json.loads(vocabulary.to_json())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get) + list(CONTROL)
    kinds = [gguf.TokenType.NORMAL] * vocabulary.learnt + [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    writer.add_eos_token_id(vocabulary.end)
    writer.add_eot_token_id(vocabulary.end)
    writer.add_pad_token_id(vocabulary.pad)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def read_vocabulary(path: Path) -> Vocabulary:
    """Rebuild the vocabulary from a GGUF that `write_gguf` wrote."""
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()[: -len(CONTROL)]
    # A vocabulary without merges has the right cutting of words; tokens and merges are put in.
    state = json.loads(train_vocabulary([], len(CONTROL)).to_json())
    state["model"]["vocab"] = {token: number for number, token in enumerate(tokens)}
    state["model"]["merges"] = [merge.split(" ") for merge in fields["tokenizer.ggml.merges"].contents()]
    return Vocabulary(Tokenizer.from_str(json.dumps(state)))


def read_network(path: Path) -> Network:
    """Rebuild the network from a GGUF that `write_gguf` wrote, with what rounding left."""
    reader = gguf.GGUFReader(path)
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def size(key: str) -> int:
        return int(reader.fields[f"llama.{key}"].contents())

    shape = Shape(
        vocabulary=int(tensors["token_embd.weight"].shape[1]),
        width=size("embedding_length"),
        layers=size("block_count"),
        heads=size("attention.head_count"),
        feed_forward=size("feed_forward_length"),
    )
    network = Network(shape)
    state = {}
    for name in network.state_dict():
        tensor = tensors[gguf_name(name)]
        state[name] = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy())
    network.load_state_dict(state)
    return network
