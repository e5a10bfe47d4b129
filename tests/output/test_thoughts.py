from __future__ import annotations

import pytest

from promptkit.completions import Completion
from promptkit.output import without_thoughts


def completion(text, reasoning=None):
    return Completion(text=text, finish_reason="stop", model="m", reasoning=reasoning)


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ('It is late.\nAnswer:\n{"a":1}', "It is late.", '{"a":1}'),
        ('It is {late}.\n\n**Answer:**\n\n{"a":1}', "It is {late}.", '{"a":1}'),
        ('<think>\nIt is late.\n</think>\n\n{"a":1}', "It is late.", '{"a":1}'),
        ('It is late.\n</think>\n\nAnswer:\n{"a":1}', "It is late.", '{"a":1}'),
        ("Answer:\nYes", None, "Yes"),
        (
            "The Answer: no.\nAnswer: maybe\nAnswer:\nYes\nAnswer:\nNo",
            "The Answer: no.\nAnswer: maybe",
            "Yes\nAnswer:\nNo",
        ),
    ],
)
def test_what_stands_before_the_answer_is_reasoning(text, thoughts, answer):
    found = without_thoughts(completion(text))

    assert (found.reasoning, found.text) == (thoughts, answer)


@pytest.mark.parametrize(
    "text",
    ['{"a":1}', '{"a":"</think> is a tag"}', "Yes", '{"a":\n"Answer:"}', "My Answer: yes"],
)
def test_an_answer_without_thoughts_stays_as_it_is(text):
    given = completion(text)

    assert without_thoughts(given) is given


def test_reasoning_that_came_apart_is_kept_and_the_line_before_the_answer_goes():
    given = completion("Answer:\nYes\nAnswer:\nNo", reasoning="It is late.")

    found = without_thoughts(given)

    assert (found.reasoning, found.text) == ("It is late.", "Yes\nAnswer:\nNo")
