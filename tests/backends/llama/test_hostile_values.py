"""A thousand generated values against each form of prompt; the vocabularies of real models: tests/benchmarks."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import gguf
import pytest

from promptkit.backends.llama.models import LoadedModel, ModelKey

sys.path.insert(0, str(Path(__file__).parent))
from hostile_values import Chat, clean_texts, hostile_values

COUNT, CLEAN = 1000, 200
CONTROL, DEFINED = int(gguf.TokenType.CONTROL), int(gguf.TokenType.USER_DEFINED)
HEADERS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
TURNS = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}<|start_header_id|>assistant<|end_header_id|>\n\n"
)
# Markers that stand as plain vocabulary, one that begins as another one does, and no blank around content.
TIGHT = {
    "<s>": CONTROL,
    "<|im_end|>": CONTROL,
    "<|im_end|>x": CONTROL,
    "<think>": DEFINED,
    "</think>": DEFINED,
    "<|tool|>": DEFINED,
    "</s>": CONTROL,
}
TIGHT_TEMPLATE = "{% for m in messages %}<think>{{ m.role }}</think><{{ m.content }}><|im_end|>{% endfor %}<|tool|>\n<think>\n"
INST = {**dict.fromkeys(("<s>", "[INST]", "[/INST]", "</s>"), CONTROL)}
INST_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "[INST] {{ m.content }} [/INST]{% endfor %}"
)
PHI = dict.fromkeys(("<s>", "<|user|>", "<|system|>", "<|end|>", "<|endoftext|>", "</s>"), CONTROL)
PHI_TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}<|user|>\n"
FORMS = {
    "ChatML": {},
    "headers": {"markers": dict.fromkeys(HEADERS, CONTROL), "template": TURNS, "add_bos": True},
    "tight": {"markers": TIGHT, "template": TIGHT_TEMPLATE},
    "tight, SentencePiece": {"markers": TIGHT, "template": TIGHT_TEMPLATE, "kind": "spm", "add_bos": True},
    "INST, SentencePiece": {"markers": INST, "template": INST_TEMPLATE, "kind": "spm", "add_bos": True},
    "Phi 3, SentencePiece": {"markers": PHI, "template": PHI_TEMPLATE, "kind": "spm", "name": "Phi-3 tiny"},
}


@pytest.fixture(scope="module", params=FORMS)
def chat(request, write_model):
    model = LoadedModel(ModelKey(write_model(**FORMS[request.param]), None, 1), threads=1)
    yield Chat(model.vocabulary)
    model.free()


def test_no_hostile_value_becomes_a_marker_or_is_lost(chat):
    values = list(hostile_values(Random(4), COUNT, list(chat.vocabulary.markers), chat.prompt))

    assert [(fault, value) for value in values if (fault := chat.fault(value))] == []
    assert sum(map(chat.would_break, values[:100])) > 40  # the values are worth defending against


def test_ordinary_texts_get_the_tokens_of_the_whole_prompt(chat):
    markers = chat.vocabulary.markers
    texts = [text for text in clean_texts(Random(5), CLEAN) if not any(marker in text for marker in markers)]

    assert [text for text in texts if chat.differs(text)] == []
    assert len(texts) == CLEAN
