"""How a prompt was fitted into its room: what was kept, what was cut and why."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BlockFit", "Fit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockFit:
    """One block of context, or the history.

    Attributes:
        id: The block's id; the input's name for the history.
        tokens: Tokens of what is shown.
        whole: Tokens of what was given.
        kept: How many of its units are shown.
        of: How many it has.
        unit: What is counted: ``items``, ``lines``, ``sentences``, ``words`` or ``messages``.
        cut: Why it was cut: ``max_tokens`` and ``keep_last`` are its own limits, ``room`` is that of the whole
            prompt; None where all of it is shown.
    """

    id: str
    tokens: int
    whole: int
    kept: int
    of: int
    unit: str
    cut: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A prompt and its room.

    Attributes:
        tokens: Tokens of all messages.
        room: How many there may be; None without a limit.
        exact: False where tokens were estimated: about four characters each, which is off by a fifth for English
            prose and by more for code, numbers and other scripts.
        blocks: The blocks that have a limit or may shrink, in their order, and the history.
    """

    tokens: int
    room: int | None
    exact: bool
    blocks: tuple[BlockFit, ...]

    def __str__(self) -> str:
        about = "" if self.exact else "about "
        room = "" if self.room is None else f" of {self.room}"
        lines = [f"{about}{self.tokens} tokens{room}"]
        for block in self.blocks:
            said = f"{block.id}: {block.tokens} tokens"
            if block.cut is not None:
                said += f" of {block.whole}; {block.kept} of {block.of} {block.unit} kept, cut by {block.cut}"
            lines.append(said)
        return "\n".join(lines)
