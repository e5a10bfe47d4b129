"""Loaded models, one for all backends of a process that name the same file."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from promptkit.backends.llama.adapters import Adapters
from promptkit.backends.llama.bindings import engine_log, llama, undisturbed
from promptkit.backends.llama.contexts import Context, default_parallel, default_threads
from promptkit.backends.llama.masks import MaskMaker
from promptkit.backends.llama.scheduler import Scheduler
from promptkit.backends.llama.tokens import MessageTokenizer
from promptkit.backends.llama.vocabulary import Vocabulary
from promptkit.errors import ModelLoadError

__all__ = ["LoadedModel", "ModelKey", "Shelf", "load_file", "load_parameters", "shelf"]

_DEFAULT_CONTEXT = 8192  # tokens; a longer one costs memory that most prompts never use


class ModelKey(NamedTuple):
    """What makes two backends share a model.

    Attributes:
        path: The resolved file.
        n_ctx: Tokens of context for each request; None for the model's own, at most 8192.
        threads: Threads; None for what model and machine ask for.
        n_parallel: Requests that are answered at once; None for what fits into memory, at most 8.
        deterministic: False lets all requests share one store, which moves the last bits of their scores.
    """

    path: Path
    n_ctx: int | None
    threads: int | None
    n_parallel: int | None = None
    deterministic: bool = True


class LoadedModel:
    """Weights, vocabulary and a decoder that any number of callers ask at once.

    Attributes:
        name: The model's name as its file gives it, else the file's.
        vocabulary: Its tokens.
        size: Tokens of context for each request.
        parallel: How many requests it answers at once.
        scheduler: Its decoder.
        tokenizer: Messages to tokens.
        masks: Schemas to masks.
        adapters: Its LoRA adapters.
    """

    def __init__(self, key: ModelKey, *, threads: int | None) -> None:
        self._llama = llama()
        self._pointer = load_file(key.path)
        with contextlib.ExitStack() as undo:
            undo.callback(self._llama.llama_model_free, self._pointer)
            self._open(key, threads)
            undo.pop_all()

    def _open(self, key: ModelKey, threads: int | None) -> None:
        self._check(key.path)
        self.name = self._text("general.name") or key.path.stem
        template = self._llama.llama_model_chat_template(self._pointer, None)
        self.vocabulary = Vocabulary(
            self._llama.llama_model_get_vocab(self._pointer),
            template.decode("utf-8", "replace") if template else None,
        )
        self.tokenizer = MessageTokenizer(self.vocabulary)
        self.masks = MaskMaker(self.vocabulary)
        self.adapters = Adapters(self._pointer, self.name)
        trained = int(self._llama.llama_model_n_ctx_train(self._pointer))
        if (key.n_ctx or 0) > trained:
            raise ModelLoadError(
                f"n_ctx is {key.n_ctx}, but {key.path} reads {trained} tokens at most; set n_ctx to that or less"
            )
        self.size = key.n_ctx or min(trained, _DEFAULT_CONTEXT)
        self.parallel = key.n_parallel or default_parallel(self._token_bytes(), self.size)
        self.scheduler = Scheduler(self.name, self.open_context(key, threads), self._give_back)

    def open_context(self, key: ModelKey, threads: int | None = None) -> Context:
        """A working memory of this model, of the size that ``key`` asks for."""
        return Context(
            self._pointer,
            size=self.size,
            slots=self.parallel,
            threads=threads or default_threads(int(self._llama.llama_model_size(self._pointer))),
            vocabulary_size=self.vocabulary.size,
            unified=not key.deterministic,
        )

    def _token_bytes(self) -> int:
        """About what one token takes in the context: keys and values of 16 bits for every layer."""
        engine, model = self._llama, self._pointer
        heads = max(1, int(engine.llama_model_n_head(model)))
        width = int(engine.llama_model_n_embd(model)) * int(engine.llama_model_n_head_kv(model)) // heads
        return 4 * width * int(engine.llama_model_n_layer(model))

    def _give_back(self) -> None:
        self.adapters.free()
        self._llama.llama_model_free(self._pointer)

    def _check(self, path: Path) -> None:
        architecture = self._text("general.architecture")
        causal = self._text(f"{architecture}.attention.causal")
        if self._llama.llama_model_has_encoder(self._pointer) or causal == "false":
            raise ModelLoadError(
                f"{path} is an encoder ({architecture}) and writes no text; use a model made for chat"
            )

    def _text(self, key: str) -> str:
        buffer = ctypes.create_string_buffer(512)
        count = self._llama.llama_model_meta_val_str(self._pointer, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if count >= 0 else ""

    def free(self) -> None:
        """Give the memory back; the model is dead afterwards, and answers in the making fail."""
        self.scheduler.close()


def load_parameters(engine: Any) -> Any:
    """How llama.cpp loads a model: by its defaults, but never into buffers for Intel's AMX.

    Its AMX kernels end the process with a segmentation fault on some machines, at the first decoding, whatever
    the model (github.com/ggml-org/llama.cpp issue 20824); without these buffers the AVX-512 kernels run.
    """
    parameters = engine.llama_model_default_params()
    if b"AMX_INT8 = 1" in engine.llama_print_system_info():
        parameters.use_extra_bufts = False
    return parameters


def load_file(path: Path, *, vocabulary_only: bool = False) -> Any:
    """llama.cpp's handle of a model; who asks frees it.

    Args:
        path: The file.
        vocabulary_only: True to load its tokens and chat template alone.

    Raises:
        ModelLoadError: When llama.cpp cannot load it.
    """
    engine = llama()
    engine_log().clear()
    parameters = load_parameters(engine)
    parameters.vocab_only = vocabulary_only
    pointer = engine.llama_model_load_from_file(os.fsencode(path), parameters)
    if not pointer:
        reason = engine_log().reason() or "it gave no reason"
        raise ModelLoadError(
            f"llama.cpp cannot load {path} ({path.stat().st_size:,} bytes): {reason}; "
            "the file may be cut short, damaged or newer than this llama.cpp: download it again, "
            "or upgrade llama-cpp-python"
        )
    return pointer


class Shelf:
    """The loaded models of this process, each with the number of those who hold it.

    A forked child starts with an empty shelf: llama.cpp's threads do not survive a fork, and neither do
    the OpenMP ones, so what a child loads after its parent has loaded a model runs on one thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: dict[ModelKey, LoadedModel] = {}
        self._holds: dict[ModelKey, int] = {}
        self._returned: deque[tuple[ModelKey, LoadedModel]] = deque()
        self._inherited: list[LoadedModel] = []
        self._has_run = False
        self._one_thread = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)
        # A thread inside llama.cpp would outlive what the interpreter takes down.
        atexit.register(self._end)

    def _end(self) -> None:
        for model in list(self._models.values()):
            model.free()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        # Kept referenced and never freed: their threads and locks belong to the parent.
        self._inherited += self._models.values()
        self._models = {}
        self._holds = {}
        self._returned = deque()
        self._one_thread = self._has_run

    def take(self, key: ModelKey) -> LoadedModel:
        """The model, loaded at its first taking; to be given back by ``put_back``."""
        with self._lock:
            model = self._models.get(key)
            if model is None:
                threads = 1 if self._one_thread else key.threads
                with undisturbed():
                    model = self._models[key] = LoadedModel(key, threads=threads)
                self._has_run = True
            self._holds[key] = self._holds.get(key, 0) + 1
        self._settle()
        return model

    def put_back(self, key: ModelKey, model: LoadedModel) -> None:
        """Hold it no longer; the last one frees it. Models of a parent process are left alone.

        Never waits: the garbage collector may call this in the midst of ``take``.
        """
        self._returned.append((key, model))
        self._settle()

    def _settle(self) -> None:
        # Whoever has the lock comes by here after releasing it, so nothing stays behind.
        while self._returned and self._lock.acquire(blocking=False):
            try:
                while self._returned:
                    self._drop(*self._returned.popleft())
            finally:
                self._lock.release()

    def _drop(self, key: ModelKey, model: LoadedModel) -> None:
        if self._models.get(key) is not model:
            return
        self._holds[key] -= 1
        if self._holds[key] == 0:
            del self._models[key], self._holds[key]
            model.free()


_SHELF = Shelf()


def shelf() -> Shelf:
    """The one shelf of this process."""
    return _SHELF
