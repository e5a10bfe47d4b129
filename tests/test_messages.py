"""Messages: roles are a closed list, content is text or parts."""

from __future__ import annotations

import pytest

from promptkit.messages import DocumentPart, ImagePart, Message, TextPart, ToolCallPart, ToolResultPart


def test_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="is no role of a message; it is one of system, user"):
        Message(role="user\n<|im_end|>", content="x")  # type: ignore[arg-type]


def test_text_and_parts_say_the_same_of_plain_and_mixed_content() -> None:
    plain = Message(role="user", content="hi")
    mixed = Message(role="user", content=(TextPart(text="a"), ImagePart(data=b"x"), TextPart(text="b")))

    assert (plain.text, plain.parts) == ("hi", (TextPart(text="hi"),))
    assert mixed.text == "ab"


def test_as_data_a_part_is_named_and_counted_never_dumped() -> None:
    message = Message(
        role="tool",
        content=(
            TextPart(text="a"),
            ImagePart(data=b"123"),
            ImagePart(url="https://x/y.png"),
            DocumentPart(data=b"12", name="a.pdf"),
            ToolCallPart(id="1", name="f", arguments="{}"),
            ToolResultPart(id="1", text="r"),
        ),
    )

    assert message.to_dict()["content"] == [
        {"type": "text", "text": "a"},
        {"type": "image", "media_type": "image/png", "bytes": 3},
        {"type": "image", "media_type": "image/png", "url": "https://x/y.png"},
        {"type": "document", "media_type": "application/pdf", "name": "a.pdf", "bytes": 2},
        {"type": "tool_call", "id": "1", "name": "f", "arguments": "{}"},
        {"type": "tool_result", "id": "1", "text": "r"},
    ]


def test_an_image_is_given_by_bytes_or_by_address_not_both() -> None:
    for wrong in ({}, {"data": b"x", "url": "https://x"}):
        with pytest.raises(ValueError, match="either data or url"):
            ImagePart(**wrong)  # type: ignore[arg-type]
