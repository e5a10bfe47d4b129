"""Whether an answer holds its contract, for layers that keep answers or put them aside."""

from __future__ import annotations

from promptkit.completions import Completion
from promptkit.errors import (
    Empty,
    Filtered,
    OutputError,
    PromptKitError,
    Refused,
    Truncated,
    Unparseable,
)
from promptkit.requests import Request
from promptkit.schemas import Invalid

__all__ = ["fault_of"]

_STOPPED: dict[str, type[OutputError]] = {
    "length": Truncated,
    "cancelled": Truncated,
    "refusal": Refused,
    "filter": Filtered,
}


def fault_of(request: Request, completion: Completion) -> PromptKitError | None:
    """What the answer would be refused with; None where it is whole and holds the contract.

    The judge of the request decides. Without one, when a backend is asked apart from a prompt, the answer must
    be whole and fit the output's schema; constraints are not looked at then.
    """
    if request.judge is not None:
        return request.judge(completion)
    usage, text = completion.usage, completion.text
    stopped = _STOPPED.get(completion.finish_reason)
    if stopped is not None:
        return stopped(f"the answer ended with {completion.finish_reason}", text=text, usage=usage)
    if completion.tool_calls:
        return None
    if not text.strip():
        return Empty("the model wrote nothing", usage=usage)
    read = request.output.schema.read_json(text)
    if isinstance(read, Invalid):
        return Unparseable(f"the answer does not fit: {read.problems[0]}", text=text, usage=usage)
    return None
