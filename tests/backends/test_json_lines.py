from __future__ import annotations

import pytest

from promptkit.backends.json_lines import JsonLinesParser

BODY = '{"a":"ü"}\r\n\n{"b":1}\n'.encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_are_whole_wherever_the_chunks_are_cut(size: int) -> None:
    parser = JsonLinesParser()

    pieces = [BODY[start : start + size] for start in range(0, len(BODY), size)]

    assert [event.data for piece in pieces for event in parser.feed(piece)] == ['{"a":"ü"}', '{"b":1}']


def test_a_last_line_without_an_end_waits_for_one() -> None:
    parser = JsonLinesParser()

    assert [event.data for event in parser.feed(b'{"a":1}\n{"b"')] == ['{"a":1}']
    assert [event.data for event in parser.feed(b":2}") + parser.feed(b"\n")] == ['{"b":2}']
