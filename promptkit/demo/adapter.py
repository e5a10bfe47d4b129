"""A LoRA adapter of the demo model, trained on the task of `house.py` and written for llama.cpp.

python promptkit/demo/adapter.py
"""

import argparse
import math
import time
from pathlib import Path

import gguf
import torch
from batches import Batches
from export import gguf_name, read_network, read_vocabulary
from house import SHORT
from network import Network
from prefixes import shipped_prefix
from torch import Tensor, nn
from torch.nn import functional
from trainer import learn, learning_rate

__all__ = ["main"]

HERE = Path(__file__).parent
PARTS = ("query", "key", "value", "output", "gate", "up", "down")


class Adapted(nn.Module):
    """A frozen matrix and a trained product of two narrow ones beside it (Hu et al., LoRA, 2021)."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base
        self.scale = alpha / rank
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Apply both."""
        return self.base(x) + self.scale * functional.linear(functional.linear(x, self.a), self.b)


def adapt(network: Network, rank: int, alpha: float) -> list[nn.Parameter]:
    """Freeze the network, put adapters into its layers, and return what is to be trained."""
    network.requires_grad_(requires_grad=False)
    trained: list[nn.Parameter] = []
    for layer in network.layers:
        for part in PARTS:
            adapted = Adapted(getattr(layer, part), rank, alpha)
            setattr(layer, part, adapted)
            trained += [adapted.a, adapted.b]
    return trained


def write_adapter(path: Path, network: Network, alpha: float) -> None:
    """Write the adapters as llama.cpp reads them; the file appears whole or not at all."""
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    writer.add_name("promptkit demo house")
    writer.add_license("mit")
    for number, layer in enumerate(network.layers):
        for part in PARTS:
            adapted = getattr(layer, part)
            name = gguf_name(f"layers.{number}.{part}.weight")
            for suffix, weight in (("lora_a", adapted.a), ("lora_b", adapted.b)):
                writer.add_tensor(f"{name}.{suffix}", weight.detach().float().cpu().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def train(options: argparse.Namespace) -> None:
    """Train the adapter on generated messages behind the short prompt."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    network = read_network(options.model)
    trained = adapt(network, options.rank, options.alpha)
    network.to(device)
    shipped = shipped_prefix(HERE / "prompt.json")
    batches = Batches(
        read_vocabulary(options.model), shipped, options.seed, size=options.batch, exact=0, own=SHORT
    )
    optimizer = torch.optim.AdamW(trained, lr=options.rate, weight_decay=0.01)
    started, losses = time.perf_counter(), []
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options.steps, options.rate)
        parts = batches.prompt(1.0)
        losses.append(learn(network, [part.to(device) for part in parts], 1.0)[0])
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 25 == 0 or step + 1 == options.steps:
            recent = losses[-25:]
            seconds = time.perf_counter() - started
            print(f"{step + 1} {seconds:.0f} s, loss {sum(recent) / len(recent):.4f}", flush=True)
    write_adapter(options.out, network, options.alpha)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=HERE / "demo.gguf")
    parser.add_argument("--out", type=Path, default=HERE / "house.gguf")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--alpha", type=float, default=8)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
