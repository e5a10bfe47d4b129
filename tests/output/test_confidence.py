"""How sure a model was of a field, by the log-probabilities that servers give with the tokens."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from promptkit.completions import Completion, TokenLogprob
from promptkit.output import with_confidence
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["bill", "billing", "other"]},
        "urgent": {"type": "boolean"},
        "level": {"enum": [1, 10, 2]},
        "note": {"type": "string"},
        "items": {"type": "array", "items": {"enum": ["x", "y"]}},
    },
}
SPEC = OutputSpec(schema=OutputSchema.from_json_schema(SCHEMA, "out"))


def token(text: str, p: float = 1.0, **others: float) -> TokenLogprob:
    """A token, its probability and those of its alternatives; a mark stands for quotation marks."""
    top = (
        (text, math.log(p)),
        *((other.replace("Q", '"').replace("_", ""), math.log(q)) for other, q in others.items()),
    )
    return TokenLogprob(text=text, logprob=math.log(p), top=top if others else ())


def completion(*tokens: TokenLogprob, text: str | None = None) -> Completion:
    written = "".join(token.text for token in tokens)
    return Completion(
        text=written if text is None else text, finish_reason="stop", model="m", logprobs=tokens
    )


def confidence(*tokens: TokenLogprob, text: str | None = None) -> Any:
    return with_confidence(completion(*tokens, text=text), SPEC).confidence


def test_a_share_is_that_among_the_alternatives_that_begin_a_possible_value() -> None:
    found = confidence(token('{"urgent":'), token("true", 0.6, false=0.2, maybe=0.2), token("}"))

    assert found == {"urgent": pytest.approx(0.75)}


def test_the_tokens_of_a_value_are_followed_one_by_one() -> None:
    found = confidence(
        token('{"kind": "'),
        token("bill", 0.5, other=0.5),
        token("ing", 0.6, **{'"': 0.2, "ings": 0.2}),
        token('"}', 1.0),
    )

    assert found == {"kind": pytest.approx(0.5 * 0.75)}


def test_a_token_may_hold_what_stands_before_and_behind_a_value() -> None:
    found = confidence(
        token('{"kind":'), token(' "other"}', 0.3, **{' "bill"}': 0.1, ' "bi': 0.2, ' "none"}': 0.4})
    )

    assert found == {"kind": pytest.approx(0.5)}


def test_a_number_that_begins_another_is_not_taken_for_it() -> None:
    found = confidence(token('{"level":'), token("1", 0.5, _10=0.3, _2=0.2), token("}", 0.9, **{"0": 0.1}))

    assert found == {"level": pytest.approx(0.5)}
    found = confidence(token('{"level":'), token("10", 0.4, _1=0.6), token("}"))
    assert found == {"level": pytest.approx(0.4)}


def test_without_alternatives_it_is_the_probability_of_the_tokens() -> None:
    found = confidence(token('{"kind":"', 0.9), token("other", 0.5), token('"', 0.8), token("}", 0.5))

    assert found == {"kind": pytest.approx(0.9 * 0.5 * 0.8)}


def test_items_have_their_own_and_open_fields_none() -> None:
    found = confidence(
        token('{"note":"x","items":["'),
        token("x", 0.9, y=0.1),
        token('","'),
        token("y", 0.6, x=0.4),
        token('"]}'),
    )

    assert found == {"items[0]": pytest.approx(0.9), "items[1]": pytest.approx(0.6)}


def test_thoughts_and_a_fence_stand_before_the_value() -> None:
    tokens = (
        token("Is it false?\nAnswer:\n"),
        token('{"urgent":'),
        token("true", 0.5, false=0.5),
        token("}"),
    )
    fenced = (token("```json\n"), *tokens[1:], token("\n```"))

    assert confidence(*tokens, text='{"urgent":true}') == {"urgent": pytest.approx(0.5)}
    assert confidence(*fenced) == {"urgent": pytest.approx(0.5)}


@pytest.mark.parametrize(
    "answer",
    [
        Completion(text='{"urgent":true}', finish_reason="stop", model="m"),
        completion(token('{"urgent":true}'), text='{"urgent":tru\ufffd}'),
        completion(token("no JSON")),
        completion(token("[" * 500)),
        completion(token('{"urgent":true')),
    ],
)
def test_where_it_cannot_be_told_nothing_is(answer: Completion) -> None:
    assert with_confidence(answer, SPEC).confidence is None


def test_what_the_backend_tells_itself_stays() -> None:
    told = Completion(
        text='{"urgent":true}',
        finish_reason="stop",
        model="m",
        logprobs=(token('{"urgent":true}'),),
        confidence={"urgent": 0.25},
    )

    assert with_confidence(told, SPEC) is told


def test_a_text_and_a_value_that_is_none_of_the_possible_ones_have_none() -> None:
    text = OutputSpec(schema=OutputSchema.text())

    assert with_confidence(completion(token("true")), text).confidence is None
    assert confidence(token('{"kind":"odd"}')) == {}
    impossible = TokenLogprob(text="true", logprob=-9999.0, top=(("maybe", 0.0),))
    assert confidence(token('{"urgent":'), impossible, token("}")) == {}


def test_names_are_written_as_paths() -> None:
    schema = {"type": "object", "properties": {"a b": {"type": "boolean"}, "x[0].y": {"type": "boolean"}}}
    spec = OutputSpec(schema=OutputSchema.from_json_schema(schema, "out"))
    text = json.dumps({"a b": True, "x[0].y": False})

    found = with_confidence(completion(token(text)), spec).confidence

    assert found == {'["a b"]': 1.0, '["x[0].y"]': 1.0}
