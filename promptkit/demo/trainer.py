"""Training of the demo model: vocabulary, batches, loop, checkpoints, curve.

python promptkit/demo/trainer.py --out promptkit/demo/demo.gguf --work /tmp/demo
"""

import argparse
import csv
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from export import read_network, read_vocabulary, write_gguf
from generator import Generator, Message
from network import Network, Shape
from prefixes import PLACEHOLDER, Prefix, draw_prefix, shipped_prefix
from tokens import Vocabulary, train_vocabulary
from torch import Tensor
from torch.nn import functional

__all__ = ["main"]

HERE = Path(__file__).parent
VOCABULARY_SIZE = 1536
VOCABULARY_TEXTS = 20_000
# Messages are drawn in groups and cut into batches by length, so that little padding is read.
GROUP = 8
CHECK_EVERY = 250
CHECK_SIZE = 192
# A little of the loss goes to the message itself, to learn its words sooner.
TEXT_SHARE, TEXT_WEIGHT = 0.25, 0.3
IGNORED = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that share a prefix.

    Attributes:
        prefix: Shared tokens, (prefix length,).
        rows: Tokens after the prefix, (batch, length), padded.
        answers: Where rows hold tokens of an answer, (batch, length).
        texts: Where rows hold a question that is worth learning too, (batch, length).
    """

    prefix: Tensor
    rows: Tensor
    answers: Tensor
    texts: Tensor


def learn_vocabulary(shipped: Prefix, seed: int) -> Vocabulary:
    """Train the vocabulary on messages, answers and the shipped prompt."""
    generator = Generator(seed)
    texts = [content for _, content in shipped.messages] * 200
    for _ in range(VOCABULARY_TEXTS):
        message = generator.message()
        texts += [shipped.user_form.replace(PLACEHOLDER, message.text), message.answer()]
    return train_vocabulary(texts, VOCABULARY_SIZE)


class Batches:
    """Draws batches from a seed; early ones have short prompts."""

    def __init__(self, vocabulary: Vocabulary, shipped: Prefix, seed: int, size: int) -> None:
        self.vocabulary = vocabulary
        self.shipped = shipped
        self.size = size
        self.rng = random.Random(seed)
        self.generator = Generator(seed + 1)

    def group(self, progress: float, exact: float) -> list[Batch]:
        """Return some batches for a share of the training that is done."""
        if self.rng.random() < max(0.03, 1 - 16 * progress, 0.25 - progress):
            return [self.repetitions() for _ in range(GROUP)]
        rows = sorted((self.generator.message() for _ in range(GROUP * self.size)), key=lambda m: len(m.text))
        groups = [rows[i : i + self.size] for i in range(0, len(rows), self.size)]
        self.rng.shuffle(groups)
        return [self.batch(group, self.prefix(progress, exact)) for group in groups]

    def prefix(self, progress: float, exact: float) -> Prefix:
        """Choose a prompt: bare ones first, since copying is learnt soonest in a short context."""
        draw = self.rng.random()
        bare = max(0.1, 0.9 - 1.4 * progress)
        if draw < bare:
            return Prefix(messages=(), user_form=self.shipped.user_form if draw < bare / 2 else PLACEHOLDER)
        if draw < bare + (1 - bare) * exact:
            return self.shipped
        return draw_prefix(self.rng, self.shipped, self.generator, 3)

    def batch(self, messages: list[Message], prefix: Prefix) -> Batch:
        """Encode messages behind a prompt."""
        vocabulary, rows = self.vocabulary, []
        for message in messages:
            question = vocabulary.message("user", prefix.user_form.replace(PLACEHOLDER, message.text))
            question += vocabulary.answer_start()
            rows.append((question, [*self.answer(message.answer()), vocabulary.end]))
        return self.pad(vocabulary.chat(prefix.messages), rows, learn_texts=True)

    def repetitions(self) -> Batch:
        """Return sequences without sense, of which a part comes again: practice in copying.

        Without it the order number was still not copied after 1300 steps.
        """
        rng, vocabulary, rows = self.rng, self.vocabulary, []
        digits = [vocabulary.encode(digit)[0] for digit in "0123456789"]
        for _ in range(self.size):
            digit_share = rng.choice([0, 0.5, 0.9])
            text = [
                rng.choice(digits) if rng.random() < digit_share else rng.randrange(vocabulary.learnt)
                for _ in range(rng.randint(12, 50))
            ]
            length = rng.randint(4, 12)
            start = rng.randint(0, len(text) - length)
            part = text[start : start + length]
            rows.append((text + part[:2], part[2:]))
        return self.pad([], rows, learn_texts=False)

    def pad(self, front: list[int], rows: list[tuple[list[int], list[int]]], *, learn_texts: bool) -> Batch:
        """Lay out (question, answer) rows as tensors."""
        length = max(len(question) + len(answer) for question, answer in rows)
        tokens = torch.full((len(rows), length), self.vocabulary.pad)
        answers = torch.zeros(len(rows), length, dtype=torch.bool)
        texts = torch.zeros(len(rows), length, dtype=torch.bool)
        for i, (question, answer) in enumerate(rows):
            end = len(question) + len(answer)
            tokens[i, :end] = torch.tensor(question + answer)
            answers[i, len(question) : end] = True
            texts[i, : len(question)] = learn_texts
        prefix = torch.tensor(front, dtype=torch.long)
        return Batch(prefix=prefix, rows=tokens, answers=answers, texts=texts)

    def answer(self, text: str) -> list[int]:
        """Encode an answer, now and then cut in two: a grammar may force other token borders."""
        if self.rng.random() > 0.1:
            return self.vocabulary.encode(text)
        cut = self.rng.randrange(1, len(text))
        return self.vocabulary.encode(text[:cut]) + self.vocabulary.encode(text[cut:])


def loss_of(network: Network, batch: Batch) -> tuple[Tensor, float]:
    """Return the loss and the share of answers that are right in every token."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = network(batch.prefix, batch.rows)
        target, answers = batch.rows[:, 1:], batch.answers[:, 1:]
        text = batch.texts[:, 1:] & (torch.rand(target.shape) < TEXT_SHARE)
        picked = answers | text
        logits = network.logits(hidden[:, :-1][picked])
    wanted, is_answer = target[picked], answers[picked]
    losses = functional.cross_entropy(logits, wanted, reduction="none")
    loss = losses[is_answer].mean() + TEXT_WEIGHT * losses[~is_answer].sum() / max(1, int(text.sum()))
    wrong = torch.zeros_like(target)
    wrong[picked] = ((logits.argmax(-1) != wanted) & is_answer).long()
    return loss, (wrong.sum(1) == 0).float().mean().item()


