"""Whether an answer is copied is looked into only where a word of it stands in the inputs."""

from __future__ import annotations

from promptkit.output.alignment.echoes import Echoes

TEXT = 'An example: {"kind": "fault", "reply": "Hold the reset button for ten seconds."}'
COPIED = {"kind": "fault", "reply": "Hold the reset button for ten seconds."}


def test_an_answer_with_a_text_of_its_own_is_not_compared_with_the_inputs() -> None:
    read: list[str] = []
    echoes = Echoes([TEXT], lambda text: read.append(text) or [COPIED])

    assert not echoes.is_echo({"kind": "fault", "reply": "Please write to our colleagues."})
    assert read == []


def test_a_copied_answer_is_found_all_the_same() -> None:
    assert Echoes([TEXT], lambda _: [COPIED]).is_echo(COPIED)


def test_an_answer_of_short_texts_is_compared_as_they_may_be_spelled_otherwise() -> None:
    assert Echoes(['Such as {"kind": "Fault"}'], lambda _: [{"kind": "fault"}]).is_echo({"kind": "fault"})
