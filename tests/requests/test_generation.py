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
        ({"top_k": -1}, "top_k is -1; it must be 0 or more; 0 keeps all tokens"),
        ({"top_k": 1.5}, "top_k is 1.5; it must be a whole number"),
        ({"min_p": 1.1}, "min_p is 1.1; it must be from 0 to 1"),
        ({"min_p": math.nan}, "min_p is nan; it must be from 0 to 1"),
        ({"repetition_penalty": 0}, "repetition_penalty is 0; it must be from 0.1 to 10; 1 changes nothing"),
        (
            {"repetition_penalty": 10.5},
            "repetition_penalty is 10.5; it must be from 0.1 to 10; 1 changes nothing",
        ),
        ({"repetition_penalty": True}, "repetition_penalty is True; it must be a number"),
        ({"logprobs": 21}, "logprobs is 21; it must be from 0 to 20"),
        ({"logprobs": True}, "logprobs is True; it must be a whole number"),
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
    least = GenerationConfig(
        logprobs=0,
        stop=("end",),
        repetition_penalty=0.1,
        min_p=0,
        top_k=0,
        top_p=1,
        seed=2**63 - 1,
        max_tokens=1,
        temperature=0,
    )
    most = GenerationConfig(min_p=1, repetition_penalty=10, logprobs=20)

    assert list(least.to_dict().items()) == [
        ("temperature", 0),
        ("max_tokens", 1),
        ("seed", 2**63 - 1),
        ("top_p", 1),
        ("top_k", 0),
        ("min_p", 0),
        ("repetition_penalty", 0.1),
        ("stop", ["end"]),
        ("logprobs", 0),
    ]
    assert most.to_dict() == {"min_p": 1, "repetition_penalty": 10, "logprobs": 20}


@pytest.mark.parametrize("extra", [["a"], {1: "a"}, "a"])
def test_extra_fields_are_a_mapping_by_name(extra: object) -> None:
    with pytest.raises(ValueError, match="must be a mapping of fields of the provider's call"):
        GenerationConfig(extra=extra)
