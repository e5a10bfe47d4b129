from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.backends.sse import EventStreamParser, ServerSentEvent


def events_of(*chunks: bytes) -> list[ServerSentEvent]:
    parser = EventStreamParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data:a\ndata:  b\n\n", ["a\n b"]),
        (b": a comment\n\ndata: a\n: another\n\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data\n\n", [""]),
        (b"event: ping\n\ndata: a\n\n", ["a"]),
        (b"data: cut off", []),
        (b"data: cut off\n", []),
        ("data: rot · grün\n\n".encode(), ["rot · grün"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (b"retry: 5\nunknown: x\ndata: a\n\n", ["a"]),
        ("data: a\u2028b\n\n".encode(), ["a\u2028b"]),
    ],
)
def test_a_stream_is_read_as_the_standard_says(stream: bytes, data: list[str]) -> None:
    assert [event.data for event in events_of(stream)] == data


def test_events_have_a_type_and_keep_the_last_id() -> None:
    first, second = events_of(b"event: error\nid: 7\ndata: a\n\ndata: b\nid: no\0pe\n\n")

    assert first == ServerSentEvent(event="error", data="a", id="7")
    assert second == ServerSentEvent(event="message", data="b", id="7")


STREAM = "data: «é»\r\ndata: 2\r\n\r\n: note\revent: e\rdata: 3\r\rdata: 4\n\n".encode()


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_where_the_chunks_are_cut_makes_no_difference(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(places)]

    assert events_of(*chunks) == events_of(STREAM)
    assert [event.data for event in events_of(STREAM)] == ["«é»\n2", "3", "4"]
