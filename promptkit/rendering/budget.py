"""The room that a prompt has: which blocks give way, in which order, and what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from promptkit.constraints import parse
from promptkit.declarations import Declaration, Shrink
from promptkit.errors import ContextOverflow, InputError, InputProblem
from promptkit.messages import Message
from promptkit.rendering.printing import printed
from promptkit.rendering.shrinking import Shrunk, shrunk
from promptkit.requests import BlockFit, Count, Fit

__all__ = ["BlockLimit", "CountTokens", "Fitted", "fit_inputs", "limits_of"]

CountTokens: TypeAlias = Callable[[Sequence[Message]], Count]
Render: TypeAlias = Callable[[Mapping[str, Any]], Sequence[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLimit:
    """One block of context that has a limit or may shrink, or the history.

    Attributes:
        id: The block's id; the input's name for the history.
        path: Names from the input to the value.
        shrink: How it is shortened.
        priority: Lower ones give way first.
        max_tokens: The most tokens of it alone; None for no limit.
        keep_last: The most messages of the history; None for no limit.
        turns: True for the history.
    """

    id: str
    path: tuple[str, ...]
    shrink: Shrink
    priority: int = 0
    max_tokens: int | None = None
    keep_last: int | None = None
    turns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A prompt that has room.

    Attributes:
        messages: As they are sent.
        values: The inputs as they are shown.
        fit: What was kept and cut.
    """

    messages: tuple[Message, ...]
    values: Mapping[str, Any]
    fit: Fit


def limits_of(declaration: Declaration, history: str | None) -> tuple[BlockLimit, ...]:
    """What a declaration limits, in its order, the history last.

    Args:
        declaration: The prompt.
        history: The input that holds earlier turns, if there is one.
    """
    blocks = [
        BlockLimit(
            id=block.id,
            path=tuple(str(step) for step in parse(block.source).steps),
            shrink=block.shrink,
            priority=block.priority,
            max_tokens=block.max_tokens,
        )
        for block in declaration.context
        if block.source is not None and (block.max_tokens is not None or block.shrink != "never")
    ]
    turns = declaration.input.history
    if turns is not None and history is not None:
        blocks.append(
            BlockLimit(
                id=history,
                path=(history,),
                shrink="drop_first",
                priority=turns.priority,
                max_tokens=turns.max_tokens,
                keep_last=turns.keep_last,
                turns=True,
            )
        )
    return tuple(blocks)


def fit_inputs(
    limits: Sequence[BlockLimit],
    values: Mapping[str, Any],
    *,
    room: int | None,
    count: CountTokens,
    render: Render,
) -> Fitted:
    """Render with as much of the inputs as there is room for.

    First each block is held to its own limit. While the whole is then too long, the block of the lowest priority
    is shortened, down to nothing, then the next; of equal ones the later. Nothing else is ever cut: not an
    instruction, not an example, not a fence.

    Args:
        limits: The blocks that have a limit or may shrink.
        values: The validated inputs.
        room: The most tokens of all messages; None for no limit.
        count: Counts the tokens of messages.
        render: Renders the prompt with other values.

    Raises:
        InputError: When a block that may not shrink is longer than its own limit.
        ContextOverflow: When the prompt is too long after all that may give way is gone.
    """
    blocks = [block for limit in limits if (block := _Block.of(limit, values, count)) is not None]
    for block in blocks:
        block.hold()
    shown, messages, total = _rendered(blocks, values, count, render)
    order = sorted(range(len(blocks)), key=lambda at: (blocks[at].limit.priority, -at))
    for block in (blocks[at] for at in order if blocks[at].limit.shrink != "never"):
        while room is not None and total.n > room and block.kept and block.value:
            block.shorten(min(block.tokens - (total.n - room), block.tokens - 1), "room")
            shown, messages, total = _rendered(blocks, values, count, render)
    fit = Fit(tokens=total.n, room=room, exact=total.exact, blocks=tuple(block.fit for block in blocks))
    if room is not None and total.n > room:
        raise _too_long(fit)
    return Fitted(messages=messages, values=shown, fit=fit)


