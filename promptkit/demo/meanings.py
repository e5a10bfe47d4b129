"""A first meaning for every token: embeddings that a bag of words can tell messages apart by.

Whole messages are expensive to learn from; a sum of embeddings is not. So the table that the
network begins with is that of a small classifier of bags of tokens (as fastText's: Joulin et al.,
Bag of Tricks for Efficient Text Classification, 2016), which also learns to put the names of
labels near the messages that they hold.
"""

import random
from collections.abc import Sequence

import torch
from generator import KIND_LABELS, Generator, Message
from tasks import STANDARD, TaskMaker
from tokens import Vocabulary
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["meanings"]

ROWS = 256
RATE = 0.01
# Bags are means of a few dozen small vectors; this brings them to the size of one.
LOUDNESS = 6.0


class Bags(nn.Module):
    """Classifiers over the mean embedding of a text.

    Args:
        table: The embeddings to begin with, (vocabulary, width).
        topics: Every topic of the generator.
    """

    def __init__(self, table: Tensor, topics: Sequence[str]) -> None:
        super().__init__()
        width = table.shape[1]
        self.table = nn.Parameter(table.clone())
        self.classes = {
            "topic": list(topics),
            "kind": list(KIND_LABELS),
            **{field.source: field.options for field in STANDARD if field.options},
        }
        self.heads = nn.ModuleDict({name: nn.Linear(width, len(of)) for name, of in self.classes.items()})
        self.bridge = nn.Linear(width, width, bias=False)

    def bags(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Return the mean embedding of each row of tokens, (rows, width)."""
        flat = torch.tensor([token for row in rows for token in row], dtype=torch.long)
        starts = torch.tensor([0, *(len(row) for row in rows)]).cumsum(0)[:-1]
        return LOUDNESS * functional.embedding_bag(flat, self.table, starts, mode="mean")

    def loss(self, vocabulary: Vocabulary, drawn: Sequence[tuple[Message, list[str], int]]) -> Tensor:
        """Return the loss of messages, each with labels to choose from and the right one's place."""
        bags = self.bags([vocabulary.encode(message.text) for message, _, _ in drawn])
        total = torch.zeros(())
        for name, classes in self.classes.items():
            wanted = torch.tensor([classes.index(getattr(message, name)) for message, _, _ in drawn])
            total = total + functional.cross_entropy(self.heads[name](bags), wanted)
        labels = self.bags([vocabulary.encode(label) for _, names, _ in drawn for label in names])
        counts = [len(names) for _, names, _ in drawn]
        scores = (self.bridge(bags).repeat_interleave(torch.tensor(counts), 0) * labels).sum(1)
        places = torch.nn.utils.rnn.pad_sequence(scores.split(counts), batch_first=True, padding_value=-1e9)
        return total + functional.cross_entropy(places, torch.tensor([place for _, _, place in drawn]))


def draw(generator: Generator, maker: TaskMaker) -> tuple[Message, list[str], int]:
    """Draw a message, labels for its category, and which of them is right."""
    task = maker.custom()
    message = task.message(generator, maker.rng)
    labels = next(field.labels for field in task.fields if field.labels)
    names = [f"{label.name} {label.gloss}".strip() for label in labels]
    return message, names, next(i for i, label in enumerate(labels) if label.holds(message))


def meanings(table: Tensor, vocabulary: Vocabulary, seed: int, steps: int) -> Tensor:
    """Return embeddings of the same spread as `table` that tell messages apart.

    Args:
        table: Embeddings to begin with, (vocabulary, width).
        steps: Batches of 256 messages.
    """
    rng = random.Random(seed)
    generator, maker = Generator(seed), TaskMaker(rng)
    bags = Bags(table, generator.topics)
    optimizer = torch.optim.Adam(bags.parameters(), lr=RATE)
    for step in range(steps):
        loss = bags.loss(vocabulary, [draw(generator, maker) for _ in range(ROWS)])
        loss.backward()
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 50 == 0:
            print(f"meanings {step + 1}, loss {loss.item():.3f}", flush=True)
    learnt = bags.table.detach()
    return learnt * (table.std() / learnt.std())
