"""Batches of the training: rows of one prompt, tokens and what of them is learnt."""

import random
from dataclasses import dataclass
from typing import Any

import torch
from generator import Generator, Message
from prefixes import PLACEHOLDER, Prefix, PrefixMaker
from tasks import Task, TaskMaker
from tokens import Vocabulary
from torch import Tensor

__all__ = ["Batch", "Batches"]

# Rows of one prompt are sorted by length and cut in four, so that little padding is read.
PARTS = 4
# Longest prompt, in tokens, of rows that each have a prompt of their own and so are read whole.
OWN_PROMPT = 160


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

    def to(self, device: torch.device) -> "Batch":
        """Return it on a device."""
        return Batch(
            prefix=self.prefix.to(device),
            rows=self.rows.to(device),
            answers=self.answers.to(device),
            texts=self.texts.to(device),
        )


class Batches:
    """Draws batches from a seed; early ones have short prompts.

    Args:
        size: Rows of one prompt.
        exact: Share of prompts that are the shipped one, word for word.
        mixed: Share of draws whose rows each have a prompt with labels of its own. Rows of one prompt are cheaper, but
            labels are learnt to be read from the prompt by many prompts, not by many messages.
        own: The one prompt to train on, which is the adapter's; None for the mixture.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        shipped: Prefix,
        seed: int,
        *,
        size: int,
        exact: float,
        mixed: float = 0.0,
        own: Prefix | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.shipped = shipped
        self.size = size
        self.exact = exact
        self.mixed = mixed
        self.own = own
        self.rng = random.Random(seed)
        self.generator = Generator(seed + 1)
        self.makers = PrefixMaker(self.rng, shipped, self.generator, TaskMaker(self.rng))

    def prompt(self, progress: float) -> list[Batch]:
        """Return the rows of one prompt in parts, for a share of the training that is done."""
        if self.own is None and self.rng.random() < max(0.02, 0.5 - 10 * progress, 0.2 - progress):
            return [self.repetitions()]
        if self.own is None and self.rng.random() < self.mixed:
            return self.mixture()
        prefix = self.own or self.prefix(progress)
        messages = [prefix.task.message(self.generator, self.rng) for _ in range(self.size)]
        messages.sort(key=lambda message: len(message.text))
        return [self.batch(part, prefix) for part in in_parts(messages)]

    def prefix(self, progress: float) -> Prefix:
        """Choose a prompt: bare ones first, since copying is learnt soonest in a short context."""
        rng = self.rng
        if rng.random() < max(0.1, 0.9 - 2.5 * progress):
            return Prefix(messages=(), user_form=rng.choice([self.shipped.user_form, PLACEHOLDER]))
        if rng.random() < self.exact:
            return self.shipped
        draw = rng.random()
        if draw < 0.1:
            return self.makers.disturbed()
        return self.makers.standard() if draw < 0.4 else self.makers.custom()

    def batch(self, messages: list[Message], prefix: Prefix) -> Batch:
        """Encode messages behind a prompt."""
        rows = [self.row(message, prefix) for message in messages]
        return self.pad(self.vocabulary.chat(prefix.messages), rows, learn_texts=True)

    def row(self, message: Message, prefix: Prefix) -> tuple[list[int], list[int]]:
        """Encode a message and its answer."""
        vocabulary = self.vocabulary
        question = vocabulary.message("user", prefix.user_form.replace(PLACEHOLDER, message.text))
        question += vocabulary.answer_start()
        return question, [*self.answer(prefix.task, message), vocabulary.end]

    def mixture(self) -> list[Batch]:
        """Return rows that each have a short prompt of their own, with labels of its own."""
        vocabulary, rows = self.vocabulary, []
        while len(rows) < self.size:
            prefix = self.makers.worded(self.makers.tasks.custom(), shots=0)
            front = vocabulary.chat(prefix.messages)
            if len(front) <= OWN_PROMPT:
                question, answer = self.row(prefix.task.message(self.generator, self.rng), prefix)
                rows.append((front + question, answer))
        rows.sort(key=lambda row: len(row[0]))
        return [self.pad([], part, learn_texts=False) for part in in_parts(rows)]

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

    def answer(self, task: Task, message: Message) -> list[int]:
        """Encode an answer, now and then cut in two: a grammar may force other token borders."""
        text = task.answer(message)
        if self.rng.random() > 0.1 or len(text) < 2:
            return self.vocabulary.encode(text)
        cut = self.rng.randrange(1, len(text))
        return self.vocabulary.encode(text[:cut]) + self.vocabulary.encode(text[cut:])


def in_parts(items: list[Any]) -> list[list[Any]]:
    """Cut the sorted rows of one prompt."""
    part = -(-len(items) // PARTS)
    return [items[i : i + part] for i in range(0, len(items), part)]
