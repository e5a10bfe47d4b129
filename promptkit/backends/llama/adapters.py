"""LoRA adapters: which ones a reference names, and the loaded ones of a model."""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import threading
from pathlib import Path
from typing import Any, NamedTuple

from promptkit.backends.llama.bindings import engine_log, llama
from promptkit.backends.llama.contexts import Adapter
from promptkit.backends.llama.sources import find_model
from promptkit.errors import ModelLoadError

__all__ = ["Adapters", "Lora", "split_reference"]

_MARK = "+lora:"
_USE = "llama:MODEL+lora:PATH.gguf or llama:MODEL+lora:PATH.gguf@0.8"
_HASH_LENGTH = 12  # hexadecimal digits that tell files apart in a record


class Lora(NamedTuple):
    """An adapter as a reference names it.

    Attributes:
        source: A path, or ``hf:OWNER/REPO/FILE``.
        scale: How strongly it counts; 1 is as trained.
    """

    source: str
    scale: float


class _Loaded(NamedTuple):
    pointer: Any
    address: int
    digest: str


def split_reference(reference: str) -> tuple[str, tuple[Lora, ...]]:
    """What stands after ``llama:``, as the model's reference and the adapters laid over it.

    Raises:
        ValueError: When an adapter has no name, or its scale is no finite number.
    """
    model, *rest = reference.split(_MARK)
    loras: list[Lora] = []
    for text in rest:
        source, at, number = text.rpartition("@")
        # A path may hold an @ itself: what follows the last one is a scale only where it ends the name.
        if not at or number.lower().endswith(".gguf"):
            source, number = text, "1"
        try:
            scale = float(number)
        except ValueError:
            scale = math.nan
        if not source or not math.isfinite(scale):
            raise ValueError(f"{_MARK}{text} names no LoRA adapter with a scale; write {_USE}")
        loras.append(Lora(source, scale))
    return model, tuple(loras)


class Adapters:
    """The adapters that were loaded for one model; each file is loaded once and freed with the model.

    Args:
        model: llama.cpp's model.
        name: Its name, for messages.
    """

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self._name = name
        self._lock = threading.Lock()
        self._loaded: dict[Path, _Loaded] = {}

    def load(self, loras: tuple[Lora, ...]) -> tuple[Adapter, ...]:
        """The adapters, loaded where they are not yet.

        Raises:
            ModelLoadError: When a file is missing, damaged, or made for another model.
        """
        with self._lock:
            return tuple(Adapter(self._of(find_model(lora.source)).address, lora.scale) for lora in loras)

    def described(self, loras: tuple[Lora, ...]) -> str:
        """What a record says of them: file, scale and the beginning of the file's SHA-256."""
        with self._lock:
            texts = [(find_model(lora.source), lora.scale) for lora in loras]
            return "".join(f"{_MARK}{path.name}@{scale:g}#{self._of(path).digest}" for path, scale in texts)

    def _of(self, path: Path) -> _Loaded:
        if path not in self._loaded:
            engine_log().clear()
            pointer = llama().llama_adapter_lora_init(self._model, os.fsencode(path))
            if not pointer:
                reason = engine_log().reason() or "it gave no reason"
                raise ModelLoadError(
                    f"llama.cpp cannot lay the LoRA adapter {path} over {self._name}: {reason}; "
                    "use an adapter in GGUF form that was trained on this very model"
                )
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_LENGTH]
            self._loaded[path] = _Loaded(pointer, ctypes.cast(pointer, ctypes.c_void_p).value or 0, digest)
        return self._loaded[path]

    def free(self) -> None:
        """Give the memory back."""
        with self._lock:
            for loaded in self._loaded.values():
                llama().llama_adapter_lora_free(loaded.pointer)
            self._loaded.clear()
