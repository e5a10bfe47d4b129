"""A raw JSON Schema that is wrong is refused at the line of what is wrong."""

from __future__ import annotations

import pytest

from promptkit.authoring import read_text
from promptkit.errors import TemplateError

HEAD = "---\noutput:\n  json_schema:\n    type: object\n    properties:\n"


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ("      a: {type: strng}\n", "6:17", "strng is no type of JSON Schema (did you mean string?)"),
        ('      b: 1\n      a: {$ref: "#/$defs/x"}\n', "7:17", "refers to #/$defs/x, which is not in it"),
        ("      a: {minLength: -1}\n", "6:22", "the JSON Schema is invalid at properties.a.minLength"),
        ('      a:\n        pattern: "("\n', "7:18", "invalid at properties.a.pattern"),
        ("      a: {enum: 3}\n", "6:17", "invalid at properties.a.enum"),
        ('      a: {$ref: "https://x.org/o.json"}\n', "6:17", "is another document, which is never fetched"),
        ("      a: {type: [string, nul]}\n", "6:26", "nul is no type of JSON Schema (did you mean null?)"),
    ],
)
def test_the_error_names_line_column_and_the_mend(fields: str, place: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        read_text(HEAD + fields + "---\n", file="x.prompt.j2")

    assert str(caught.value).startswith(f"x.prompt.j2:{place}: ")
    assert said in str(caught.value)


def test_the_schema_of_inputs_is_looked_at_as_well() -> None:
    text = "---\ninput:\n  schema:\n    type: object\n    properties:\n      a: {type: txt}\n---\n"

    with pytest.raises(TemplateError, match=r"x.prompt.j2:6:17: txt is no type"):
        read_text(text, file="x.prompt.j2")


def test_recursion_and_references_inside_the_schema_are_fine() -> None:
    text = (
        '---\noutput:\n  json_schema:\n    $ref: "#/$defs/n"\n    $defs:\n'
        '      n: {type: object, properties: {next: {$ref: "#/$defs/n"}}}\n---\n'
    )

    assert read_text(text, file="x").output.json_schema == {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}},
    }
