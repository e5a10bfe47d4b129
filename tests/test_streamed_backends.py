"""Typed streaming over real backends: bytes that are cut anywhere, a connection that is left, layers between."""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
from typing import Any, Literal

import pytest
from loopback import LoopbackServer, chunk, chunked_head
from pydantic import BaseModel

from promptkit.backends import MockBackend, layers
from promptkit.constraints import min_confidence, never_says
from promptkit.errors import ConstraintViolated
from promptkit.events import FieldDelta, FieldDone, Finished, Restarted
from promptkit.output import AnswerReader
from promptkit.prompts import Prompt
from promptkit.requests import OutputSpec
from promptkit.schemas import OutputSchema


class Letter(BaseModel):
    greeting: str
    mood: Literal["good", "bad"]
    lines: list[str] = []


LETTER = {"greeting": "Grüße, 東京 😀", "mood": "good", "lines": ["één", "два"]}


def prompt(constraints: Any = ()) -> Prompt[Letter]:
    return Prompt(
        template="{% user %}{{ text }}\n{{ constraints }}\n{{ output_format }}{% enduser %}",
        output=Letter,
        constraints=constraints,
    )


def events_of(texts: list[str], *, ascii_only: bool = False, end: bool = True) -> bytes:
    """The server-sent events of a streamed answer."""
    choices: list[Any] = [{"delta": {"content": text}} for text in texts]
    data = [{"choices": [choice]} for choice in (*choices, *([{"delta": {}, "finish_reason": "stop"}] * end))]
    lines = [f"data: {json.dumps(it, ensure_ascii=ascii_only)}\n\n" for it in data]
    return "".join([*lines, "data: [DONE]\n\n" * end]).encode()


def in_pieces(data: Any, size: int) -> list[Any]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.network
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ascii_only", [False, True])
def test_bytes_that_are_cut_anywhere_give_whole_characters(
    server: LoopbackServer, seed: int, ascii_only: bool
) -> None:
    chance = random.Random(seed)
    text = json.dumps(LETTER, ensure_ascii=ascii_only)
    body = events_of(in_pieces(text, chance.choice((1, 2, 5))), ascii_only=chance.random() < 0.5)
    server.will_send(
        chunked_head("text/event-stream"),
        *map(chunk, in_pieces(body, chance.choice((7, 11, 64)))),
        b"0\r\n\r\n",
    )

    events = list(prompt().using(f"openai+{server.url}:m").stream(text="x"))

    assert (
        "".join(e.text for e in events if isinstance(e, FieldDelta) and e.path == "greeting")
        == LETTER["greeting"]
    )
    assert [e.path for e in events if isinstance(e, FieldDone)] == [
        "greeting",
        "mood",
        "lines[0]",
        "lines[1]",
        "lines",
    ]
    assert isinstance(events[-1], Finished)
    assert events[-1].result.value == Letter(**LETTER)  # type: ignore[arg-type]


@pytest.mark.network
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stopped_answer_leaves_the_connection_without_waiting_for_more(
    server: LoopbackServer, asynchronous: bool
) -> None:
    texts = in_pieces(json.dumps({**LETTER, "greeting": "Sorry!"}), 4)
    server.will_send(chunked_head("text/event-stream"), chunk(events_of(texts[:8], end=False)), "stall")
    asked = prompt([never_says("greeting", ["sorry"])]).using(
        f"openai+{server.url}:m", abort_on_violation=True, deadline_s=40
    )

    with pytest.raises(ConstraintViolated, match="stopped at greeting") as caught:
        asyncio.run(asked.arun(text="x")) if asynchronous else asked.run(text="x")

    usage = caught.value.attempts[0].usage
    assert usage is not None
    assert usage.estimated
    assert usage.input_tokens > 0


@pytest.mark.network
def test_log_probabilities_that_a_server_streams_become_confidence(server: LoopbackServer) -> None:
    tokens = ['{"greeting":"Hi","mood":"', "good", '"}']
    tops: list[Any] = [
        [],
        [{"token": "good", "logprob": math.log(0.3)}, {"token": "bad", "logprob": math.log(0.6)}],
        [],
    ]
    choices: list[Any] = [
        {
            "delta": {"content": token},
            "logprobs": {
                "content": [{"token": token, "logprob": math.log(0.3) if top else 0.0, "top_logprobs": top}]
            },
        }
        for token, top in zip(tokens, tops, strict=True)
    ]
    answer = [{"choices": [choice]} for choice in (*choices, {"delta": {}, "finish_reason": "stop"})]
    server.will_stream(*answer, "[DONE]")

    asked = prompt([min_confidence("mood", 0.5, severity="should")]).using(f"openai+{server.url}:m")
    *_, last = asked.stream(text="x")

    assert isinstance(last, Finished)
    assert last.result.confidence == {"mood": pytest.approx(1 / 3)}
    assert [v.outcome for v in last.result.verdicts] == ["violated"]
    assert server.seen[0].json["top_logprobs"] == 5


def test_a_fallback_after_a_broken_answer_tells_the_fields_of_the_next_one_alone() -> None:
    bad = MockBackend([{**LETTER, "greeting": "Sorry!"}], name="bad")
    good = MockBackend([LETTER], name="good")
    asked = prompt([never_says("greeting", ["sorry"])]).using(layers.fallback(bad, good, invalid=True))

    events = list(asked.stream(text="x"))

    assert [e.value for e in events if isinstance(e, FieldDone) and e.path == "greeting"] == [
        LETTER["greeting"]
    ]
    assert not [e for e in events if isinstance(e, Restarted)]
    assert isinstance(events[-1], Finished)
    assert events[-1].result.value == Letter(**LETTER)  # type: ignore[arg-type]


class Many(BaseModel):
    text: str = ""
    numbers: list[int] = []
    rows: list[Letter] = []
    either: list[int] | dict[str, int] | None = None


def steps(data: Any, size: int) -> int:
    """How many calls of functions, ours and Python's, reading an answer in pieces takes."""
    spec = OutputSpec(schema=OutputSchema[Any].from_type(Many))
    reader = AnswerReader(spec, {})
    count = 0

    def note(_frame: Any, kind: str, _argument: Any) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    pieces = in_pieces(json.dumps(data), size)
    sys.setprofile(note)
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.finish()
    finally:
        sys.setprofile(None)
    assert reader.fields is not None
    assert reader.fields.value(data) is not None
    return count


@pytest.mark.parametrize(
    "make",
    [
        lambda n: {"text": "x" * n},
        lambda n: {"text": '\\"\n' * n},
        lambda n: {"numbers": list(range(n))},
        lambda n: {"rows": [LETTER] * (n // 10)},
        lambda n: {"either": {f"name {index}": index for index in range(n)}},
    ],
    ids=["text", "escapes", "numbers", "rows", "union"],
)
@pytest.mark.parametrize("size", [1, 4])
def test_twice_the_answer_takes_about_twice_the_steps(make: Any, size: int) -> None:
    steps(make(100), size)  # validators are made on first use

    half, whole = steps(make(1_000), size), steps(make(2_000), size)

    assert whole < 2.2 * half
