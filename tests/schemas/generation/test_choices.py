from __future__ import annotations

import pytest

from promptkit.schemas.generation.choices import Choices, NoValue, Spent


def test_draws_are_recorded_and_replayed_and_0_after_the_script() -> None:
    choices = Choices(seed=5)
    drawn = [choices.draw(10) for _ in range(6)]

    again = Choices(script=choices.drawn)

    assert [again.draw(10) for _ in range(8)] == [*drawn, 0, 0]
    assert len(set(drawn)) > 2


def test_the_numbers_of_a_seed_are_pinned() -> None:
    choices = Choices(seed=1)
    assert [choices.draw(100) for _ in range(5)] == [38, 25, 43, 22, 79]


def test_a_script_that_asks_for_too_much_is_cut_to_what_there_is() -> None:
    assert Choices(script=[99, -3]).draw(4) == 3
    assert Choices(script=[-3]).draw(4) == 0


def test_of_one_alternative_nothing_is_drawn() -> None:
    choices = Choices(seed=1)

    assert choices.draw(1) == 0
    assert choices.drawn == []


def test_big_counts_reach_beyond_64_bits() -> None:
    choices = Choices(seed=1)

    assert max(choices.draw(2**200) for _ in range(10)).bit_length() > 190


def test_steps_run_out() -> None:
    choices = Choices(seed=1, steps=3)
    for _ in range(3):
        choices.draw(2)

    with pytest.raises(Spent):
        choices.draw(2)


def test_failed_tries_leave_no_trace_in_what_was_drawn() -> None:
    choices = Choices(seed=3)

    def odd() -> int:
        number = choices.draw(100)
        if number % 2 == 0:
            raise NoValue((), "even", proven=False)
        return number

    number = choices.repeated(50, odd)

    assert choices.drawn == [number]


def test_the_option_that_works_is_noted_as_if_it_had_been_drawn() -> None:
    choices = Choices()

    def only_c(option: str) -> str:
        if option != "c":
            raise NoValue((), f"not {option}", proven=True)
        return option

    assert choices.first_that_works(["a", "b", "c"], only_c) == "c"
    assert choices.drawn == [2]


def test_no_option_is_proven_only_when_each_is() -> None:
    def never(proven: bool) -> str:
        raise NoValue((), "no", proven=proven)

    with pytest.raises(NoValue) as all_proven:
        Choices().first_that_works([True, True], never)
    with pytest.raises(NoValue) as one_open:
        Choices().first_that_works([True, False], never)

    assert all_proven.value.proven
    assert not one_open.value.proven
