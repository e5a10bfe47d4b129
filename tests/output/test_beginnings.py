"""What stands before the JSON of an answer is passed over where it is beyond doubt."""

from __future__ import annotations

import pytest

from promptkit.completions import Completion
from promptkit.output import without_thoughts
from promptkit.output.beginnings import Beginning


def begun(text: str, *, reasoning: bool = False, size: int = 1) -> str | None:
    beginning = Beginning(reasoning=reasoning)
    for start in range(0, len(text), size):
        found = beginning.feed(text[start : start + size])
        if found is not None:
            return found + text[start + size :]
    return None


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "reasoning"),
    [
        ("V", False),
        (" \n V", False),
        ("```json\nV", False),
        ("```\n  V", False),
        ("```JSON  \r\nV", False),
        ("<think>a {1} </thin </think>\nV", False),
        ("<think></think>```json\nV", False),
        ("V", True),
        ("Let me see.\nAnswer:\nV", True),
        ("Let me see {1}.\n**Answer:**\n\n```json\nV", True),
        ("hm</think>V", True),
        ("<think>hm</think>\nAnswer:\nV", True),
        ("x" * 200 + "\nAnswer:\n\nV", True),
    ],
)
def test_blanks_a_fence_and_thoughts_stand_before_the_value(text: str, reasoning: bool, size: int) -> None:
    assert begun(text.replace("V", '{"a":1}'), reasoning=reasoning, size=size) == '{"a":1}'


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "Here is it: {}",
        "```python\n{}",
        "````json\n{}",
        "```json\n```json\n{}",
        "```json\n<think></think>{}",
        "<think></think><think></think>{}",
        "<b>{}</b>",
        "`" * 3 + "x" * 200,
    ],
)
def test_any_other_beginning_is_followed_no_further(text: str, size: int) -> None:
    beginning = Beginning(reasoning=False)

    found = [beginning.feed(text[start : start + size]) for start in range(0, len(text), size)]

    assert beginning.lost
    assert set(found) == {None}


@pytest.mark.parametrize("text", ["", "   ", "`", "```js", "<thi", "<think>long thoughts and no end"])
def test_a_beginning_that_is_not_whole_waits(text: str) -> None:
    beginning = Beginning(reasoning=False)

    assert beginning.feed(text) is None
    assert not beginning.lost


@pytest.mark.parametrize(
    "text",
    [
        'First, the colour.\nAnswer:\n{"a": 1}',
        '<think>no</think>\n{"a": 1}',
        '{"a": 1}',
        'it says\n  Answer: yes\nAnswer:\n{"a": 1}',
        "y" * 300 + 'Answer:\nAnswer:\n{"a": 1}',
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_thoughts_end_where_reading_the_whole_answer_ends_them(text: str, size: int) -> None:
    whole = without_thoughts(Completion(text=text, finish_reason="stop", model="m")).text

    assert begun(text, reasoning=True, size=size) == whole


@pytest.mark.parametrize("first", ["Well, ", "```", "<think>"])
@pytest.mark.parametrize("reasoning", [False, True])
def test_a_long_text_before_the_answer_is_not_kept(first: str, reasoning: bool) -> None:
    beginning = Beginning(reasoning=reasoning)

    for _ in range(1000):
        beginning.feed(f"{first}a long line of words without an end ")

    assert len(beginning._held) < 200
