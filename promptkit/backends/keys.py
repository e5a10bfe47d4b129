"""Keys: read from the environment where they are needed, kept nowhere, blotted out of errors."""

from __future__ import annotations

import os

from promptkit.errors import BackendError

__all__ = ["blot_key", "key_problem"]

_SHORTEST_SECRET = 8  # local servers are given words like "none", which may stand in any text


def key_problem(key_env: str, *, required: bool) -> str | None:
    """What is wrong with the key in a variable, as the end of a sentence; None when it can be used."""
    key = os.environ.get(key_env, "").strip()
    if not key:
        return "is not set" if required else None
    if not key.isascii() or not key.isprintable() or " " in key:
        return "holds characters that no key has, such as blanks, line ends or letters beyond ASCII"
    return None


def blot_key(error: BackendError, key_env: str) -> BackendError:
    """The same error with the key taken out of its text: servers quote back what they were given."""
    key = os.environ.get(key_env, "").strip()
    if len(key) >= _SHORTEST_SECRET:
        error.args = tuple(text.replace(key, "[key]") for text in error.args)
        error.code = error.code.replace(key, "[key]") if error.code else error.code
    return error
