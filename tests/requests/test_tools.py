from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from promptkit.errors import SchemaUnsupported, Unparseable
from promptkit.messages import ToolCallPart
from promptkit.requests import Tool


class Find(BaseModel):
    """Find a thing by its colour."""

    colour: str
    most: int = 3


@dataclass
class Look:
    at: str


SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}


def test_a_model_is_a_tool_with_its_name_and_its_docstring() -> None:
    tool = Tool.of(Find)

    assert (tool.name, tool.description) == ("Find", "Find a thing by its colour.")
    assert tool.parameters["properties"]["colour"]["type"] == "string"
    assert tool.parameters["required"] == ["colour"]
    assert tool.to_dict()["parameters"] == tool.parameters


@pytest.mark.parametrize(("arguments", "value"), [(Look, Look(at="here")), (SCHEMA, {"at": "here"})])
def test_other_types_and_schemas_are_tools_when_name_and_description_are_given(arguments, value) -> None:
    tool = Tool.of(arguments, name="look", description="Look at a place.")

    assert tool.read(ToolCallPart(id="1", name="look", arguments='{"at":"here"}')) == value


def test_the_arguments_of_a_call_are_read_as_a_typed_value() -> None:
    call = ToolCallPart(id="1", name="Find", arguments='{"colour":"red"}')

    assert Tool.of(Find).read(call) == Find(colour="red", most=3)


def test_arguments_that_do_not_fit_say_what_is_wrong() -> None:
    call = ToolCallPart(id="1", name="Find", arguments='{"most":"x"}')

    with pytest.raises(Unparseable, match="the arguments for Find do not fit: .*colour") as caught:
        Tool.of(Find).read(call)

    assert caught.value.text == '{"most":"x"}'


def test_a_call_of_another_tool_is_not_read() -> None:
    other = ToolCallPart(id="1", name="look", arguments="{}")

    with pytest.raises(ValueError, match="asks for look, not for Find"):
        Tool.of(Find).read(other)
    with pytest.raises(ValueError, match="asks for look, not for Find"):
        Tool.of(Find).answer(other, "x")


@pytest.mark.parametrize(
    ("arguments", "given", "kind", "said"),
    [
        (SCHEMA, {"description": "x"}, ValueError, "'' is no name of a tool"),
        (SCHEMA, {"name": "2 words", "description": "x"}, ValueError, "'2 words' is no name"),
        (SCHEMA, {"name": "look"}, ValueError, "tool look lacks a description"),
        (list[str], {"name": "look", "description": "x"}, SchemaUnsupported, "are no object"),
    ],
)
def test_a_declaration_that_lacks_something_says_so(arguments, given, kind, said) -> None:
    with pytest.raises(kind, match=said):
        Tool.of(arguments, **given)
