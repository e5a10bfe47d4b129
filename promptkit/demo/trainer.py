"""Training of the demo model: vocabulary, batches, loop, checkpoints, curve.

python promptkit/demo/trainer.py --out promptkit/demo/demo.gguf --work /tmp/demo
"""

import argparse
import csv
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from batches import Batch, Batches
from export import read_network, read_vocabulary, write_gguf
from generator import Generator
from meanings import meanings
from muon import Muon
from network import Network, Shape
from prefixes import PLACEHOLDER, Prefix, PrefixMaker, shipped_prefix
from tasks import TaskMaker
from tokens import Vocabulary, train_vocabulary
from torch import Tensor
from torch.nn import functional

__all__ = ["main"]

HERE = Path(__file__).parent
VOCABULARY_SIZE = 4096
VOCABULARY_TEXTS = 20_000
CHECK_EVERY = 200
CHECK_SIZE = 192
MEANING_STEPS = 400
# A little of the loss goes to the message itself, to learn its words sooner.
TEXT_SHARE, TEXT_WEIGHT = 0.25, 0.3


def learn_vocabulary(shipped: Prefix, seed: int) -> Vocabulary:
    """Train the vocabulary on messages, answers and prompts."""
    generator, rng = Generator(seed), random.Random(seed)
    texts = [content for _, content in shipped.messages] * 200
    makers = PrefixMaker(rng, shipped, generator, TaskMaker(rng))
    for _ in range(VOCABULARY_TEXTS // 10):
        texts += [content for _, content in makers.custom().messages]
    for _ in range(VOCABULARY_TEXTS):
        message = generator.message()
        texts += [shipped.user_form.replace(PLACEHOLDER, message.text), shipped.task.answer(message)]
    return train_vocabulary(texts, VOCABULARY_SIZE)


def loss_of(network: Network, batch: Batch, kept: list[Tensor] | None = None) -> tuple[Tensor, float]:
    """Return the loss and the share of answers that are right in every token.

    Args:
        kept: What the network has of the prefix; read anew without it.
    """
    with torch.autocast(batch.rows.device.type, torch.bfloat16):
        hidden = network(network.read(batch.prefix) if kept is None else kept, batch.rows)
        target, answers = batch.rows[:, 1:], batch.answers[:, 1:]
        text = batch.texts[:, 1:] & (torch.rand(target.shape, device=target.device) < TEXT_SHARE)
        picked = answers | text
        logits = network.logits(hidden[:, :-1][picked])
    wanted, is_answer = target[picked], answers[picked]
    losses = functional.cross_entropy(logits, wanted, reduction="none")
    loss = losses[is_answer].mean() + TEXT_WEIGHT * losses[~is_answer].sum() / max(1, int(text.sum()))
    wrong = torch.zeros_like(target)
    wrong[picked] = ((logits.argmax(-1) != wanted) & is_answer).long()
    return loss, (wrong.sum(1) == 0).float().mean().item()


def learn(network: Network, parts: Sequence[Batch], weight: float) -> tuple[float, float]:
    """Add up gradients of the rows of one prompt, which is read once; return loss and share of right answers."""
    kept = network.read(parts[0].prefix)
    leaves = [tensor.detach().requires_grad_() for tensor in kept]
    total = right = 0.0
    for part in parts:
        loss, share = loss_of(network, part, leaves)
        (loss * (weight / len(parts))).backward()
        total, right = total + loss.item() / len(parts), right + share / len(parts)
    if any(tensor.requires_grad for tensor in kept):
        torch.autograd.backward(kept, [leaf.grad for leaf in leaves])
    return total, right


@torch.no_grad()
def check(network: Network, batches: Batches, shipped: Prefix, split: str) -> float:
    """Return the share of fresh messages that are answered without an error."""
    generator = Generator(999, split)
    messages = sorted((generator.message() for _ in range(CHECK_SIZE)), key=lambda message: len(message.text))
    parts = [messages[i : i + 48] for i in range(0, CHECK_SIZE, 48)]
    device = next(network.parameters()).device
    return sum(loss_of(network, batches.batch(part, shipped).to(device))[1] for part in parts) / len(parts)


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
        Muon(matrices, lr=rate, weight_decay=0.05),
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
        self.device = torch.device(options.device)
        self.network = (read_network(options.tune) if options.tune else Network(shape)).to(self.device)
        if not state and not options.tune:
            table = self.network.embedding.weight.detach()
            self.network.mean(meanings(table, self.vocabulary, options.seed, MEANING_STEPS))
        self.optimizers = optimizers(self.network, options.rate)
        if state:
            self.restore(state)
        seed = options.seed + 10 + 7 * self.done
        self.batches = Batches(
            self.vocabulary, self.shipped, seed, size=options.batch, exact=options.exact, mixed=options.mixed
        )
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
            self.step(1.0 if options.tune else self.done / options.steps)
            if self.done % CHECK_EVERY == 0 or self.done == options.steps:
                self.keep()

    def step(self, progress: float) -> None:
        """Move the weights by the rows of several prompts."""
        rate = learning_rate(self.done, self.options.steps, self.options.rate)
        total = right = 0.0
        for _ in range(self.options.prompts):
            parts = [part.to(self.device) for part in self.batches.prompt(progress)]
            loss, share = learn(self.network, parts, 1 / self.options.prompts)
            total, right = total + loss / self.options.prompts, right + share / self.options.prompts
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
        self.done += 1
        self.losses.append(total)
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
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=24, help="messages to a prompt")
    parser.add_argument("--prompts", type=int, default=2, help="prompts to a step")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--exact", type=float, default=0.5, help="share of the shipped prompt")
    parser.add_argument(
        "--mixed", type=float, default=0.35, help="share of rows that each have their own labels"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--type", choices=["f16", "q8_0"], default="q8_0")
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--resume", type=Path, help="checkpoint of an interrupted run to go on with")
    begin.add_argument("--tune", type=Path, help="GGUF of this shape to train on, for a changed prompt")
    Run(parser.parse_args()).train()


if __name__ == "__main__":
    main()
