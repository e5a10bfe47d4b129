from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptkit.backends.llama.assembling import TextAssembler


def assemble(pieces, stop=()):
    assembler = TextAssembler(stop)
    shown = [assembler.add(piece) for piece in pieces]
    return "".join(shown) + assembler.finish(), assembler.stopped


@given(st.binary(max_size=40), st.lists(st.integers(0, 40), max_size=8))
def test_the_text_does_not_depend_on_how_bytes_are_cut(data, cuts):
    bounds = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(bounds)]

    text, _ = assemble(pieces)

    assert text == data.decode("utf-8", "replace")


@given(
    st.text(alphabet="abc", max_size=30),
    st.lists(st.text(alphabet="abc", max_size=4), max_size=3),
    st.integers(1, 7),
)
def test_stop_texts_end_the_text_where_letter_by_letter_would(text, stop, size):
    data = text.encode()
    expected, ended = assemble([data[at : at + 1] for at in range(len(data))], stop)

    got, stopped = assemble([data[at : at + size] for at in range(0, len(data), size)], stop)

    assert (got, stopped) == (expected, ended)
    assert not any(word in got for word in stop if word)


@pytest.mark.parametrize(
    ("pieces", "stop", "text", "stopped"),
    [
        ([b"one\n", b"\ntwo"], ("\n\n",), "one", True),
        ([b"one\n", b"two"], ("\n\n",), "one\ntwo", False),
        ([b"one\n"], ("\n\n",), "one\n", False),
        ([b"a END b"], ("END",), "a ", True),
        ([b"caf\xc3", b"\xa9 \xc3", b"\xa9!"], ("é!",), "café ", True),
        ([b"abc"], ("",), "abc", False),
        ([b"a\xff", b"b\xe2\x82"], (), "a\ufffdb\ufffd", False),
    ],
)
def test_the_text_ends_before_a_stop_text_even_over_pieces(pieces, stop, text, stopped):
    assert assemble(pieces, stop) == (text, stopped)


def test_what_may_become_a_stop_text_is_held_back():
    assembler = TextAssembler(("END",))

    shown = [assembler.add(piece) for piece in (b"xE", b"N", b"X", b"EN")]

    assert shown == ["x", "", "ENX", ""]
    assert assembler.finish() == "EN"


def test_a_character_is_shown_when_its_last_byte_is_there():
    assembler = TextAssembler()

    assert [assembler.add(bytes([byte])) for byte in "😀".encode()] == ["", "", "", "😀"]


def test_nothing_is_shown_after_a_stop_text():
    assembler = TextAssembler(("x",))

    assert [assembler.add(b"ax"), assembler.add(b"more"), assembler.finish()] == ["a", "", ""]
