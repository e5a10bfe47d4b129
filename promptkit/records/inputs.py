"""The inputs of a recorded call, to be given to a prompt again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptkit.errors import ConfigurationError
from promptkit.records.call_record import CallRecord

__all__ = ["recorded_inputs"]

_LENGTH_ALONE = ["media_type", "bytes"]
"""The keys under which a record has an image or a document."""


def recorded_inputs(call: CallRecord) -> Mapping[str, Any]:
    """The inputs of a call by name, without those that were left out.

    Raises:
        ConfigurationError: When the record does not hold them.
    """
    if not call.request.messages:
        raise ConfigurationError(
            f"the record {call.id} was kept without its content, so there are no inputs to replay; keep calls without "
            f"content=False, and let redact= leave the messages of those that you will need"
        )
    for name, value in call.prompt.inputs.items():
        if isinstance(value, dict) and list(value) == _LENGTH_ALONE:  # pyright: ignore[reportUnknownArgumentType]
            raise ConfigurationError(
                f"the input {name} of the record {call.id} was {value['media_type']} of {value['bytes']} bytes, of "
                f"which a record keeps the length alone; run the prompt with the file itself: promptkit run NAME --set "
                f"{name}=@FILE"
            )
    return {name: value for name, value in call.prompt.inputs.items() if value is not None}
