"""One llama.cpp context of several sequences: tokens in, scores out."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from promptkit.backends.llama.bindings import Array, engine_log, llama, numpy
from promptkit.errors import LocalBackendError, ModelLoadError

__all__ = ["BATCH", "SHORTEST", "Adapter", "Context", "Run", "default_parallel", "default_threads"]

BATCH = 128
"""The most tokens decoded in one go; deadlines and cancels are looked at between two batches."""

SHORTEST = 2
"""The fewest tokens decoded in one go.

llama.cpp multiplies a single row by another kernel, which rounds differently. With two rows or more, and
flash attention off, each row's result does not depend on its neighbours (seen bit for bit for F32, F16,
BF16, Q8_0, Q5_0 and Q4_0 on CPU). So a prompt gives the same scores whether its beginning was kept or not,
and a lone token of one sequence is decoded beside one of a neighbour that is forgotten again.
"""

_WORTH_FILLING = 3
"""Up to so many rows for company cost less than reading the weights once more (0.5B, Q8_0: about 4 do)."""

_SMALL_BYTES = 64 * 2**20
_MOST_PARALLEL = 8
_MEMORY_BYTES = 512 * 2**20


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


def default_parallel(token_bytes: int, size: int) -> int:
    """How many sequences of ``size`` tokens are decoded at once: 8, fewer where they would take over 512 MiB."""
    return max(1, min(_MOST_PARALLEL, _MEMORY_BYTES // max(1, token_bytes * size)))


class Adapter(NamedTuple):
    """LoRA weights laid over the model's.

    Attributes:
        address: Where llama.cpp's adapter stands in memory.
        scale: How strongly it counts; 1 is as trained.
    """

    address: int
    scale: float


class Run(NamedTuple):
    """Tokens of one sequence that are decoded in one go.

    Attributes:
        slot: The sequence.
        start: The position of the first token.
        tokens: The tokens.
        wanted: Behind how many of them, counted from the last, scores are wanted.
    """

    slot: int
    start: int
    tokens: Sequence[int]
    wanted: int = 1


class Context:
    """The working memory of one model: ``slots`` sequences of up to ``size`` tokens; for one thread only.

    Attributes:
        size: How many tokens a sequence can hold.
        slots: How many sequences it holds.
        unified: True when all sequences share one store: runs of any lengths go together, and last bits depend on it.
    """

    def __init__(
        self, model: Any, *, size: int, slots: int, threads: int, vocabulary_size: int, unified: bool = False
    ) -> None:
        self._llama = llama()
        self.slots, self.unified = slots, unified
        params = self._llama.llama_context_default_params()
        # One more token for each, where a neighbour's companion row finds room.
        self._room = size + (slots > 1)
        params.n_ctx = self._room * slots if unified else _padded(self._room) * slots
        params.n_batch = params.n_ubatch = max(BATCH, 2 * slots)
        params.n_seq_max = slots
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = unified
        params.flash_attn_type = self._llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        engine_log().clear()
        self._pointer = self._llama.llama_init_from_model(model, params)
        if not self._pointer:
            raise ModelLoadError(
                f"llama.cpp could not make room for {slots} sequences of {size} tokens"
                f"{_because(engine_log().reason())}; set a smaller n_ctx or n_parallel"
            )
        # llama.cpp rounds the size up; the promise to the caller is what was asked for.
        self.size = size
        self._vocabulary_size = vocabulary_size
        self._most = int(params.n_batch)
        self._batch = self._llama.llama_batch_init(self._most, 0, 1)
        self._memory = self._llama.llama_get_memory(self._pointer)
        self._lengths = [0] * slots
        self._adapters: tuple[Adapter, ...] = ()

    def keep(self, slot: int, length: int) -> int:
        """Forget all of a sequence but its first ``length`` tokens; how many are left.

        Recurrent models cannot forget a part: they forget everything.
        """
        length = min(length, self._lengths[slot])
        if length < self._lengths[slot] or length == 0:
            if length == 0 or not self._llama.llama_memory_seq_rm(self._memory, slot, length, -1):
                length = 0
                self._llama.llama_memory_seq_rm(self._memory, slot, -1, -1)
            self._lengths[slot] = length
        return length

    def copy(self, source: int, target: int, length: int) -> int:
        """Let a sequence begin with the first ``length`` tokens of another; how many it has now.

        A part cannot be copied between separate streams: the whole is, and its end is forgotten.
        """
        self.keep(target, 0)
        self._llama.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self._lengths[target] = self._lengths[source]
        return self.keep(target, length)

    def use(self, adapters: tuple[Adapter, ...]) -> None:
        """Decode with these LoRA weights from now on, and with no others.

        Raises:
            LocalBackendError: When llama.cpp cannot apply them.
        """
        if adapters == self._adapters:
            return
        count = len(adapters)
        kind = self._llama.llama_adapter_lora_p_ctypes
        pointers = (kind * max(1, count))(*(ctypes.cast(it.address, kind) for it in adapters))
        scales = (ctypes.c_float * max(1, count))(*(it.scale for it in adapters))
        if self._llama.llama_set_adapters_lora(self._pointer, pointers, count, scales):
            raise LocalBackendError(
                f"llama.cpp could not apply the LoRA adapter{_because(engine_log().reason())}; "
                "use one that was made for this very model"
            )
        self._adapters = adapters

    def decode(self, runs: Sequence[Run]) -> list[list[Array]]:
        """Decode runs, each after what its sequence holds; the scores that each wants.

        Scores are float32, one for every token, and valid until the next decoding. Runs are of equal length, and
        bits do not depend on which go together; in a unified store they may differ in length, and bits do depend.

        Raises:
            LocalBackendError: When llama.cpp cannot decode them; the sequences are then empty.
        """
        fillers = self._fillers(runs)
        ordered = sorted([*runs, *fillers], key=lambda run: run.slot)
        last = self._fill(ordered)
        code = self._llama.llama_decode(self._pointer, self._batch)
        if code:
            for run in runs:
                self.keep(run.slot, 0)
            self._forget(fillers)
            raise LocalBackendError(
                f"llama.cpp could not decode {sum(len(run.tokens) for run in runs)} tokens of {len(runs)} sequences "
                f"(code {code})"
                f"{_because(engine_log().reason())}; free memory, or load the model with a smaller n_ctx"
            )
        for run in runs:
            self._lengths[run.slot] = run.start + len(run.tokens)
        self._forget(fillers)
        return [[self._scores(last[run.slot] - back) for back in reversed(range(run.wanted))] for run in runs]

    def _fillers(self, runs: Sequence[Run]) -> list[Run]:
        """Rows that are decoded for company and forgotten.

        llama.cpp takes sequences together only when their numbers follow one another, so a single row needs a
        neighbour; and a gap of one is filled where the run is short, which costs less than reading the weights once
        more. In a unified store all go together anyway.
        """
        if self.unified:
            return []
        length = len(runs[0].tokens)
        taken = {run.slot for run in runs}
        wanted: set[int] = set()
        if len(runs) > 1 and length <= _WORTH_FILLING:
            wanted = {
                slot for slot in range(self.slots) if slot not in taken and {slot - 1, slot + 1} <= taken
            }
        if length < SHORTEST and self.slots > 1:
            everyone = taken | wanted
            for slot in taken:
                if not {slot - 1, slot + 1} & everyone:
                    neighbour = slot + 1 if slot + 1 < self.slots else slot - 1
                    wanted.add(neighbour)
                    everyone.add(neighbour)
        room = self._most - length * len(runs)
        fitting = [slot for slot in sorted(wanted) if self._lengths[slot] + length <= self._room]
        return [Run(slot, self._lengths[slot], [0] * length) for slot in fitting[: room // length]]

    def _forget(self, runs: Sequence[Run]) -> None:
        for run in runs:
            self._llama.llama_memory_seq_rm(self._memory, run.slot, run.start, -1)

    def _fill(self, runs: Sequence[Run]) -> dict[int, int]:
        """Write runs into the batch; for each sequence, the row whose scores are wanted."""
        batch, row = self._batch, 0
        last: dict[int, int] = {}
        slots = {run.slot for run in runs}
        for slot, start, tokens, wanted in runs:
            for index, token in enumerate(tokens):
                batch.token[row] = token
                batch.pos[row] = start + index
                batch.n_seq_id[row] = 1
                batch.seq_id[row][0] = slot
                batch.logits[row] = index >= len(tokens) - wanted
                row += 1
            last[slot] = row - 1
            if len(tokens) >= SHORTEST and not {slot - 1, slot + 1} & slots:
                batch.logits[row - 2] = 1  # scores are rows of their own, of which there must be two as well
        batch.n_tokens = row
        return last

    def _scores(self, row: int) -> Array:
        pointer = self._llama.llama_get_logits_ith(self._pointer, row)
        return numpy().ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    def free(self) -> None:
        """Give the memory back; the context is dead afterwards."""
        self._llama.llama_batch_free(self._batch)
        self._llama.llama_free(self._pointer)


def _padded(size: int) -> int:
    """As llama.cpp rounds a sequence's room up itself."""
    return -(-size // 256) * 256


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