def _rendered(
    blocks: Sequence[_Block], values: Mapping[str, Any], count: CountTokens, render: Render
) -> tuple[Mapping[str, Any], tuple[Message, ...], Count]:
    for block in blocks:
        if block.cut is not None:
            values = _replaced(values, block.limit.path, block.value)
    messages = tuple(render(values))
    return values, messages, count(messages)


def _too_long(fit: Fit) -> ContextOverflow:
    about = "" if fit.exact else "about "
    cut = ", ".join(block.id for block in fit.blocks if block.cut)
    gone = f" after {cut} gave way" if cut else ""
    return ContextOverflow(
        f"the prompt has {about}{fit.tokens} tokens{gone}, and room for {fit.room}; nothing was sent. Give shorter "
        "inputs, let a block of context shrink, or use a model with a larger context"
    )


@dataclass(slots=True)
class _Block:
    """A limit at work on a value."""

    limit: BlockLimit
    whole: Any
    counted: CountTokens
    value: Any
    tokens: int
    most: int
    kept: int = 1
    units: int = 1
    unit: str = "items"
    cut: str | None = field(default=None)

    @classmethod
    def of(cls, limit: BlockLimit, values: Mapping[str, Any], count: CountTokens) -> _Block | None:
        whole = _found(values, limit.path)
        if whole is None:
            return None
        block = cls(limit, whole, count, whole, 0, 0)
        block.tokens = block.most = block.size(whole)
        if limit.turns:
            block.kept = block.units = len(whole)
            block.unit = "messages"
        return block

    @property
    def fit(self) -> BlockFit:
        return BlockFit(
            id=self.limit.id,
            tokens=self.tokens,
            whole=self.most,
            kept=self.kept,
            of=self.units,
            unit=self.unit,
            cut=self.cut,
        )

    def size(self, value: Any) -> int:
        """Tokens of a value as it is shown."""
        if self.limit.turns:
            return self.counted(value).n if value else 0
        one, none = (Message(role="user", content=str(text)) for text in (printed(value), ""))
        return self.counted([one]).n - self.counted([none]).n

    def hold(self) -> None:
        """Shorten it to its own limits.

        Raises:
            InputError: When it is too long and may not shrink.
        """
        limit = self.limit
        if limit.keep_last is not None and self.kept > limit.keep_last:
            self._take(self._latest(limit.keep_last), "keep_last")
        if limit.max_tokens is None or self.tokens <= limit.max_tokens:
            return
        if limit.shrink == "never":
            path = ".".join(limit.path)
            problem = (
                f"it has {self.tokens} tokens, and context.{limit.id} may show {limit.max_tokens}; give a shorter "
                "one, or add `shrink:` to the block"
            )
            raise InputError(f"{path}: {problem}", problems=[InputProblem(path, "size", problem)])
        self.shorten(limit.max_tokens, "max_tokens")

    def shorten(self, most: int, why: str) -> None:
        """Keep as much as has so many tokens."""

        def fits(value: Any) -> bool:
            return self.size(value) <= most

        if self.limit.turns:
            longest = next((turns for turns in self._endings() if fits(turns)), ())
            self._take(Shrunk(longest, len(longest), self.units, "messages"), why)
        else:
            self._take(shrunk(self.whole, self.limit.shrink, fits), why)

    def _take(self, left: Shrunk, why: str) -> None:
        self.value, self.kept, self.units, self.unit = left.value, left.kept, left.of, left.unit
        self.tokens = self.size(left.value)
        self.cut = why

    def _latest(self, count: int) -> Shrunk:
        longest = next((turns for turns in self._endings() if len(turns) <= count), ())
        return Shrunk(longest, len(longest), self.units, "messages")

    def _endings(self) -> Iterator[Sequence[Message]]:
        """The history's ends that begin with the user, the longest first: no answer without its question."""
        turns: Sequence[Message] = self.value
        yield turns
        for at in range(1, len(turns)):
            if turns[at].role == "user":
                yield turns[at:]


def _found(values: Any, path: Sequence[str]) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return values  # pyright: ignore[reportUnknownVariableType]


def _replaced(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    name, *rest = path
    return {**values, name: _replaced(values[name], rest, value) if rest else value}
