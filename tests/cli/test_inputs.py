"""Inputs from --set, --inputs and standard input."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from promptkit.cli.inputs import gather
from promptkit.errors import InputError
from promptkit.schemas.inputs import InputSchema

SCHEMA = InputSchema.from_declared(
    {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "label": {"enum": ["a", "b"]},
            "level": {"enum": [1, 2]},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "count": {"type": "integer"},
            "ratio": {"type": ["number", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "sender": {"$ref": "#/$defs/sender"},
            "photo": {"x-part": "image"},
            "history": {"x-part": "messages"},
            "anything": {},
        },
        "required": ["text"],
        "$defs": {
            "sender": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            }
        },
    }
)
ONE_TEXT = InputSchema.inferred(["message"])


def given(*sets: str, schema: InputSchema = SCHEMA, file: Path | None = None) -> dict[str, Any]:
    return gather(schema, sets=sets, file=file, stdin=False)


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes, *sets: str, schema: InputSchema) -> dict[str, Any]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return gather(schema, sets=sets, file=None, stdin=True)


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("text=I was charged twice", "text", "I was charged twice"),
        ("text=42", "text", "42"),
        ("text=", "text", ""),
        ("text=a=b", "text", "a=b"),
        ("text=@@home", "text", "@home"),
        ("label=a", "label", "a"),
        ("level=2", "level", 2),
        ("note=null", "note", "null"),
        ("count=3", "count", 3),
        ("ratio=0.5", "ratio", 0.5),
        ("ratio=null", "ratio", None),
        ('tags=["a", "b"]', "tags", ["a", "b"]),
        ('sender={"name": "Ann"}', "sender", {"name": "Ann"}),
        ('history=[{"role": "user", "content": "Hi"}]', "history", [{"role": "user", "content": "Hi"}]),
        ("anything=7", "anything", "7"),
        ("unknown=7", "unknown", "7"),
    ],
)
def test_a_value_is_text_for_text_inputs_and_json_for_all_others(
    assignment: str, name: str, value: Any
) -> None:
    assert given(assignment) == {name: value}


def test_dotted_keys_set_fields_of_an_object_by_their_types() -> None:
    inputs = given("sender.name=42", "sender.age=42", "sender.unknown=42")

    assert inputs == {"sender": {"name": "42", "age": 42, "unknown": "42"}}


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("count=many", "count is no text input, so its value is read as JSON, and many is none"),
        ("count=many", "Write --set count=3"),
        ("tags=a, b", """Write --set tags='["a", "b"]'"""),
        ("sender.age=old", "Write --set sender.age=JSON"),
        ("history=Hi", """--set history='[{"role": "user", "content": "Hi"}]\'"""),
        ("count=NaN", "NaN is no JSON value"),
        ("photo=cat.png", "photo is an image; give it as a file, --set photo=@FILE"),
        ("text", "write it as key=value"),
        ("=x", "write it as key=value"),
        ("sender..name=x", "write it as key=value"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_the_mend(assignment: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        given(assignment)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        (("text=a", "text=b"), "--set text is given twice"),
        (("sender.age=1", "sender.age=2"), "--set sender.age is given twice"),
        (('sender={"name": "Ann"}', "sender.age=2"), "--set sender.age is given beside --set sender"),
        (("sender.age=2", 'sender={"name": "Ann"}'), "--set sender is given beside --set sender.age"),
    ],
)
def test_the_same_key_twice_is_an_error(sets: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError) as caught:
        given(*sets)

    assert told in str(caught.value)


def test_a_file_gives_text_as_it_stands_json_for_other_types_and_its_path_for_images(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_bytes("Grüße\r\n\n".encode())
    tags = tmp_path / "tags.json"
    tags.write_text('["a"]')
    photo = tmp_path / "cat.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n")

    inputs = given(f"text=@{text}", f"tags=@{tags}", f"photo=@{photo}", f"sender.name=@{text}")

    assert inputs == {
        "text": "Grüße\r\n\n",
        "tags": ["a"],
        "photo": photo,
        "sender": {"name": "Grüße\r\n\n"},
    }


@pytest.mark.parametrize("name", ["text", "photo", "tags"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        given(f"{name}=@{tmp_path / 'nowhere'}")

    message = f"--set {name}: the file {tmp_path / 'nowhere'} cannot be read: No such file or directory"
    assert str(caught.value) == message


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Grüße".encode("latin-1"))

    with pytest.raises(InputError, match=r"is no UTF-8 text \(byte 2\)"):
        given(f"text=@{tmp_path / 'latin.txt'}")


def test_set_counts_over_the_inputs_file_and_reaches_into_its_objects(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text('\ufeff{"text": "from file", "count": 1, "sender": {"name": "Ann", "age": 3}}')

    inputs = given("count=2", "sender.age=4", file=file)

    assert inputs == {"text": "from file", "count": 2, "sender": {"name": "Ann", "age": 4}}


def test_a_dotted_key_below_something_that_is_no_object_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "inputs.json"
    file.write_text('{"sender": "Ann"}')

    with pytest.raises(InputError, match="sender is no object in what was given besides"):
        given("sender.age=4", file=file)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{text: 1}", "is no JSON"),
        ("[1]", "holds JSON, but no object"),
        ('{"text": "a", "text": "b"}', "occurs twice"),
        ("", "is no JSON"),
    ],
)
def test_an_inputs_file_that_is_no_object_is_told(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "inputs.json"
    file.write_text(content)

    with pytest.raises(InputError) as caught:
        given(file=file)

    assert told in str(caught.value)
    assert f"--inputs {file}" in str(caught.value)


def test_standard_input_is_an_object_of_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = piped(monkeypatch, b'\n {"text": "Hi", "count": 1}', "count=2", schema=SCHEMA)

    assert inputs == {"text": "Hi", "count": 2}


@pytest.mark.parametrize("text", ["I was charged twice.\n", "[1, 2]", "{not json", '"a"', "42"])
def test_standard_input_that_is_no_object_is_the_only_text_input(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert piped(monkeypatch, text.encode(), schema=ONE_TEXT) == {"message": text}


def test_standard_input_is_the_text_input_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = InputSchema.inferred(["text", "language"])

    assert piped(monkeypatch, b"Hello", "language=German", schema=schema) == {
        "text": "Hello",
        "language": "German",
    }


def test_standard_input_is_the_only_required_text_input(monkeypatch: pytest.MonkeyPatch) -> None:
    assert piped(monkeypatch, b"Hello", schema=SCHEMA) == {"text": "Hello"}


@pytest.mark.parametrize("data", [b"plain text", b'{"one": 1,'])
def test_plain_text_that_could_be_several_inputs_is_an_error(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    with pytest.raises(InputError, match="standard input is no JSON"):
        piped(monkeypatch, data, schema=InputSchema.inferred(["one", "two"]))


def test_standard_input_that_is_no_utf8_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="standard input is no UTF-8 text"):
        piped(monkeypatch, b"\xff\xfe", schema=ONE_TEXT)
