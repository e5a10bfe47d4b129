"""The bundled demo model: a GGUF of a few megabytes for trials without a download, and a LoRA adapter of it."""

from pathlib import Path

__all__ = ["adapter_path", "model_path"]


def model_path() -> Path:
    """Return the path of the bundled GGUF file."""
    return Path(__file__).with_name("demo.gguf")


def adapter_path() -> Path:
    """Return the path of the bundled adapter, which sorts the same messages into the queues of another house."""
    return Path(__file__).with_name("house.gguf")
