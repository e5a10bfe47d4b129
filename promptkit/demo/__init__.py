"""The bundled demo model: a GGUF of a few megabytes for trials without a download."""

from pathlib import Path

__all__ = ["model_path"]


def model_path() -> Path:
    """Return the path of the bundled GGUF file."""
    return Path(__file__).with_name("demo.gguf")
