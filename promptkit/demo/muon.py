"""Muon in float32: torch's own works in bfloat16, which a processor without such products runs 30 times slower.

Keller Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024; the constants are theirs.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["Muon"]

QUINTIC = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
EPSILON = 1e-7


def orthogonal(moved: Tensor) -> Tensor:
    """Return about the nearest matrix whose singular values are alike, by Newton and Schulz."""
    a, b, c = QUINTIC
    tall = moved.shape[0] > moved.shape[1]
    x = moved.T if tall else moved
    x = x / x.norm().clamp(min=EPSILON)
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Moves matrices by their orthogonalised momentum, scaled so that AdamW's learning rate suits it too.

    Args:
        lr: Learning rate.
        weight_decay: Share of `lr` by which weights shrink.
        momentum: Of Nesterov's kind.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        """Move every matrix that has a gradient."""
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                kept = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                kept.lerp_(weight.grad, 1 - momentum)
                moved = orthogonal(weight.grad.lerp(kept, momentum))
                weight.mul_(1 - rate * group["weight_decay"])
                # 0.2 is about the root mean square of AdamW's moves (Liu et al., Muon is scalable, 2025).
                weight.add_(moved, alpha=-rate * 0.2 * max(weight.shape) ** 0.5)
