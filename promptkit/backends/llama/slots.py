"""Which sequence holds which prompt, and which one a new prompt takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from promptkit.backends.llama.bindings import Array, numpy
from promptkit.backends.llama.contexts import SHORTEST, Adapter, Context

__all__ = ["Place", "Slot", "Slots", "shared"]

_WORTH_WAITING = 16
"""So many more tokens of a prompt that another one is just reading are worth waiting for."""


@dataclass(slots=True, eq=False)
class Slot:
    """One sequence of the context.

    Attributes:
        index: Its number.
        prompt: The prompt that it holds or is to hold.
        read: How many tokens of it are decoded.
        held: All tokens that it holds after a request whose answer was cut, the answer's among them.
        adapters: The LoRA weights that it was decoded with.
        taken: True while a request uses it.
        used: When it was last taken; higher is later.
    """

    index: int
    prompt: Array
    read: int = 0
    held: Array = field(default_factory=lambda: numpy().zeros(0, dtype=numpy().int32))
    adapters: tuple[Adapter, ...] = ()
    taken: bool = False
    used: int = 0


class Place(NamedTuple):
    """Where a prompt is put.

    Attributes:
        slot: Its sequence.
        kept: How many of its tokens are there already.
    """

    slot: Slot
    kept: int


@dataclass(slots=True)
class Slots:
    """The sequences of a context: a least-recently-used store of prompts.

    Args:
        context: Whose sequences they are.
    """

    context: Context
    _slots: list[Slot] = field(init=False)
    _clock: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        nothing = numpy().zeros(0, dtype=numpy().int32)
        self._slots = [Slot(index, nothing) for index in range(self.context.slots)]

    @property
    def free(self) -> int:
        """How many are not taken."""
        return sum(not slot.taken for slot in self._slots)

    def take(self, prompt: Array, adapters: tuple[Adapter, ...], scored: int) -> Place | None:
        """A sequence for a prompt, with as much of it as is known anywhere.

        None when all are taken, or when another request is just reading much of this very prompt, which can be
        copied once it is there.

        Args:
            prompt: Its tokens.
            adapters: The LoRA weights that it is decoded with.
            scored: From which of them on scores are wanted.
        """
        idle = [slot for slot in self._slots if not slot.taken]
        if not idle:
            return None
        # The last tokens are decoded again in any case: their scores are wanted.
        again = max(SHORTEST, len(prompt) - scored)
        body = prompt[: max(0, len(prompt) - again)]
        alike = [slot for slot in self._slots if slot.adapters == adapters]
        common = {slot.index: shared(slot.prompt, body) for slot in alike}
        known = {slot.index: min(common[slot.index], slot.read) for slot in alike}
        best = max(known.values(), default=0)
        coming = max((common[slot.index] for slot in alike if slot.taken), default=0)
        if coming - best >= _WORTH_WAITING:
            return None
        slot = self._chosen(idle, known, best)
        kept = self._moved(slot, known, best)
        self._clock += 1
        slot.prompt, slot.read, slot.adapters = prompt, kept, adapters
        slot.held = slot.held[:0]
        slot.taken, slot.used = True, self._clock
        return Place(slot, kept)

    def _chosen(self, idle: list[Slot], known: dict[int, int], best: int) -> Slot:
        """Where it stands already, unless that would forget more than it keeps; else the longest unused."""
        here = [slot for slot in idle if best and known.get(slot.index, 0) == best and 2 * best >= slot.read]
        if here:
            return min(here, key=lambda slot: slot.read)
        return min(idle, key=lambda slot: (slot.read > 0, slot.used, slot.index))

    def _moved(self, slot: Slot, known: dict[int, int], best: int) -> int:
        if best == 0 or known.get(slot.index, 0) == best:
            return self.context.keep(slot.index, best)
        source = next(index for index, count in known.items() if count == best)
        return self.context.copy(source, slot.index, best)

    def take_again(self, tokens: Array, adapters: tuple[Adapter, ...], scored: int) -> Place | None:
        """The idle sequence that these tokens begin with, all that it holds, to go on where it stands; else None.

        What was written token by token has other last bits than what is read as a prompt: only who goes on with
        an answer finds it, so that no other request depends on who asked before.

        Args:
            tokens: Prompt and answer so far.
            adapters: The LoRA weights that they are decoded with.
            scored: From which of them on scores are wanted: it and what follows are decoded again.
        """
        for slot in self._slots:
            held = len(slot.held)
            fits = not slot.taken and slot.adapters == adapters and slot.read < held <= len(tokens)
            if fits and shared(slot.held, tokens) == held:
                kept = self.context.keep(slot.index, min(held, scored))
                self._clock += 1
                slot.prompt, slot.read = tokens, min(slot.read, kept)
                slot.taken, slot.used = True, self._clock
                return Place(slot, kept)
        return None

    def release(self, slot: Slot, held: Array) -> None:
        """The request is over; what was read of its prompt stays, and the answer for who goes on with it.

        Args:
            slot: Its sequence.
            held: All tokens that it holds where the answer may be gone on with; else none.
        """
        slot.taken = False
        slot.held = held
        slot.prompt = slot.prompt[: slot.read]

    def forget(self, slot: Slot) -> None:
        """Its sequence was emptied."""
        slot.read = 0
        slot.prompt = slot.held = slot.prompt[:0]


def shared(one: Array, other: Array) -> int:
    """The length of the common beginning of two arrays of tokens."""
    length = min(len(one), len(other))
    differ = one[:length] != other[:length]
    return int(differ.argmax()) if length and differ.any() else length