@torch.no_grad()
def check(network: Network, batches: Batches, shipped: Prefix, split: str) -> float:
    """Return the share of fresh messages that are answered without an error."""
    generator = Generator(999, split)
    messages = [generator.message() for _ in range(CHECK_SIZE)]
    parts = [messages[i : i + 64] for i in range(0, CHECK_SIZE, 64)]
    return sum(loss_of(network, batches.batch(part, shipped))[1] for part in parts) / len(parts)


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Warm up, then fall along a cosine to a fiftieth of the peak."""
    warm = min(100, steps // 10 + 1)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * (0.02 + 0.49 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))))


def optimizers(network: Network, rate: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of the layers, AdamW for embeddings and norms."""
    matrices = [weight for weight in network.layers.parameters() if weight.dim() == 2]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    return [
        # Scaled so that one learning rate suits both.
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.05),
    ]


class Run:
    """One training run: what changes from step to step, and where it is kept."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        self.options = options
        self.shipped = shipped_prefix(options.prompt)
        self.done = 0
        state = torch.load(options.resume, weights_only=True) if options.resume else None
        if state:
            self.vocabulary = Vocabulary.from_json(state["vocabulary"])
        elif options.tune:
            self.vocabulary = read_vocabulary(options.tune)
        else:
            self.vocabulary = learn_vocabulary(self.shipped, options.seed)
            options.curve.unlink(missing_ok=True)
        shape = Shape(vocabulary=self.vocabulary.size)
        self.network = read_network(options.tune) if options.tune else Network(shape)
        self.optimizers = optimizers(self.network, options.rate)
        if state:
            self.restore(state)
        seed = options.seed + 10 + 7 * self.done
        self.batches = Batches(self.vocabulary, self.shipped, seed, options.batch)
        self.started = time.perf_counter()
        self.losses: list[float] = []

    def restore(self, state: dict) -> None:
        """Go on where a checkpoint was written."""
        self.network.load_state_dict(state["network"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.done = state["step"]

    def train(self) -> None:
        """Run all steps; export at every check, so that there is always a model to use."""
        options = self.options
        options.work.mkdir(parents=True, exist_ok=True)
        while self.done < options.steps:
            progress = 1.0 if options.tune else self.done / options.steps
            for batch in self.batches.group(progress, options.exact)[: options.steps - self.done]:
                self.step(batch)
                if self.done % CHECK_EVERY == 0 or self.done == options.steps:
                    self.keep()

    def step(self, batch: Batch) -> None:
        """Move the weights by one batch."""
        rate = learning_rate(self.done, self.options.steps, self.options.rate)
        loss, right = loss_of(self.network, batch)
        self.network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        self.done += 1
        self.losses.append(loss.item())
        if self.done % 25 == 0:
            seconds = time.perf_counter() - self.started
            print(
                f"{self.done} {seconds:.0f} s, loss {sum(self.losses[-25:]) / 25:.4f}, right {right:.2f}",
                flush=True,
            )

    def keep(self) -> None:
        """Check the model; write the curve, the checkpoint and the GGUF."""
        scores = [check(self.network, self.batches, self.shipped, split) for split in ("train", "holdout")]
        seconds = round(time.perf_counter() - self.started)
        note(self.options.curve, [self.done, seconds, sum(self.losses) / len(self.losses), *scores])
        self.losses = []
        state = {
            "network": self.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.done,
            "vocabulary": self.vocabulary.to_json(),
        }
        torch.save(state, self.options.work / "checkpoint.pt")
        write_gguf(self.options.out, self.network, self.vocabulary, self.options.type)


def note(path: Path, row: list[float]) -> None:
    """Add a row to the curve file and show it."""
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(["step", "seconds", "loss", "right_seen_phrasings", "right_unseen_phrasings"])
        writer.writerow([round(value, 4) for value in row])
    print("check", *(round(value, 4) for value in row), flush=True)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "demo.gguf")
    parser.add_argument("--prompt", type=Path, default=HERE / "prompt.json")
    parser.add_argument("--work", type=Path, default=Path("demo-run"), help="folder of checkpoints")
    parser.add_argument("--curve", type=Path, default=HERE / "curve.csv")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--exact", type=float, default=0.5, help="share of batches with the shipped prompt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--type", choices=["f16", "q8_0"], default="q8_0")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", type=Path, help="checkpoint of an interrupted run to go on with")
    begin.add_argument("--tune", type=Path, help="GGUF of this shape to train on, for a changed prompt")
    Run(parser.parse_args()).train()


if __name__ == "__main__":
    main()
