"""using(continuations=...): an answer that max_tokens cut is gone on with, where the backend can."""

from __future__ import annotations

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.engine import Restarted
from promptkit.errors import CapabilityMissing, InputError, Truncated
from promptkit.records import CallRecord

FILE = """\
---
output:
  schema:
    category(enum): [billing, shipping, technical]
    urgency(enum): [low, high]
---
{% user %}{{ output_format }} Message: {{ message }}{% enduser %}
"""
SHORT = {"max_tokens": 7}


@pytest.fixture
def sort(tmp_path):
    path = tmp_path / "sort.prompt.j2"
    path.write_text(FILE)
    return pk.load(path).using("llama:demo")


def test_a_cut_answer_becomes_whole_and_each_part_is_an_attempt(sort):
    whole = sort.run(message="Where is my parcel?")

    result = sort.using(generation=SHORT, continuations=9).run(message="Where is my parcel?")

    assert result.value == whole.value
    assert result.messages == whole.messages
    assert len(result.attempts) > 1
    assert {attempt.cause for attempt in result.attempts[1:]} == {"continuation: the answer was cut"}
    assert result.usage.output_tokens == whole.usage.output_tokens
    assert result.attempts[0].completion.unfinished.tokens
    assert CallRecord.from_dict(result.record.to_dict()) == result.record


def test_without_continuations_or_when_they_are_used_up_a_cut_answer_is_an_error(sort):
    for options in ({}, {"continuations": 1}):
        with pytest.raises(Truncated) as caught:
            sort.using(generation={"max_tokens": 3}, **options).run(message="Hi")
        assert len(caught.value.attempts) == 1 + options.get("continuations", 0)


def test_a_stream_that_goes_on_does_not_restart(sort):
    events = list(sort.using(generation=SHORT, continuations=9).stream(message="Where is my parcel?"))

    assert not [event for event in events if isinstance(event, Restarted)]
    assert (
        "".join(event.text for event in events if hasattr(event, "text"))
        == events[-1].result.messages[-1].text
    )


def test_a_backend_that_cannot_go_on_is_told_before_anything_is_sent(sort):
    mock = MockBackend()

    with pytest.raises(CapabilityMissing, match="continuations=2"):
        sort.using(mock, continuations=2).run(message="Hi")

    assert mock.requests == []


@pytest.mark.parametrize("number", [-1, True, 1.5, "2"])
def test_a_number_of_continuations_is_a_whole_number(sort, number):
    with pytest.raises(InputError, match="continuations"):
        sort.using(continuations=number)
