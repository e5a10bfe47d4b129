"""Accuracy of the GGUF per field, read by llama.cpp, greedy and without a grammar.

python promptkit/demo/evaluate.py
"""

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import llama_cpp
import numpy as np
from export import read_vocabulary
from generator import Generator
from prefixes import PLACEHOLDER, Prefix, shipped_prefix

__all__ = ["main"]

HERE = Path(__file__).parent
FIELDS = ("category", "sentiment", "urgency", "order_id")
MAX_ANSWER_TOKENS = 64
HOLDOUT_SEED = 20_251_121
ODD_TEXTS = [
    *("", " ", "\n", "a\n\n\nb", "  two  spaces ", "\ttabs\t\t", "x\r\ny", "end \n ", "\u200bzero width"),
    *("1234567", "A-1042,#88231;ORD-55012", '{"a": [1, 2.5e-3]}', "~~~ message\n~~~~", "½ Ⅷ ٣٤"),
    *("don't DON'T I'll we'RE", "'s 's", "naïve café Ayşe", "e\u0301 combining", "…—“quotes”"),
    *("日本語のテキスト", "🙂👍🏽 ok", "<|im_end|> <|im_start|>user"),
]
Case = tuple[str, dict[str, str | None]]


class Reader:
    """The model in llama.cpp with the prompt's prefix kept between messages."""

    def __init__(self, path: Path, prefix: Prefix) -> None:
        self.model = llama_cpp.Llama(str(path), n_ctx=2048, n_threads=1, n_threads_batch=1, verbose=False)
        self.form = prefix.user_form
        self.start, self.end = (
            self.model.tokenize(t, False, True)[0] for t in (b"<|im_start|>", b"<|im_end|>")
        )
        self.prefix = [token for role, content in prefix.messages for token in self.message(role, content)]

    def encode(self, text: str) -> list[int]:
        """Tokenize plain text; control tokens in it stay text."""
        return self.model.tokenize(text.encode(), add_bos=False, special=False)

    def message(self, role: str, content: str) -> list[int]:
        """Return the tokens of one whole chat message."""
        return [self.start, *self.encode(f"{role}\n{content}"), self.end, *self.encode("\n")]

    def answer(self, text: str) -> str:
        """Return what the model writes for a customer message."""
        model, kept = self.model, len(self.prefix)
        if model.n_tokens < kept:
            model.reset()
            model.eval(self.prefix)
        # Llama.eval drops what lies behind n_tokens, so that the prefix is read once.
        model.n_tokens = kept
        pending = self.message("user", self.form.replace(PLACEHOLDER, text))
        pending += [self.start, *self.encode("assistant\n")]
        written: list[int] = []
        for _ in range(MAX_ANSWER_TOKENS):
            model.eval(pending)
            scores = llama_cpp.llama_get_logits_ith(model.ctx, -1)
            best = int(np.ctypeslib.as_array(scores, shape=(model.n_vocab(),)).argmax())
            if best == self.end:
                return model.detokenize(written).decode("utf-8", "replace")
            pending = [best]
            written.append(best)
        return model.detokenize(written).decode("utf-8", "replace")


def read_answer(text: str) -> dict[str, str | None]:
    """Parse an answer; one of another form counts as wrong in every field."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) and tuple(value) == FIELDS else {}


def hand_written() -> list[Case]:
    """Return the messages that were written by hand before the generator."""
    lines = (HERE / "messages.jsonl").read_text("utf-8").splitlines()
    return [(row["message"], row["answer"]) for row in map(json.loads, lines)]


def generated(split: str, count: int) -> list[Case]:
    """Return fresh messages of a seed that training does not use."""
    generator = Generator(HOLDOUT_SEED, split)
    messages = (generator.message() for _ in range(count))
    return [(m.text, json.loads(m.answer())) for m in messages]


def report(name: str, reader: Reader, cases: Sequence[Case], show: bool) -> None:
    """Print the share of right values per field, and the misses if wanted."""
    started = time.perf_counter()
    right = dict.fromkeys((*FIELDS, "all"), 0)
    formed = copied = with_order = 0
    for text, wanted in cases:
        written = reader.answer(text)
        got = read_answer(written)
        formed += bool(got)
        hits = {field: field in got and got[field] == wanted[field] for field in FIELDS}
        hits["all"] = all(hits.values())
        for field, hit in hits.items():
            right[field] += hit
        if wanted["order_id"] is not None:
            with_order += 1
            copied += hits["order_id"]
        if show and not hits["all"]:
            print(f"  {text!r}\n    wanted {json.dumps(wanted, separators=(',', ':'))}\n    got    {written}")
    seconds = time.perf_counter() - started
    shares = "  ".join(f"{field} {count / len(cases):.1%}" for field, count in right.items())
    print(
        f"{name}: {len(cases)} messages  {shares}  well-formed {formed / len(cases):.1%}"
        f"  ids copied {copied}/{with_order}  {seconds / len(cases) * 1e3:.0f} ms each",
        flush=True,
    )


def compare_tokens(reader: Reader, path: Path, texts: Iterable[str]) -> None:
    """Print how many texts llama.cpp cuts just as the training did."""
    vocabulary = read_vocabulary(path)
    pairs = [(reader.encode(text), vocabulary.encode(text)) for text in texts]
    equal = sum(a == b for a, b in pairs)
    print(f"tokens: {equal} of {len(pairs)} texts equal, {sum(len(a) for a, _ in pairs)} tokens")


def token_texts(prefix: Prefix) -> list[str]:
    """Return texts of every kind that the model may meet, odd ones included."""
    odd = "\n\n".join(["", "a", *ODD_TEXTS])
    generator = Generator(HOLDOUT_SEED + 1, "all")
    drawn = [generator.message() for _ in range(500)]
    return [
        odd,
        *ODD_TEXTS,
        *(content for _, content in prefix.messages),
        *(prefix.user_form.replace(PLACEHOLDER, m.text) for m in drawn),
        *(m.answer() for m in drawn),
    ]


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE / "demo.gguf")
    parser.add_argument("--prompt", type=Path, default=HERE / "prompt.json")
    parser.add_argument("--count", type=int, default=500, help="generated messages per split")
    parser.add_argument("--bare", action="store_true", help="give the message alone, without the prompt")
    parser.add_argument("--show", action="store_true", help="print the generated messages that were missed")
    options = parser.parse_args()
    prefix = Prefix(messages=(), user_form=PLACEHOLDER) if options.bare else shipped_prefix(options.prompt)
    reader = Reader(options.model, prefix)
    compare_tokens(reader, options.model, token_texts(prefix))
    report("generated, seen phrasings", reader, generated("train", options.count), options.show)
    report("generated, unseen phrasings", reader, generated("holdout", options.count), options.show)
    report("hand-written", reader, hand_written(), show=False)


if __name__ == "__main__":
    main()
