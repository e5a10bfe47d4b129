"""One llama.cpp context: tokens in, scores out, and which prompt its memory still holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from promptkit.backends.llama.bindings import Array, engine_log, llama, numpy
from promptkit.errors import LocalBackendError, ModelLoadError

__all__ = ["BATCH", "Context", "default_threads"]

BATCH = 128
"""Tokens decoded in one go; deadline and cancel are looked at between two batches."""

_SMALL_BYTES = 64 * 2**20

_SHORTEST = 2
"""The fewest prompt tokens decoded in one go.

llama.cpp multiplies a single row by another kernel, which rounds differently. With two rows or more, and
flash attention off, each row's result does not depend on its neighbours (seen bit for bit for F32, F16,
BF16, Q8_0, Q5_0 and Q4_0 on CPU), so a prompt gives the same scores whether its beginning was kept or not.
"""


def default_threads(model_bytes: int) -> int:
    """Threads for decoding: all processors of a small machine, else half, since twins share their unit.

    A model that one thread reads in a few milliseconds gets one: threads that wait for one another cost more
    than they save, and on a busy machine each wait is as long as the scheduler's slice (measured with the
    demo model at a load of 20 on two cores: 350 ms a token with two threads, 2 ms with one).
    """
    if model_bytes < _SMALL_BYTES:
        return 1
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return count if count <= 4 else count // 2  # noqa: PLR2004 - up to four are rarely hyper-threads


class Context:
    """The working memory of one model; one caller at a time.

    Attributes:
        size: How many tokens it can hold.
    """

    def __init__(self, model: Any, *, size: int, threads: int, vocabulary_size: int) -> None:
        self._llama = llama()
        params = self._llama.llama_context_default_params()
        params.n_ctx = size
        params.n_batch = params.n_ubatch = min(BATCH, size)
        params.n_seq_max = 1
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = False
        params.flash_attn_type = self._llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        engine_log().clear()
        self._pointer = self._llama.llama_init_from_model(model, params)
        if not self._pointer:
            raise ModelLoadError(
                f"llama.cpp could not make room for a context of {size} tokens"
                f"{_because(engine_log().reason())}; set a smaller n_ctx"
            )
        # llama.cpp rounds the size up; the promise to the caller is what was asked for.
        self.size = min(size, int(self._llama.llama_n_ctx(self._pointer)))
        self._vocabulary_size = vocabulary_size
        self._batch = self._llama.llama_batch_init(BATCH, 0, 1)
        self._memory = self._llama.llama_get_memory(self._pointer)
        self._prompt: list[int] = []
        self._length = 0

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep what the memory already holds of ``prompt``, forget the rest; how many tokens were kept."""
        limit = min(len(self._prompt), len(prompt) - _SHORTEST)
        kept = 0
        while kept < limit and self._prompt[kept] == prompt[kept]:
            kept += 1
        if kept <= 0 or not self._llama.llama_memory_seq_rm(self._memory, 0, kept, -1):
            # Recurrent models cannot forget a part.
            kept = 0
            self._llama.llama_memory_clear(self._memory, False)
        del self._prompt[kept:]
        self._length = kept
        return kept

    def batches(self, prompt: Sequence[int], start: int) -> list[Sequence[int]]:
        """The prompt from ``start`` on in batches, none of them a single token where that can be helped."""
        batches: list[Sequence[int]] = []
        while start < len(prompt):
            take = min(BATCH, len(prompt) - start)
            if len(prompt) - start - take == 1:
                take -= 1
            batches.append(prompt[start : start + take])
            start += take
        return batches

    def read(self, tokens: Sequence[int]) -> None:
        """Decode a batch of the prompt."""
        self.write(tokens)
        self._prompt.extend(tokens)

    def write(self, tokens: Sequence[int]) -> None:
        """Decode tokens of the answer after what is held; scores are for what follows the last.

        Raises:
            LocalBackendError: When llama.cpp cannot decode them.
        """
        for start in range(0, len(tokens), BATCH):
            self._decode(tokens[start : start + BATCH])

    def _decode(self, tokens: Sequence[int]) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = self._length + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index == len(tokens) - 1
        code = self._llama.llama_decode(self._pointer, batch)
        if code:
            raise LocalBackendError(
                f"llama.cpp could not decode {len(tokens)} tokens after {self._length} (code {code})"
                f"{_because(engine_log().reason())}; free memory, or load the model with a smaller n_ctx"
            )
        self._length += len(tokens)

    def scores(self) -> Array:
        """The score of every token as the next one: float32, valid until the next decoding."""
        pointer = self._llama.llama_get_logits_ith(self._pointer, -1)
        return numpy().ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def free(self) -> None:
        """Give the memory back; the context is dead afterwards."""
        self._llama.llama_batch_free(self._batch)
        self._llama.llama_free(self._pointer)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
