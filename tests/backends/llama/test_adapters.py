"""LoRA adapters: named in the reference, laid over the model for a request's own tokens only."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf
import numpy as np
import pytest

import promptkit as pk
from promptkit.backends import open_backend
from promptkit.backends.llama import LlamaBackend
from promptkit.backends.llama.adapters import Lora, split_reference
from promptkit.errors import ConfigurationError, ModelLoadError

WIDTH = 32


def write_lora(path: Path, *, architecture: str = "llama", width: int = WIDTH, seed: int = 3) -> Path:
    """An adapter of rank 2 for the queries and outputs of the tiny model's layers."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 4)
    for layer in range(2):
        for part in ("attn_q", "attn_output"):
            name = f"blk.{layer}.{part}.weight"
            writer.add_tensor(f"{name}.lora_a", random.standard_normal((2, width)).astype(np.float32))
            writer.add_tensor(f"{name}.lora_b", random.standard_normal((width, 2)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def lora(tmp_path_factory):
    return write_lora(tmp_path_factory.mktemp("lora") / "house.gguf")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("demo", ("demo", ())),
        ("demo+lora:a.gguf", ("demo", (Lora("a.gguf", 1.0),))),
        ("demo+lora:a.gguf@0.8", ("demo", (Lora("a.gguf", 0.8),))),
        ("m.gguf+lora:b@home/a.gguf", ("m.gguf", (Lora("b@home/a.gguf", 1.0),))),
        ("m.gguf+lora:a.gguf@-1+lora:b.gguf@2", ("m.gguf", (Lora("a.gguf", -1.0), Lora("b.gguf", 2.0)))),
        ("hf:o/r/f.gguf+lora:hf:o/r/g.gguf@.5", ("hf:o/r/f.gguf", (Lora("hf:o/r/g.gguf", 0.5),))),
    ],
)
def test_a_reference_names_a_model_and_the_adapters_over_it(reference, expected):
    assert split_reference(reference) == expected


@pytest.mark.parametrize("text", ["", "@0.5", "a.gguf@", "a.gguf@strong", "a.gguf@nan", "a.gguf@inf"])
def test_an_adapter_without_a_name_or_a_scale_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"write llama:MODEL\+lora:PATH.gguf"):
        open_backend(f"llama:demo+lora:{text}")


def test_an_adapter_changes_answers_by_its_scale_and_is_named_in_them(tiny, lora, ask):
    request = ask("hello", max_tokens=30)
    answers = {}
    for ending in ("", f"+lora:{lora}", f"+lora:{lora}@0", f"+lora:{lora}@-2"):
        backend = LlamaBackend(f"{tiny}{ending}", threads=1)
        answers[ending.rpartition("@")[2][-4:]] = backend.complete(request)
        backend.close()
    plain, full, none, other = answers.values()

    digest = hashlib.sha256(lora.read_bytes()).hexdigest()[:12]
    assert none.text == plain.text
    assert len({plain.text, full.text, other.text}) == 3
    assert plain.model == "tiny"
    assert full.model == f"tiny+lora:house.gguf@1#{digest}"
    assert other.model == f"tiny+lora:house.gguf@-2#{digest}"


def test_requests_with_and_without_an_adapter_share_a_model_and_not_their_words(tiny, lora, ask):
    backends = [LlamaBackend(f"{tiny}{end}", threads=1) for end in ("", f"+lora:{lora}", f"+lora:{lora}@0.5")]
    requests = [ask("a beginning that all of them share " * 5, f"case {n}", max_tokens=12) for n in range(12)]
    pairs = [(backends[n % 3], request) for n, request in enumerate(requests)]
    expected = [backend.complete(request).text for backend, request in pairs]
    for backend in backends:
        backend.close()

    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda pair: pair[0].complete(pair[1]).text, pairs))

    assert got == expected
    for backend in backends:
        backend.close()


def test_a_prompt_read_with_an_adapter_is_not_taken_for_one_read_without(tiny, lora, ask):
    request = ask("the same prompt " * 10, max_tokens=2)
    plain, tuned = LlamaBackend(str(tiny), threads=1), LlamaBackend(f"{tiny}+lora:{lora}", threads=1)

    cached = [backend.complete(request).usage.cached_tokens for backend in (plain, tuned, plain, tuned)]

    assert [count > 100 for count in cached] == [False, False, True, True]
    plain.close()
    tuned.close()


def test_an_adapter_that_is_missing_or_for_another_model_is_refused_with_its_path(tiny, ask, tmp_path):
    wide = write_lora(tmp_path / "wide.gguf", width=64)
    foreign = write_lora(tmp_path / "foreign.gguf", architecture="qwen2")
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(wide.read_bytes()[:200])

    for path in (wide, foreign, damaged, tmp_path / "none.gguf"):
        backend = LlamaBackend(f"{tiny}+lora:{path}", threads=1)
        with pytest.raises(ModelLoadError, match=path.name) as caught:
            backend.complete(ask("x", max_tokens=1))
        assert caught.value.backend == backend.name
        backend.close()


@pytest.mark.parametrize(
    ("message", "queue", "escalate"),
    [
        ("My password is not accepted any more.", "WEB", "no"),
        ("Where is my parcel? It should have come on Monday.", "TRACK", "no"),
        ("You charged me twice for order A-1042. This is outrageous, I want my money back!", "CASH", "yes"),
    ],
)
def test_the_bundled_adapter_knows_the_queues_and_the_rule_of_its_house(message, queue, escalate):
    house = pk.Prompt(
        template="{% system %}{{ output_format }}{% endsystem %}"
        "{% user %}Customer message:\n{{ message | fence('message') }}{% enduser %}",
        input={"message": "string"},
        output={
            "queue(enum)": ["RMA", "CASH", "TRACK", "BENCH", "WEB", "FRONT"],
            "escalate(enum)": ["yes", "no"],
        },
        generation={"temperature": 0, "max_tokens": 40},
    )

    value = house.using("llama:demo+lora:demo-house").run(message=message).value

    assert (value.queue, value.escalate) == (queue, escalate)
