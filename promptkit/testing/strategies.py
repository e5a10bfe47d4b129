"""Hypothesis strategies from a prompt: its inputs, and outputs that fit its schema and hold its rules."""

from __future__ import annotations

import zlib
from typing import Any

from hypothesis import strategies as st

from promptkit.backends.mock import values_of
from promptkit.messages import DocumentPart, ImagePart, Message
from promptkit.prompts import Prompt, TypedPrompt
from promptkit.schemas import Generator, Refused
from promptkit.schemas.inputs import InputField

__all__ = ["inputs", "outputs"]

_SEEDS = st.none() | st.integers(0, 2**31)
"""None is the plainest value: failing examples shrink to it where it fails as well."""


def outputs(prompt: Prompt[Any] | TypedPrompt[..., Any], /, **given: Any) -> st.SearchStrategy[Any]:
    """Values that fit a prompt's output and hold its rules, as plain data; texts for a text output.

    Args:
        prompt: The prompt.
        given: Inputs, for rules such as ``quoted_from`` that compare with them.

    Raises:
        ValueError: When there is no such value, with the reason.
        InputError: When the inputs do not fit.
    """
    held = prompt.prompt if isinstance(prompt, TypedPrompt) else prompt
    output = held.render(**given).output if given else held.contract.output
    values = values_of(output)
    plainest = values.made()
    if isinstance(plainest, Refused):
        raise ValueError(f"no output of {held.name} can be made up: {plainest.reason}")  # noqa: TRY004 - no wrong type

    def made(seed: int | None) -> Any:
        found = values.made(seed)
        return plainest.value if isinstance(found, Refused) else found.value

    return _SEEDS.map(made)


def inputs(prompt: Prompt[Any] | TypedPrompt[..., Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs that a prompt takes, by name; optional ones are left out at times.

    Raises:
        ValueError: When an input has no value, with the reason.
    """
    held = prompt.prompt if isinstance(prompt, TypedPrompt) else prompt
    fields = held.contract.inputs.fields
    required = {name: _value(held.name, field) for name, field in fields.items() if field.required}
    optional = {name: _value(held.name, field) for name, field in fields.items() if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


def _value(prompt: str, field: InputField) -> st.SearchStrategy[Any]:
    if field.kind == "image":
        return st.just(ImagePart(data=_PIXEL, media_type="image/png"))
    if field.kind == "document":
        return st.just(DocumentPart(data=b"%PDF-1.4\n%%EOF\n", name="document.pdf"))
    if field.kind == "messages":
        turn = st.tuples(st.text(min_size=1), st.text(min_size=1)).map(
            lambda pair: [Message(role="user", content=pair[0]), Message(role="assistant", content=pair[1])]
        )
        return st.lists(turn, max_size=3).map(lambda turns: [message for pair in turns for message in pair])
    generator = Generator.of(field.json_schema)
    plainest = generator if isinstance(generator, Refused) else generator.made(None)
    if isinstance(generator, Refused) or isinstance(plainest, Refused):
        reason = plainest.reason if isinstance(plainest, Refused) else ""
        raise ValueError(  # noqa: TRY004 - no wrong type
            f"no value of the input {field.name} of {prompt} can be made up: {reason}"
        )

    def made(seed: int | None) -> Any:
        found = generator.made(seed)
        return plainest.value if isinstance(found, Refused) else found.value

    return _SEEDS.map(made)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file: length, kind, data, checksum (PNG specification, section 5.3)."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


_PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
)
"""One black pixel."""
