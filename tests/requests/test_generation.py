"""What a request may ask for."""

from __future__ import annotations

import math

import pytest

from promptkit.requests import GenerationConfig


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": math.nan}, "temperature is nan; it must be a finite number"),
        ({"temperature": math.inf}, "temperature is inf; it must be a finite number"),
        ({"temperature": -1}, "temperature is -1; it must be 0 or more"),
        ({"temperature": "hot"}, "temperature is 'hot'; it must be a number"),
        ({"top_p": math.nan}, "top_p is nan; it must be above 0 and at most 1"),
        ({"top_p": 0}, "top_p is 0; it must be above 0 and at most 1"),
        ({"seed": -1}, "seed is -1; it must be 0 or more and less than 2**63"),
        ({"seed": 2**63}, "seed is 9223372036854775808; it must be 0 or more and less than 2**63"),
        ({"seed": True}, "seed is True; it must be a whole number"),
        ({"max_tokens": 0}, "max_tokens is 0; it must be at least 1"),
        ({"stop": "end"}, "stop is 'end'; it must be a list of texts"),
        ({"stop": 7}, "stop is 7; it must be a list of texts"),
        ({"stop": (7,)}, "stop is (7,); it must be a list of texts"),
        ({"stop": ("end", "")}, "stop is ('end', ''); it must be a list of texts that are not empty"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_its_name(settings, said) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared whole
        GenerationConfig(**settings)

    assert str(caught.value) == said


def test_the_ends_of_the_ranges_are_taken() -> None:
    config = GenerationConfig(temperature=0, seed=2**63 - 1, top_p=1, max_tokens=1, stop=("end",))

    assert config.to_dict() == {
        "temperature": 0,
        "max_tokens": 1,
        "seed": 2**63 - 1,
        "top_p": 1,
        "stop": ["end"],
    }
