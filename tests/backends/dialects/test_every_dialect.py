"""Each dialect tells the same stories: whole and as a stream, sync and async, over real sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from dialect_answers import DIALECTS, TEXT, load, pieces, played
from loopback import chunk, chunked_head
from pydantic import BaseModel

from promptkit import errors
from promptkit.backends import open_backend
from promptkit.completions import Completed, Completion, TextDelta
from promptkit.errors import BackendError, StreamInterrupted
from promptkit.messages import ImagePart, Message, TextPart, ToolCallPart, ToolResultPart
from promptkit.requests import GenerationConfig, Tool
from promptkit.schemas import OutputSchema

pytestmark = pytest.mark.network

SCHEMES = {
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    "openai_chat": "openai",
    "openai_responses": "openai-responses",
}
DIALECTS = [name for name in DIALECTS if name in SCHEMES]


class Find(BaseModel):
    """Find a thing by its colour."""

    q: str


FIND = Tool.of(Find, name="find")
SIGNATURES = {"anthropic": '[["Fire is red.", "c2ln"]]', "gemini": "c2ln"}


def ask_sync(backend: Any, request: Any) -> Completion:
    return backend.complete(request)


def ask_async(backend: Any, request: Any) -> Completion:
    return asyncio.run(backend.acomplete(request))


def ask_stream(backend: Any, request: Any) -> Completion:
    with backend.stream(request) as events:
        return whole(list(events))


def ask_astream(backend: Any, request: Any) -> Completion:
    async def collect() -> list[Any]:
        async with backend.astream(request) as events:
            return [event async for event in events]

    return whole(asyncio.run(collect()))


def whole(events: list[Any]) -> Completion:
    *deltas, last = events
    assert isinstance(last, Completed)
    assert all(isinstance(delta, TextDelta) and delta.text for delta in deltas)
    assert "".join(delta.text for delta in deltas) == last.completion.text
    return last.completion


STREAMS = [pytest.param(ask_stream, id="stream"), pytest.param(ask_astream, id="astream")]
ALL = [pytest.param(ask_sync, id="complete"), pytest.param(ask_async, id="acomplete"), *STREAMS]


def backend_of(name: str, server: Any) -> Any:
    return open_backend(f"{SCHEMES[name]}+{server.url}:m")


def told(name: str, story: str, ask: Any, server: Any, request: Any) -> Completion:
    """The completion that a story makes of a call."""
    known = load(name)
    if story not in known:
        pytest.skip(f"{name} has no word for {story}")
    server.will_send(*played(known, story, stream=ask in (ask_stream, ask_astream)))
    return ask(backend_of(name, server), request)


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("name", DIALECTS)
def test_an_answer_comes_with_all_that_the_server_says_of_it(name, ask, server, question) -> None:
    completion = told(name, "answer", ask, server, question)

    known = load(name)
    cached, reasoning = known.get("counts", {"cached_tokens": 8, "reasoning_tokens": 2}).values()
    usage = completion.usage
    assert (completion.text, completion.finish_reason, completion.model) == (TEXT, "stop", "m-2026")
    assert (usage.input_tokens, usage.output_tokens) == (12, 5)
    assert (usage.cached_tokens, usage.reasoning_tokens, usage.estimated) == (cached, reasoning, False)
    assert completion.reasoning == ("Fire is red." if name != "openai_chat" else None)
    (seen,) = server.seen
    stream = ask in (ask_stream, ask_astream)
    assert seen.path == f"/v1{known['stream_path' if stream else 'path']}"
    named = known["headers"] or stream  # the loopback server names each of its streams
    assert completion.request_id == ("req-7" if named else known.get("id", "c-1"))


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize(
    ("story", "reason"), [("cut", "length"), ("filtered", "filter"), ("refusal", "refusal")]
)
@pytest.mark.parametrize("name", DIALECTS)
def test_why_an_answer_stops_is_said_in_our_words(name, story, reason, ask, server, question) -> None:
    completion = told(name, story, ask, server, question)

    assert completion.finish_reason == reason
    assert completion.refusal == ("I will not." if story == "refusal" else None)
    assert completion.text == ('{"col' if story == "cut" else "")


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("name", DIALECTS)
def test_the_call_of_a_tool_comes_back_as_a_part(name, ask, server, text_question) -> None:
    completion = told(name, "calls", ask, server, replace(text_question, tools=(FIND,)))

    (call,) = completion.tool_calls
    assert completion.finish_reason == "tool"
    assert (call.id, call.name, json.loads(call.arguments)) == ("t1", "find", {"q": "red"})
    assert FIND.read(call) == Find(q="red")
    assert call.signature == SIGNATURES.get(name)


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("name", DIALECTS)
def test_an_error_inside_a_good_stream_is_an_error_that_keeps_the_text(name, ask, server, question) -> None:
    known = load(name)
    begun = [event for event in known["cut"]["stream"] if '{\\"col' in json.dumps(event)][:1]
    body = pieces(known, [*begun, known["late_error"]])
    server.will_send(chunked_head(known["stream_type"]), *map(chunk, body), b"0\r\n\r\n")

    with pytest.raises(StreamInterrupted, match="broke off after 5 characters") as caught:
        ask(backend_of(name, server), question)

    assert caught.value.partial == '{"col'


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("name", DIALECTS)
def test_a_stream_that_ends_before_it_says_why_is_cut(name, ask, server, question) -> None:
    known = load(name)
    begun = [event for event in known["cut"]["stream"] if '{\\"col' in json.dumps(event)][:1]
    if name == "gemini":  # its one event says both
        begun = known["answer"]["stream"][:3]
    body = pieces(known, begun)
    server.will_send(chunked_head(known["stream_type"]), *map(chunk, body), b"0\r\n\r\n")

    with pytest.raises(StreamInterrupted) as caught:
        ask(backend_of(name, server), question)

    assert caught.value.usage.estimated


FAULTS = [
    pytest.param(name, fault, id=f"{name}-{fault['status']}-{fault['kind']}")
    for name in DIALECTS
    for fault in load(name)["errors"]
]


@pytest.mark.parametrize("ask", [ALL[0], ALL[3]])
@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_an_error_of_the_server_is_one_of_ours(name, fault, ask, server, question) -> None:
    headers = {key.replace("-", "_"): value for key, value in fault.get("headers", {}).items()}
    server.will_answer(fault["body"], fault["status"], **headers)

    with pytest.raises(BackendError) as caught:
        ask(backend_of(name, server), question)

    assert type(caught.value) is getattr(errors, fault["kind"])
    assert caught.value.retry_after_s == fault.get("retry_after_s")


@pytest.mark.parametrize("name", DIALECTS)
def test_a_whole_conversation_goes_over_the_wire_and_nothing_of_it_is_lost(name, server, ask_for) -> None:
    messages = (
        Message(role="system", content="Be brief."),
        Message(role="user", content=(TextPart(text="Look:"), ImagePart(data=b"\x89PNG"))),
        Message(role="assistant", content=(ToolCallPart(id="t1", name="find", arguments='{"q":"red"}'),)),
        Message(role="tool", content=(ToolResultPart(id="t1", text="A fire engine."),)),
        Message(role="user", content="So?"),
    )
    request = ask_for(OutputSchema.text(), *messages, generation=GenerationConfig(max_tokens=20))

    told(name, "answer", ask_sync, server, replace(request, tools=(FIND,)))

    sent = server.seen[0].body.decode()
    for text in ("Be brief.", "Look:", "iVBORw==", '"find"', "A fire engine.", "So?", "by its colour"):
        assert sent.count(text) >= 1, text


@pytest.mark.parametrize("name", DIALECTS)
def test_fields_that_are_not_modelled_reach_the_body_and_may_not_change_what_is(
    name, server, ask_for
) -> None:
    extra = {"service_tier": "flex", "metadata": {"a": {"b": 1}}}
    request = ask_for(OutputSchema.text(), generation=GenerationConfig(extra=extra))

    told(name, "answer", ask_sync, server, request)

    assert {key: server.seen[0].json[key] for key in extra} == extra
    field = next(iter(server.seen[0].json))
    clash = ask_for(OutputSchema.text(), generation=GenerationConfig(extra={field: "x"}))
    with pytest.raises(errors.CapabilityMissing, match=f"extra holds {field}, which promptkit writes itself"):
        backend_of(name, server).complete(clash)


def retold(body: bytes) -> bytes:
    """The same server-sent events with comments, other line ends, an id, and data over several lines."""
    lines = [b": a comment", b"id: 7", b"retry: 10"]
    for line in body.strip().split(b"\n"):
        name, _, value = line.partition(b": ")
        cut = value.find(b",") + 1 if name == b"data" else 0
        lines += [name + b":" + value[:cut], name + b": " + value[cut:]] if cut else [line]
    return b"\r\n".join([*lines, b"", b""])


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("name", [name for name in DIALECTS if name != "ollama"])
def test_events_may_have_comments_ids_other_line_ends_and_data_over_several_lines(
    name, ask, server, question
) -> None:
    known = load(name)
    body = b"".join(map(retold, pieces(known, known["answer"]["stream"])))
    cut = len(body) // 2
    server.will_send(chunked_head(known["stream_type"]), chunk(body[:cut]), chunk(body[cut:]), b"0\r\n\r\n")

    assert ask(backend_of(name, server), question).text == TEXT


@pytest.mark.parametrize("ask", STREAMS)
@pytest.mark.parametrize("name", DIALECTS)
def test_a_stream_may_be_cut_anywhere_also_inside_a_letter(name, ask, server, text_question) -> None:
    known = json.loads(json.dumps(load(name)).replace('{\\"col"', 'Grüße 🚒"'))
    body = b"".join(pieces(known, known["cut"]["stream"]))
    server.will_send(
        chunked_head(known["stream_type"]),
        *(chunk(body[n : n + 3]) for n in range(0, len(body), 3)),
        b"0\r\n\r\n",
    )

    assert ask(backend_of(name, server), text_question).text == "Grüße 🚒"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_key_that_the_server_repeats_is_shown_nowhere(name, server, text_question, monkeypatch) -> None:
    key = "sk-canary-4711"
    for variable in (
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "OLLAMA_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_COMPATIBLE_API_KEY",
    ):
        monkeypatch.setenv(variable, key)
    known = json.loads(json.dumps(load(name)).replace("red", key).replace("t1", f"t-{key}"))

    for story in ("answer", "calls"):
        server.will_send(*played(known, story, stream=False))
        completion = backend_of(name, server).complete(text_question)
        assert key not in repr(completion)
    assert any(key in value for value in server.seen[0].headers.values())


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("openai_chat", "x-ratelimit-remaining-requests"),
        ("anthropic", "anthropic-ratelimit-requests-remaining"),
    ],
)
def test_what_the_server_says_of_its_limits_comes_with_the_answer(name, header, server, question) -> None:
    known = load(name)
    known["headers"] = {**known["headers"], header: "7"}
    server.will_send(*played(known, "answer", stream=False))

    assert backend_of(name, server).complete(question).rate_limits.requests.left == 7


def token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": [], "top_logprobs": []}


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("name", ["ollama", "openai_responses"])
def test_log_probabilities_come_whole_and_in_pieces(name, ask, server, question) -> None:
    known = load(name)
    if name == "ollama":
        known["answer"]["whole"]["logprobs"] = [token("a", -1), token("b", -2)]
        for event, one in zip(known["answer"]["stream"][2:4], (token("a", -1), token("b", -2)), strict=True):
            event["data"]["logprobs"] = [one]
    else:
        known["answer"]["whole"]["output"][1]["content"][0]["logprobs"] = [token("a", -1), token("b", -2)]
        deltas = [it for it in known["answer"]["stream"] if it["event"] == "response.output_text.delta"]
        for event, one in zip(deltas, (token("a", -1), token("b", -2)), strict=True):
            event["data"]["logprobs"] = [one]
    server.will_send(*played(known, "answer", stream=ask in (ask_stream, ask_astream)))

    completion = ask(backend_of(name, server), question)

    assert [(it.text, it.logprob) for it in completion.logprobs] == [("a", -1), ("b", -2)]
