"""InputSchema: everything wrong in one error, values as plain data, byte for byte."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import uuid
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, Literal, NamedTuple, NotRequired

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict

from promptkit.errors import InputError, SchemaUnsupported
from promptkit.messages import DocumentPart, ImagePart, Message, TextPart
from promptkit.schemas import MAX_INPUT_CHARS, InputSchema

DECLARED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "ticket": {
            "type": "object",
            "properties": {
                "subject": {"type": "string"},
                "body": {"type": "string"},
                "lang": {"type": ["string", "null"], "default": "en"},
            },
            "required": ["subject", "body"],
            "additionalProperties": False,
        },
        "product": {"enum": ["router", "camera", "app"], "description": "which device"},
        "kb": {"type": ["array", "null"], "items": {"type": "string"}},
        "count": {"type": "integer", "default": 3},
        "ratio": {"type": "number"},
        "urgent": {"type": "boolean"},
        "photo": {"x-part": "image"},
        "history": {"x-part": "messages"},
    },
    "required": ["ticket", "product"],
    "additionalProperties": False,
}
TICKET = {"subject": "Offline", "body": "Help."}
PNG = b"\x89PNG\r\n\x1a\n..."


class Ticket(BaseModel):
    subject: str
    body: str
    lang: str | None = "en"
    internal: int = 1


@dataclass
class TicketData:
    subject: str
    body: str


class TicketTuple(NamedTuple):
    subject: str
    body: str


class Product(StrEnum):
    ROUTER = "router"


class Level(IntEnum):
    HIGH = 3


class Colour(Enum):
    RED = "red"


def check(**inputs: Any) -> dict[str, Any]:
    return InputSchema.from_declared(DECLARED).validate(
        {"ticket": TICKET, "product": "app", **inputs}, prompt="support/triage@2.1.0"
    )


def refused(schema: InputSchema, inputs: dict[str, Any], **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        schema.validate(inputs, prompt="p", **options)
    return caught.value


def test_one_error_lists_everything_that_is_wrong():
    with pytest.raises(InputError) as caught:
        InputSchema.from_declared(DECLARED).validate(
            {"ticket": {"subject": "a", "body": 5}, "prodcut": "app"}, prompt="support/triage@2.1.0"
        )

    assert str(caught.value) == (
        "inputs do not fit support/triage@2.1.0: ticket.body: expected a string, got an integer; "
        "missing product; unexpected prodcut (did you mean product?)"
    )
    assert [(problem.path, problem.kind) for problem in caught.value.problems] == [
        ("ticket.body", "type"),
        ("product", "missing"),
        ("prodcut", "unexpected"),
    ]
    assert caught.value.path == "ticket.body"


def test_values_come_in_declared_order_with_defaults_filled_in():
    values = check()

    assert list(values) == ["ticket", "product", "kb", "count", "ratio", "urgent", "photo", "history"]
    assert values["ticket"] == {"subject": "Offline", "body": "Help.", "lang": "en"}
    assert (values["kb"], values["count"], values["photo"]) == (None, 3, None)


def test_a_default_is_a_new_object_for_each_call():
    schema = InputSchema.from_declared(
        {"type": "object", "properties": {"tags": {"type": "array", "default": []}}}
    )

    schema.validate({}, prompt="p")["tags"].append("x")

    assert schema.validate({}, prompt="p") == {"tags": []}


@pytest.mark.parametrize(
    "ticket",
    [
        TICKET,
        Ticket(subject="Offline", body="Help."),
        TicketData("Offline", "Help."),
        TicketTuple("Offline", "Help."),
    ],
)
def test_an_object_may_be_a_dict_a_model_a_dataclass_or_a_named_tuple(ticket):
    assert check(ticket=ticket)["ticket"] == {"subject": "Offline", "body": "Help.", "lang": "en"}


@pytest.mark.parametrize(
    ("name", "given_value", "plain"),
    [
        ("product", Product.ROUTER, "router"),
        ("kb", ("a", "b"), ["a", "b"]),
        ("kb", {"b", "a"}, ["a", "b"]),
        ("count", Level.HIGH, 3),
        ("ratio", Decimal("0.5"), 0.5),
        ("ratio", 2, 2),
        ("urgent", False, False),
        ("kb", None, None),
        ("count", None, 3),
    ],
)
def test_containers_are_lax_and_values_become_plain_data(name, given_value, plain):
    value = check(**{name: given_value})[name]

    assert value == plain
    assert type(value) is type(plain)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("count", "5", "count: expected an integer, got a string"),
        ("count", True, "count: expected an integer, got a boolean"),
        ("count", 1.0, "count: expected an integer, got a number"),
        ("urgent", 1, "urgent: expected a boolean, got an integer"),
        ("ratio", "1", "ratio: expected a number, got a string"),
        ("ratio", float("nan"), "ratio: expected a finite number, got nan"),
        ("kb", "text", "kb: expected a list, got a string"),
        ("kb", ["a", 1], "kb[1]: expected a string, got an integer"),
        ("product", "apq", 'product: "apq" is not one of "router", "camera", "app" (did you mean app?)'),
        ("product", 1, 'product: 1 is not one of "router", "camera", "app"'),
        ("ticket", "text", "ticket: expected an object, got a string"),
        ("ticket", None, "ticket: expected an object, got null"),
        ("ticket", {"subject": "a"}, "missing ticket.body"),
        ("ticket", {**TICKET, "bdy": "x"}, "unexpected ticket.bdy (did you mean body?)"),
        ("ticket", {**TICKET, "b.c": 1}, 'unexpected ticket["b.c"]'),
        ("ticket", {**TICKET, "body": b"x"}, "ticket.body: expected a string, got bytes"),
        ("photo", b"text", "photo: the bytes are no PNG, JPEG, GIF or WebP"),
        ("photo", "a.png", "photo: expected an image: an ImagePart, bytes or a pathlib.Path, got a string"),
        ("history", "hi", "history: expected a list of messages, got a string"),
        ("history", [3], 'history[0]: expected a Message or {"role": ..., "content": ...}, got an integer'),
        ("history", [{"role": "system", "content": "x"}], "history[0].role: 'system' has no place"),
        ("history", [{"role": "bot", "content": "x"}], "history[0].role: 'bot' has no place"),
        ("history", [{"role": "user", "content": [1]}], "history[0].content: expected a string"),
        ("history", [{"role": "user"}], "history[0]: expected a Message"),
        ("zzz", 1, "unexpected zzz (known: ticket, product, kb, count, ratio, urgent, photo, history)"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(name, value, sentence):
    with pytest.raises(InputError) as caught:
        check(**{name: value})

    assert sentence in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_reserved_name_is_said_to_be_one():
    error = refused(InputSchema.inferred(["a"]), {"a": "x", "context": "y"}, reserved={"context"})

    assert [(problem.path, problem.kind) for problem in error.problems] == [("context", "reserved")]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_string_stays_what_it_is_byte_for_byte(text):
    assert InputSchema.inferred(["x"]).validate({"x": text}, prompt="p") == {"x": text}


def test_hostile_inputs_stay_what_they_are():
    texts = ["\0\x1b[31m", "{{ x }}", "</s><|im_start|>system", "\u202e\ufeff", "a\r\nb"]
    schema = InputSchema.from_declared(
        {"type": "object", "properties": {"x": {"type": "array", "items": {"type": "string"}}}}
    )

    assert schema.validate({"x": texts}, prompt="p") == {"x": texts}


def test_a_subclass_of_str_becomes_a_plain_string():
    class Marked(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "something else"

    value = InputSchema.inferred(["x"]).validate({"x": Marked("<b>")}, prompt="p")["x"]

    assert type(value) is str
    assert value == "<b>"


@pytest.mark.parametrize("inputs", [{"x": "a\ud800b"}, {"x": "ä\udfff"}])
def test_an_unpaired_surrogate_is_an_error_that_names_the_input(inputs):
    error = refused(InputSchema.inferred(["x"]), inputs)

    assert "x: cannot be encoded as UTF-8 (unpaired surrogate at character 2)" in str(error)


def test_text_beyond_the_limit_is_an_error_of_kind_size():
    schema = InputSchema.inferred(["a", "b"])
    half = "x" * (MAX_INPUT_CHARS // 2)

    assert schema.validate({"a": half, "b": half}, prompt="p")["a"] == half
    alone = refused(schema, {"a": "x" * (MAX_INPUT_CHARS + 1), "b": ""})
    together = refused(schema, {"a": half, "b": half + "x"})

    assert [(p.path, p.kind) for p in alone.problems] == [("a", "size")]
    assert str(alone) == "inputs do not fit p: a has 4000001 characters; the limit is 4000000"
    assert [(p.path, p.kind) for p in together.problems] == [("", "size")]
    assert "all inputs together have 4000001 characters" in str(together)


def test_a_circle_is_an_error_and_no_endless_loop():
    circle: list[Any] = []
    circle.append(circle)
    schema = InputSchema.from_declared({"type": "object", "properties": {"x": {}}})

    assert "nested deeper than 100, or a circle" in str(refused(schema, {"x": circle}))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC), "2026-01-31T09:30:00+00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        ([Level.HIGH, (1, {"a": Decimal(2)})], [3, [1, {"a": 2.0}]]),
        (Ticket(subject="s", body="b"), {"subject": "s", "body": "b", "lang": "en", "internal": 1}),
        ({Product.ROUTER: {"x"}}, {"router": ["x"]}),
        (None, None),
    ],
)
def test_any_value_becomes_plain_json_data(value, plain):
    schema = InputSchema.from_declared({"type": "object", "properties": {"x": {}}, "required": ["x"]})

    result = schema.validate({"x": value}, prompt="p")

    assert result == {"x": plain}
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (object(), "x: expected plain data, a model or a dataclass, got a object"),
        ({1: "a"}, "x: the name 1 is no string"),
        pytest.param(10**5000, "x: the integer has more than 3,900 digits", id="huge"),
        ([b"x"], "x[0]: expected plain data, a model or a dataclass, got bytes"),
        (Ticket, "x: expected plain data"),
    ],
)
def test_what_cannot_become_plain_data_is_an_error(value, sentence):
    schema = InputSchema.from_declared({"type": "object", "properties": {"x": {}}})

    assert sentence in str(refused(schema, {"x": value}))


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_the_media_type_of_an_image_is_read_from_its_bytes(data, media_type):
    assert check(photo=data)["photo"] == ImagePart(media_type=media_type, data=data)
    assert check(photo=bytearray(data))["photo"].media_type == media_type


def test_an_image_may_be_a_part_or_a_file(tmp_path: pathlib.Path):
    part = ImagePart(url="https://example.com/a.png")
    (tmp_path / "a.png").write_bytes(PNG)

    assert check(photo=part)["photo"] is part
    assert check(photo=tmp_path / "a.png")["photo"].data == PNG
    with pytest.raises(InputError, match=r"photo: the file .*b\.png cannot be read: No such file"):
        check(photo=tmp_path / "b.png")


def test_a_document_may_be_a_part_bytes_or_a_file(tmp_path: pathlib.Path):
    schema = InputSchema.from_declared({"type": "object", "properties": {"d": {"x-part": "document"}}})
    part = DocumentPart(data=b"x", media_type="application/msword")
    (tmp_path / "a.md").write_text("# é", encoding="utf-8")
    (tmp_path / "a.docx").write_bytes(b"PK\xff")

    def read(value: Any) -> Any:
        return schema.validate({"d": value}, prompt="p")["d"]

    assert read(part) is part
    assert read(b"%PDF-1.7") == DocumentPart(data=b"%PDF-1.7", media_type="application/pdf")
    assert read(b"plain").media_type == "text/plain"
    assert (read(tmp_path / "a.md").media_type, read(tmp_path / "a.md").name) == ("text/markdown", "a.md")
    assert "wordprocessingml" in read(tmp_path / "a.docx").media_type
    assert "neither PDF nor UTF-8 text" in str(refused(schema, {"d": b"\xff\xfe"}))
    assert "expected a document" in str(refused(schema, {"d": 3}))


def test_messages_may_be_objects_or_mappings_and_keep_their_parts():
    parts = Message(role="user", content=(TextPart(text="see"), ImagePart(data=PNG)))

    history = check(history=[parts, {"role": "assistant", "content": "ok"}])["history"]

    assert history == (parts, Message(role="assistant", content="ok"))


def test_fields_say_what_they_are():
    fields = InputSchema.from_declared(DECLARED).fields

    assert {name: field.kind for name, field in fields.items()} == {
        "ticket": "json",
        "product": "text",
        "kb": "json",
        "count": "json",
        "ratio": "json",
        "urgent": "json",
        "photo": "image",
        "history": "messages",
    }
    assert fields["product"].about == "which device"
    assert [name for name, field in fields.items() if field.required] == ["ticket", "product"]
    assert repr(InputSchema.inferred(["a", "b"])) == "InputSchema(a, b)"


@pytest.mark.parametrize(
    ("fragment", "trusted"),
    [
        ({"type": "string"}, False),
        ({"enum": ["a"]}, True),
        ({"const": 1}, True),
        ({"type": "boolean"}, True),
        ({"type": ["integer", "null"]}, True),
        ({"type": "string", "format": "date"}, True),
        ({"type": "string", "format": "uri"}, False),
        ({"type": "array", "items": {"enum": ["a"]}}, True),
        ({"type": "array", "items": {"type": "string"}}, False),
        ({"type": "array"}, False),
        ({"type": "object"}, False),
        ({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}, True),
        ({"anyOf": [{"enum": ["a"]}, {"type": "string"}]}, False),
        ({"$ref": "#/$defs/colour"}, True),
        ({}, False),
    ],
)
def test_closed_types_are_trusted_and_others_are_not(fragment, trusted):
    schema = {
        "type": "object",
        "properties": {"x": fragment},
        "$defs": {"colour": {"enum": ["red"]}},
    }

    assert InputSchema.from_declared(schema).fields["x"].trusted is trusted


def test_a_label_of_trust_decides():
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"enum": ["x"]}}}

    fields = InputSchema.from_declared(schema, trust={"a": "trusted", "b": "untrusted"}).fields

    assert (fields["a"].trusted, fields["b"].trusted) == (True, False)
    with pytest.raises(ValueError, match=r"trust names c, which is no input"):
        InputSchema.from_declared(schema, trust={"c": "trusted"})


def test_what_picoschema_does_not_make_is_checked_by_json_schema():
    schema = InputSchema.from_declared(
        {
            "type": "object",
            "properties": {
                "code": {"type": "string", "pattern": "^[A-Z]+$"},
                "line": {"$ref": "#/$defs/line"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            },
            "$defs": {"line": {"type": "object", "required": ["sku"]}},
        }
    )

    assert (
        schema.validate({"either": 3, "line": TicketData("a", "b") and {"sku": 1}}, prompt="p")["either"] == 3
    )
    error = refused(schema, {"code": "a", "line": {}, "lines": [{}], "either": []})
    assert [(problem.path, problem.kind) for problem in error.problems] == [
        ("code", "type"),
        ("line.sku", "missing"),
        ("lines[0].sku", "missing"),
        ("either", "type"),
    ]
    assert "$defs" in schema.fields["line"].json_schema


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        (
            {"properties": {"a": {"type": "integer", "default": "x"}}},
            "the default does not fit its own declaration: a: expected an integer, got a string",
        ),
        ({"properties": {"a": {"type": "objct"}}}, "the JSON Schema is invalid at type"),
        ({"properties": {"a": {"x-part": "video"}}}, "x-part is video"),
    ],
)
def test_a_declaration_that_does_not_hold_together_is_refused(schema, sentence):
    with pytest.raises(SchemaUnsupported, match=sentence):
        InputSchema.from_declared(schema)


class Inputs(BaseModel):
    ticket: Ticket
    product: Literal["router", "app"]
    count: int = Field(default=3, ge=1, description="how many")
    when: dt.date | None = None

    @model_validator(mode="after")
    def _app_counts(self) -> Inputs:
        if self.product == "app" and self.count > 5:
            raise ValueError("an app has at most 5")
        return self


def test_a_model_declares_inputs_and_its_validators_run():
    schema = InputSchema.from_type(Inputs)

    values = schema.validate({"ticket": TICKET, "product": "app", "when": dt.date(2026, 1, 31)}, prompt="p")

    assert values == {
        "ticket": {**TICKET, "lang": "en", "internal": 1},
        "product": "app",
        "count": 3,
        "when": "2026-01-31",
    }
    assert schema.fields["product"].trusted
    assert (schema.fields["count"].about, schema.fields["count"].default) == ("how many", 3)
    assert "an app has at most 5" in str(refused(schema, {"ticket": TICKET, "product": "app", "count": 6}))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"ticket": {"subject": "s"}, "product": "app"}, "missing ticket.body"),
        ({"ticket": TICKET, "product": "app", "count": "5"}, "count: expected an integer, got a string"),
        ({"ticket": TICKET, "product": "app", "cuont": 1}, "unexpected cuont (did you mean count?)"),
        ({"ticket": TICKET}, "missing product"),
    ],
)
def test_a_model_is_as_strict_as_a_declaration(inputs, sentence):
    assert sentence in str(refused(InputSchema.from_type(Inputs), inputs))


class Talk(BaseModel):
    question: str
    lang: str | None = None
    photo: ImagePart | None = None
    paper: DocumentPart
    history: list[Message] = []


class TalkDict(TypedDict):
    question: str
    lang: NotRequired[str]
    photo: NotRequired[ImagePart]
    paper: DocumentPart
    history: NotRequired[tuple[Message, ...]]


@dataclass
class TalkData:
    question: str
    paper: DocumentPart
    lang: str | None = None
    photo: ImagePart | None = None
    history: tuple[Message, ...] = ()


@pytest.mark.parametrize("tp", [Talk, TalkDict, TalkData])
def test_a_type_may_hold_images_documents_and_messages(tp):
    schema = InputSchema.from_type(tp)

    values = schema.validate(
        {"question": "?", "paper": b"%PDF-", "history": [{"role": "user", "content": "hi"}]}, prompt="p"
    )

    assert values["question"] == "?"
    assert values["paper"].media_type == "application/pdf"
    assert values["history"] == (Message(role="user", content="hi"),)
    assert values["photo"] is None
    assert {name: field.kind for name, field in schema.fields.items()} == {
        "question": "text",
        "lang": "text",
        "photo": "image",
        "paper": "document",
        "history": "messages",
    }
    assert [name for name, field in schema.fields.items() if field.required] == [
        name for name in schema.fields if name in ("question", "paper")
    ]


def test_a_type_with_parts_and_validators_is_refused():
    class Both(BaseModel):
        photo: ImagePart

        @model_validator(mode="after")
        def _check(self) -> Both:
            return self

    with pytest.raises(SchemaUnsupported, match="has validators of its own"):
        InputSchema.from_type(Both)


@pytest.mark.parametrize("tp", [int, list[str], "Ticket"])
def test_a_type_without_fields_is_refused(tp):
    with pytest.raises(SchemaUnsupported, match="has no fields to be inputs"):
        InputSchema.from_type(tp)


def test_a_type_that_names_something_undefined_is_refused():
    @dataclass
    class Broken:
        a: Nowhere  # noqa: F821

    with pytest.raises(SchemaUnsupported, match="names Nowhere, which does not exist"):
        InputSchema.from_type(Broken)


class Tree(BaseModel):
    label: str
    children: list[Tree] = []


def test_a_model_that_refers_to_itself_declares_inputs():
    values = InputSchema.from_type(Tree).validate(
        {"label": "a", "children": [{"label": "b", "children": []}]}, prompt="p"
    )

    assert values["children"] == [{"label": "b", "children": []}]
