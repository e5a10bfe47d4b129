"""Keys: read from the environment where they are needed, kept nowhere, blotted out of what servers say."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from promptkit.completions import Completion, TokenLogprob
from promptkit.errors import BackendError
from promptkit.messages import ToolCallPart

__all__ = ["KeyBlotter", "key_problem"]

BLOT = "[key]"
_SHORTEST_SECRET = 8  # local servers are given words like "none", which may stand in any text


def key_problem(key_env: str, *, required: bool) -> str | None:
    """What is wrong with the key in a variable, as the end of a sentence; None when it can be used."""
    key = _key(key_env)
    if not key:
        return "is not set" if required else None
    if not key.isascii() or not key.isprintable() or " " in key:
        return "holds characters that no key has, such as blanks, line ends or letters beyond ASCII"
    return None


class KeyBlotter:
    """Takes the key out of one answer: servers quote back what they were given.

    It holds the variable's name, and reads the key anew each time; of the key itself it holds the first two
    characters, by which most pieces of a text are known to hold none of it.
    """

    __slots__ = ("_begin", "_key_env", "_waiting")

    def __init__(self, key_env: str) -> None:
        self._key_env = key_env
        self._waiting = ""
        self._begin = self._secret()[:2]

    def piece(self, text: str) -> str:
        """What of a streamed text can be shown: an end that may begin the key waits for the next piece."""
        begin = self._begin
        if not self._waiting and (not begin or (begin not in text and not text.endswith(begin[0]))):
            return text
        key = self._secret()
        text = self._waiting + text
        if not key:
            self._waiting = ""
            return text
        text = text.replace(key, BLOT)
        kept = next((n for n in range(min(len(key) - 1, len(text)), 0, -1) if key.startswith(text[-n:])), 0)
        self._waiting = text[len(text) - kept :]
        return text[: len(text) - kept]

    def rest(self) -> str:
        """What waited, when the text is over and it did not become the key."""
        waiting, self._waiting = self._waiting, ""
        return waiting

    def completion(self, completion: Completion) -> Completion:
        """The same completion without the key in any of its texts; without log-probabilities where they spell it."""
        key = self._secret()
        if not key or not _holds(completion, key):
            return completion
        return replace(
            completion,
            text=completion.text.replace(key, BLOT),
            model=completion.model.replace(key, BLOT),
            request_id=_blotted(completion.request_id, key),
            refusal=_blotted(completion.refusal, key),
            reasoning=_blotted(completion.reasoning, key),
            logprobs=_without_key(completion.logprobs, key),
            tool_calls=tuple(_call_without(call, key) for call in completion.tool_calls),
        )

    def error(self, error: BackendError) -> BackendError:
        """The same error without the key in any text of its own or of the errors that led to it."""
        key = self._secret()
        link: BaseException | None = error
        waiting, seen = [link], set[int]()
        while key and waiting:
            link = waiting.pop()
            if link is None or id(link) in seen:
                continue
            seen.add(id(link))
            link.args = tuple(_blotted(value, key) for value in link.args)
            for name, value in vars(link).items():
                if isinstance(value, str):
                    setattr(link, name, _blotted(value, key))
            waiting += [link.__cause__, link.__context__]
        return error

    def _secret(self) -> str:
        """The key; empty where there is none that could be told from other words."""
        key = _key(self._key_env)
        return key if len(key) >= _SHORTEST_SECRET else ""


def _holds(completion: Completion, key: str) -> bool:
    """Whether any of its texts holds the key, or an end that an excerpt has cut."""
    begin = key[:_SHORTEST_SECRET]
    texts = (
        completion.text,
        completion.model,
        completion.request_id,
        completion.refusal,
        completion.reasoning,
    )
    return (
        any(text is not None and begin in text for text in texts)
        or completion.logprobs is not None
        or bool(completion.tool_calls)
    )


def _call_without(call: ToolCallPart, key: str) -> ToolCallPart:
    return replace(
        call,
        id=call.id.replace(key, BLOT),
        name=call.name.replace(key, BLOT),
        arguments=call.arguments.replace(key, BLOT),
        signature=_blotted(call.signature, key),
    )


def _without_key(tokens: tuple[TokenLogprob, ...] | None, key: str) -> tuple[TokenLogprob, ...] | None:
    """The tokens, or None where they spell the key: it is spread over several of them, and over alternatives."""
    if tokens is None:
        return None
    spelled = "".join(token.text for token in tokens)
    alternatives = (text for token in tokens for text, _ in token.top)
    return None if key in spelled or any(key in text for text in alternatives) else tokens


def _key(key_env: str) -> str:
    return os.environ.get(key_env, "").strip()


def _blotted(value: Any, key: str) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace(key, BLOT)
    if "…" not in text:
        return text
    for length in range(len(key) - 1, _SHORTEST_SECRET - 1, -1):  # a key that an excerpt's end has cut
        text = text.replace(f"{key[:length]}…", f"{BLOT}…")
    return text
