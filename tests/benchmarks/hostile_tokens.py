"""No value becomes a control token, and clean text keeps its tokens, on the vocabularies of real model families.

    python tests/benchmarks/hostile_tokens.py [--count 1000] [--inputs hostile_inputs.jsonl] [--cache FOLDER]

The vocabularies are the GGUF files without weights that llama-cpp-python's source distribution carries (models/
ggml-vocab-*.gguf of llama.cpp, MIT); it is fetched from the package index by pip once and kept in the cache folder.
For each family: hostile values are made against its own markers (their texts, halves of them at the edges of content,
nested and repeated ones, odd characters inside and around, whole fake prompts), and so are ordinary texts. A value is
a user's message behind a system message, rendered by the family's chat template.

- Of a hostile value the control tokens must be those of the template with "hello" in its place, and the value's text
  must be found again in the text of the tokens.
- A clean text must get the tokens that reading the whole rendered prompt in one go gives.

`--inputs` adds values from a file of JSON objects with `text`, one a line. The exit status is 1 when a value broke.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from promptkit.backends.llama.bindings import llama
from promptkit.backends.llama.vocabulary import Vocabulary

sys.path.insert(0, str(Path(__file__).parents[1] / "backends" / "llama"))

from hostile_values import Chat, clean_texts, hostile_values

# As Llama 2 and Mistral's first models were trained; their vocabulary file carries no template.
LLAMA_2 = (
    "{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% if message.role == 'user' %}{{ bos_token + '[INST] ' + message.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + message.content + eos_token }}{% endif %}{% endfor %}"
)
# The file of each vocabulary, and its template where it carries none: a file of the same distribution, or the text.
FAMILIES = {
    "ChatML (Qwen 2)": ("qwen2", ""),
    "Qwen 3.5": ("qwen35", "Qwen3.5-4B.jinja"),
    "Llama 3": ("llama-bpe", "meta-llama-Llama-3.1-8B-Instruct.jinja"),
    "Gemma 4": ("gemma-4", "google-gemma-4-31B-it.jinja"),
    "Phi 3": ("phi-3", ""),
    "Llama 2, Mistral (SentencePiece)": ("llama-spm", LLAMA_2),
    "Command R": ("command-r", ""),
}


def fetched(cache: Path) -> Path:
    """The folder with the files of llama.cpp's `models` folder, fetched unless it is there."""
    name = f"llama-cpp-python=={version('llama-cpp-python')}"
    folder = cache / name.replace("==", "-")
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "llama-cpp-python"]
    subprocess.run([*pip, name, "--dest", str(cache)], check=True)
    (archive,) = cache.glob("llama_cpp_python-*.tar.gz")
    partial = folder.with_suffix(".partial")
    with tarfile.open(archive) as source:
        for member in source:
            wanted = member.name.endswith(".jinja") or "/models/ggml-vocab-" in member.name
            data = source.extractfile(member) if wanted and member.isfile() else None
            if data is not None:
                target = partial / Path(member.name).name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(data.read())
    archive.unlink()
    partial.rename(folder)
    return folder


def vocabulary(folder: Path, name: str, template: str) -> Vocabulary:
    """The vocabulary of one file; the process keeps it."""
    module = llama()
    options = module.llama_model_default_params()
    options.vocab_only = True
    model = module.llama_model_load_from_file(str(folder / f"ggml-vocab-{name}.gguf").encode(), options)
    if not model:
        raise SystemExit(f"{name}: llama.cpp does not load the file; remove {folder} and run again")
    own: bytes | None = module.llama_model_chat_template(model, None)
    if template.endswith(".jinja"):
        template = (folder / template).read_text(encoding="utf-8")
    text = template or (own or b"").decode()
    return Vocabulary(module.llama_model_get_vocab(model), text or None)


def main() -> None:
    """Print the figures of each family."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--count", type=int, default=1000, help="hostile values, and clean texts, of each family"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=Path, help="JSON objects with `text`, one a line")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "promptkit-benchmarks")
    given = parser.parse_args()
    folder = fetched(given.cache)
    lines = given.inputs.read_text(encoding="utf-8").splitlines() if given.inputs else []
    more: list[Any] = [json.loads(line)["text"] for line in lines if line.strip()]
    faults = 0
    for family, (name, template) in FAMILIES.items():
        chat = Chat(vocabulary(folder, name, template))
        random = Random(given.seed)
        markers = list(chat.vocabulary.markers)
        values = [*more, *hostile_values(random, given.count, markers, chat.prompt)]
        broken = [(fault, value) for value in values if (fault := chat.fault(value))]
        attacks = sum(map(chat.would_break, values))
        texts = [text for text in clean_texts(random, given.count) if not any(it in text for it in markers)]
        different = [text for text in texts if chat.differs(text)]
        print(
            f"{family}: {len(values)} hostile values, {len(broken)} broke ({attacks} would, read in one go); "
            f"{len(texts)} clean texts, {len(different)} with other tokens"
        )
        for line in [*broken, *(("other tokens", text) for text in different)][:10]:
            print(f"  {line[0]}: {line[1]!r}")
        faults += len(broken) + len(different)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
