"""Messages of errors that quote much of a file."""

from __future__ import annotations

from promptkit.errors import TemplateError
from promptkit.errors.messages import readable


def test_a_message_of_usual_length_is_left_alone() -> None:
    assert readable("a " * 900) == "a " * 900


def test_a_word_without_end_is_cut_and_the_mend_behind_it_is_kept() -> None:
    error = TemplateError(f"attempts is {'9' * 5_000}. Write 2.", file="a.prompt.j2", line=3)

    assert error.problem == f"attempts is {'9' * 100}… Write 2."
    assert str(error).startswith("a.prompt.j2:3: attempts is 999")
    assert len(error.problem) < 200


def test_a_list_without_end_loses_its_middle() -> None:
    problem = readable("the inputs are " + ", ".join(f"name{n}" for n in range(5_000)))

    assert len(problem) < 2_000
    assert problem.startswith("the inputs are name0, name1")
    assert problem.endswith("name4999")
