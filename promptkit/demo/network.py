"""A llama-architecture transformer that reads one shared prefix for a whole batch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Network", "Shape"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the network."""

    vocabulary: int
    width: int = 192
    layers: int = 4
    heads: int = 3
    feed_forward: int = 384
    context: int = 2048
    rope_base: float = 10000.0
    epsilon: float = 1e-5


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply RoPE to neighbouring pairs, which is llama.cpp's order for llama."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.complex(cosine, sine)).flatten(-2)


class Layer(nn.Module):
    """Attention and feed-forward, each behind an RMS norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.attention_norm = nn.RMSNorm(width, shape.epsilon)
        self.feed_norm = nn.RMSNorm(width, shape.epsilon)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.gate = nn.Linear(width, shape.feed_forward, bias=False)
        self.up = nn.Linear(width, shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, width, bias=False)

    def project(self, x: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotated queries and keys, and values, each (batch, head, token, channel)."""
        batch, length, _ = x.shape
        h = self.attention_norm(x)
        q, k, v = (
            part(h).view(batch, length, self.heads, -1).transpose(1, 2).float()
            for part in (self.query, self.key, self.value)
        )
        return rotate(q, cosine, sine), rotate(k, cosine, sine), v

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add the attended values and the feed-forward part to the stream."""
        x = x + self.output(attended.transpose(1, 2).flatten(2))
        h = self.feed_norm(x)
        return x + self.down(functional.silu(self.gate(h)) * self.up(h))


class Network(nn.Module):
    """The language model; embeddings are also the output matrix."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, shape.epsilon)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                residual = name.endswith(("output.weight", "down.weight"))
                nn.init.normal_(weight, std=0.04 / (2 * shape.layers) ** 0.5 if residual else 0.04)
        self.plant_copying()

    @torch.no_grad()
    def mean(self, table: Tensor) -> None:
        """Begin with other embeddings, (vocabulary, width); the constant channel stays."""
        self.embedding.weight[:, 1:] = table[:, 1:]

    @torch.no_grad()
    def plant_copying(self) -> None:
        """Begin with an induction circuit, which random weights took too long to find.

        Head 0 of layer 0 writes what the token before was into directions of its own;
        head 0 of layer 1 looks for the place where that equals the token at hand and
        adds what stands there, so that text that came before is continued. Only slow
        pairs of RoPE compare, since fast ones turn with the distance. (Olsson et al.,
        In-context Learning and Induction Heads, 2022.)
        """
        shape = self.shape
        size = shape.width // shape.heads
        match = size // 2
        directions = torch.linalg.qr(torch.randn(shape.width, shape.width))[0].T
        # Nothing compared or copied may read the constant channel.
        directions[:, 0] = 0
        seen, noted, copied = directions[:match], directions[match : 2 * match], directions[size : 2 * size]
        first, second = self.layers[0], self.layers[1]
        for head in (0, 1):
            self.look_back(head, head + 1)
        first.value.weight[:match], first.value.weight[match:size] = seen, 0
        first.output.weight[:, :size] = 0
        first.output.weight[:, :match] = 0.12 * noted.T
        for part, read in ((second.query, seen), (second.key, noted)):
            part.weight[:match], part.weight[match:size] = 0, 1.5 * read
        second.value.weight[:size] = copied
        second.output.weight[:, :size] = 0.1 * copied.T

    def look_back(self, head: int, distance: int) -> None:
        """Let a head of the first layer read the token at a distance before.

        One channel of the embeddings is made constant; from it come a query and a key
        whose RoPE angles agree at that distance only.
        """
        size = self.shape.width // self.shape.heads
        start, pairs, strength = head * size, 4, 1.6
        layer = self.layers[0]
        self.embedding.weight[:, 0] = 0.16
        layer.query.weight[start : start + size] = 0
        layer.key.weight[start : start + size] = 0
        for pair in range(pairs):
            angle = distance * self.shape.rope_base ** (-2 * pair / size)
            layer.query.weight[start + 2 * pair, 0] = strength * math.cos(angle)
            layer.query.weight[start + 2 * pair + 1, 0] = -strength * math.sin(angle)
            layer.key.weight[start + 2 * pair, 0] = strength

    def angles(self, start: int, length: int) -> tuple[Tensor, Tensor]:
        """Return cosines and sines of RoPE for positions from start."""
        half = self.shape.width // self.shape.heads // 2
        device = self.embedding.weight.device
        rate = self.shape.rope_base ** (-torch.arange(half, device=device) / half)
        angle = torch.arange(start, start + length, device=device)[:, None] * rate
        return angle.cos(), angle.sin()

    def read(self, prefix: Tensor) -> list[Tensor]:
        """Return keys and values of a prefix, (length,), layer by layer; none of an empty one."""
        if not len(prefix):
            return []
        x, angles, kept = self.embedding(prefix)[None], self.angles(0, len(prefix)), []
        for layer in self.layers:
            q, k, v = layer.project(x, *angles)
            kept += [k, v]
            x = layer.finish(x, attend(q, k, v))
        return kept

    def forward(self, kept: list[Tensor], suffix: Tensor) -> Tensor:
        """Return the last hidden states of the suffixes.

        Args:
            kept: What `read` returned of the tokens that every row begins with.
            suffix: The rest of each row, (batch, length), padded at the end.
        """
        count = kept[0].shape[2] if kept else 0
        x, angles = self.embedding(suffix), self.angles(count, suffix.shape[1])
        for number, layer in enumerate(self.layers):
            front = kept[2 * number : 2 * number + 2] if kept else None
            x = layer.finish(x, attend(*layer.project(x, *angles), front))
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the scores of every token."""
        return functional.linear(hidden, self.embedding.weight).float()


def attend(q: Tensor, k: Tensor, v: Tensor, front: Sequence[Tensor] | None = None) -> Tensor:
    """Attend to what came before, (batch, head, token, channel), in float32.

    Args:
        front: Keys and values of a prefix that all rows share, (1, head, token, channel).
    """
    mask = None
    if front is not None:
        batch, _, length, _ = q.shape
        count = front[0].shape[2]
        k, v = (
            torch.cat((kept.expand(batch, -1, -1, -1), own), 2)
            for kept, own in zip(front, (k, v), strict=True)
        )
        mask = torch.ones(length, count + length, dtype=torch.bool, device=q.device).tril(count)
    with torch.autocast(q.device.type, enabled=False):
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
