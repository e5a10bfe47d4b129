"""Tools: what a model may ask its caller to do, declared by the type of the arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from promptkit.errors import SchemaUnsupported, Unparseable
from promptkit.messages import Message, ToolCallPart, ToolResultPart
from promptkit.schemas import Invalid, OutputSchema
from promptkit.schemas.json_types import is_mapping

__all__ = ["Tool"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What every provider's API takes: some give this pattern of characters, some demand the first letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that the model may ask to be called. promptkit calls none: calls come back on the result.

    Attributes:
        name: A letter or an underscore, then letters, digits, underscores and hyphens, 64 at most in all.
        description: What it does, and when to use it.
        arguments: The schema of its arguments, an object.
    """

    name: str
    description: str
    arguments: OutputSchema[Any] = field(repr=False)

    @staticmethod
    def of(arguments: Any, *, name: str | None = None, description: str | None = None) -> Tool:
        """The tool whose arguments a type or a JSON Schema describes.

        Args:
            arguments: A pydantic model, TypedDict or dataclass, or a JSON Schema of an object.
            name: The tool's name; a type's own by itself.
            description: What it does; a type's docstring, or a schema's description by itself.

        Raises:
            ValueError: When there is no name or no description, or the name is none.
            SchemaUnsupported: When the arguments are no object, or no schema can be made of them.
        """
        called: str = name or str(getattr(arguments, "__name__", ""))
        if not _NAME.fullmatch(called):
            raise ValueError(
                f"{called!r} is no name of a tool; give name= with a letter first, then letters, digits, _ and -, "
                "64 at most"
            )
        schema = _schema(arguments, called)
        if schema.json_schema.get("type") != "object":
            raise SchemaUnsupported(
                f"the arguments of tool {called} are no object; name each of them in a model or a JSON Schema "
                "of type object"
            )
        said = description or schema.json_schema.get("description")
        if not said:
            raise ValueError(
                f"tool {called} lacks a description, by which the model decides; give description="
            )
        return Tool(name=called, description=said, arguments=schema)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The arguments' JSON Schema."""
        return self.arguments.json_schema

    def read(self, call: ToolCallPart) -> Any:
        """The arguments of a call as a typed value.

        Raises:
            ValueError: When the call is one of another tool.
            Unparseable: When the model wrote arguments that do not fit.
        """
        self._expect(call)
        outcome = self.arguments.read_json(call.arguments)
        if isinstance(outcome, Invalid):
            problems = "; ".join(str(problem) for problem in outcome.problems)
            raise Unparseable(
                f"the arguments for {self.name} do not fit: {problems}. Give the model a tool result that says so",
                text=call.arguments,
            )
        return outcome.value

    def answer(self, call: ToolCallPart, text: str) -> Message:
        """What the tool gave back, as a message that follows the one with the call.

        Raises:
            ValueError: When the call is one of another tool.
        """
        self._expect(call)
        return Message(role="tool", content=(ToolResultPart(id=call.id, text=text),))

    def _expect(self, call: ToolCallPart) -> None:
        if call.name != self.name:
            raise ValueError(f"the call asks for {call.name}, not for {self.name}")

    def to_dict(self) -> dict[str, Any]:
        """The declaration as JSON-able data."""
        return {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}


def _schema(arguments: Any, name: str) -> OutputSchema[Any]:
    if is_mapping(arguments):
        return OutputSchema.from_json_schema(arguments, name)
    made: OutputSchema[Any] = OutputSchema[Any].from_type(arguments, name)
    return made
