"""What every server backend must do: the same over sync, async and both streams, against real sockets."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from four_ways import acomplete, astream, complete, stream

from promptkit.backends import HttpBackend, Timeouts, open_backend
from promptkit.backends.dialects.openai_chat import compatible
from promptkit.completions import TokenLogprob
from promptkit.errors import (
    BackendError,
    ConnectionFailed,
    ContextOverflow,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    SchemaRejected,
    ServerError,
    StreamInterrupted,
    TimedOut,
    Unauthorized,
)

pytestmark = pytest.mark.network

TEXT = '{"colour":"red"}'
USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


WHOLE = [pytest.param(complete, id="complete"), pytest.param(acomplete, id="acomplete")]
STREAMS = [pytest.param(stream, id="stream"), pytest.param(astream, id="astream")]
ALL = WHOLE + STREAMS


def body(text: str | None = TEXT, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "c-1", "model": "m-2026", "choices": [choice], "usage": USAGE}


def piece(text: str | None = None, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    content = {} if text is None else {"content": text}
    return {
        "id": "c-1",
        "model": "m-2026",
        "choices": [{"index": 0, "delta": {**content, **delta}, "finish_reason": finish}],
    }


PIECES = [piece(role="assistant"), piece('{"col'), piece('our":"red"}'), piece(finish="stop")]


def backend_at(server: Any, **timeouts: float) -> HttpBackend:
    return HttpBackend(
        name="openai+local:m",
        base_url=server.url,
        model="m",
        key_env="PROMPTKIT_TEST_KEY",
        dialect=compatible(),
        timeouts=Timeouts(**timeouts),
    )


@pytest.mark.parametrize("ask", WHOLE)
def test_a_whole_answer_comes_with_usage_model_and_request_id(server, question, ask) -> None:
    server.will_answer(body(), x_request_id="req-7")

    completion = ask(backend_at(server), question)

    assert completion.text == TEXT
    assert completion.finish_reason == "stop"
    assert (completion.model, completion.request_id) == ("m-2026", "req-7")
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (12, 5)
    assert (completion.usage.cached_tokens, completion.usage.reasoning_tokens) == (8, 2)
    assert not completion.usage.estimated


@pytest.mark.parametrize("ask", STREAMS)
def test_a_streamed_answer_comes_with_the_usage_of_its_last_chunk(server, question, ask) -> None:
    server.will_stream(*PIECES, {"choices": [], "usage": USAGE}, "[DONE]")

    completion = ask(backend_at(server), question)

    assert completion.text == TEXT
    assert completion.finish_reason == "stop"
    assert (completion.model, completion.request_id) == ("m-2026", "req-7")
    assert (completion.usage.input_tokens, completion.usage.reasoning_tokens) == (12, 2)
    assert server.seen[0].json["stream_options"] == {"include_usage": True}


def token(text: Any, logprob: Any, *top: Any) -> dict[str, Any]:
    alternatives = [{"token": text, "logprob": logprob, "bytes": None} for text, logprob in top]
    return {"token": text, "logprob": logprob, "bytes": None, "top_logprobs": alternatives}


TOKENS = [token('{"colour":"', 0), token("red", -0.25, ("red", -0.25), ("blue", -1.5)), token('"}', -1e30)]


def answered(server: Any, ask: Any, tokens: list[Any]) -> None:
    """Let the server give the answer with these tokens, in a stream in two of its pieces."""
    if ask in (complete, acomplete):
        whole_body = body()
        whole_body["choices"][0]["logprobs"] = {"content": tokens, "refusal": None}
        server.will_answer(whole_body)
        return
    pieces = json.loads(json.dumps(PIECES))
    pieces[1]["choices"][0]["logprobs"] = {"content": tokens[:1]}
    pieces[2]["choices"][0]["logprobs"] = {"content": tokens[1:]}
    pieces[3]["choices"][0]["logprobs"] = None
    server.will_stream(*pieces, "[DONE]")


@pytest.mark.parametrize("ask", ALL)
def test_the_tokens_of_an_answer_come_with_their_log_probabilities(server, question, ask) -> None:
    answered(server, ask, TOKENS)

    completion = ask(backend_at(server), question)

    assert completion.text == TEXT
    assert completion.logprobs == (
        TokenLogprob(text='{"colour":"', logprob=0.0),
        TokenLogprob(text="red", logprob=-0.25, top=(("red", -0.25), ("blue", -1.5))),
        TokenLogprob(text='"}', logprob=-9999.0),
    )


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize(
    "bad", [token("red", "low"), token("red", None), token("red", True), token(7, -0.5), "red", None]
)
def test_tokens_that_are_not_of_the_protocol_leave_the_answer_as_it_is(server, question, ask, bad) -> None:
    answered(server, ask, [TOKENS[0], bad, TOKENS[2]])

    completion = ask(backend_at(server), question)

    assert (completion.text, completion.logprobs) == (TEXT, None)


@pytest.mark.parametrize("ask", ALL)
def test_a_token_that_is_a_part_of_a_letter_holds_a_mark_for_it(server, question, ask) -> None:
    answered(server, ask, [token("\ud83d", -1, ("\ude00", -2), ("\ud83d\ude00", -3))])

    completion = ask(backend_at(server), question)

    (only,) = completion.logprobs
    assert (only.text, [text for text, _ in only.top]) == ("\ufffd", ["\ufffd", "\U0001f600"])


@pytest.mark.parametrize("ask", ALL)
def test_the_request_holds_messages_schema_and_sampling(server, question, ask) -> None:
    if ask in (complete, acomplete):
        server.will_answer(body())
    else:
        server.will_stream(*PIECES, "[DONE]")

    ask(backend_at(server), question)

    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["content-type"] == "application/json"
    assert "authorization" not in seen.headers
    assert "Fire engine · «rot»".encode() in seen.body
    sent = seen.json
    assert sent["model"] == "m"
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert (sent["temperature"], sent["max_tokens"]) == (0, 20)
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent.get("stream", False) is (ask in (stream, astream))


@pytest.mark.parametrize("ask", STREAMS)
def test_a_server_that_does_not_stream_still_answers(server, question, ask) -> None:
    server.will_answer(body())

    assert ask(backend_at(server), question).text == TEXT


@pytest.mark.parametrize("ask", ALL)
def test_a_compressed_answer_is_read(server, question, ask) -> None:
    server.will_answer(gzip.compress(json.dumps(body()).encode()), content_encoding="gzip")

    assert ask(backend_at(server), question).text == TEXT


@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_without_its_end_mark_is_whole_once_it_has_said_why_it_stops(server, question, ask) -> None:
    server.will_stream(*PIECES, end=("close",))

    assert ask(backend_at(server), question).text == TEXT


FAULTS = [
    ("html 200", b"<!DOCTYPE html><p>Hello", 200, ServerError, "answered HTML, not JSON"),
    ("html 502", b"<html>Bad Gateway", 502, ServerError, "URL ends in /v1"),
    ("empty", b"", 200, ServerError, "the body is empty"),
    ("truncated", b'{"choices": [{"mess', 200, ServerError, "no whole JSON"),
    ("no choices", {"id": "x"}, 200, ServerError, "choices[0].message"),
    ("wrong types", {"choices": {"a": 1}}, 200, ServerError, "choices[0].message"),
    ("number as text", body(5), 200, ServerError, "is no text"),
    ("unknown finish", body(finish="bored"), 200, ServerError, '"bored"'),
    ("no finish", body(finish=None), 200, ServerError, "finish_reason is null"),
    ("a list", [1], 200, ServerError, "no JSON object"),
    ("wrong type of content", b"upstream is away", 200, ServerError, "upstream is away"),
    ("401", {"error": {"message": "Bad key"}}, 401, Unauthorized, "PROMPTKIT_TEST_KEY"),
    ("403", {"detail": "Not for you"}, 403, Unauthorized, "Not for you."),
    ("404", {"error": {"message": "No model m"}}, 404, ModelNotFound, "base path"),
    ("404 flat", {"object": "error", "message": "No m"}, 404, ModelNotFound, "No m."),
    ("429 rate", {"error": {"code": "rate_limit_exceeded"}}, 429, RateLimited, "Wait"),
    ("429 quota", {"error": {"code": "insufficient_quota"}}, 429, QuotaExhausted, "does not help"),
    ("402", {"error": "Pay first"}, 402, QuotaExhausted, "Pay first."),
    (
        "overflow",
        {"error": {"code": "context_length_exceeded", "message": "9 > 8"}},
        400,
        ContextOverflow,
        "9 > 8",
    ),
    (
        "overflow words",
        {"error": {"message": "This model's maximum context length is 8"}},
        400,
        ContextOverflow,
        "Shorten",
    ),
    (
        "schema",
        {"error": {"message": "Invalid schema", "param": "response_format"}},
        400,
        SchemaRejected,
        "Simplify",
    ),
    ("grammar", {"error": {"message": "Failed to parse grammar"}}, 400, SchemaRejected, "Simplify"),
    ("400", {"error": {"message": "temperature is too hot"}}, 400, RequestRejected, "too hot."),
    (
        "422",
        {"detail": [{"loc": ["body", "n"], "msg": "not a number"}]},
        422,
        RequestRejected,
        "not a number",
    ),
    ("408", {}, 408, TimedOut, "Try again"),
    ("409", {}, 409, ServerError, "server's side"),
    ("500", {"error": {"message": "boom"}}, 500, ServerError, "boom."),
    ("503", {"error": {"message": "Loading model"}}, 503, Overloaded, "Loading model."),
    ("529", b"", 529, Overloaded, "no reason given"),
    ("error in 200", {"error": {"code": 429, "message": "slow down"}}, 200, RateLimited, "slow down."),
    ("307", b"", 307, RequestRejected, "redirects to http://elsewhere/x."),
]


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize("fault", [pytest.param(fault[1:], id=str(fault[0])) for fault in FAULTS])
def test_each_fault_is_one_typed_error_that_says_what_where_and_what_now(
    server, question, ask, fault
) -> None:
    given, status, kind, said = fault
    server.will_answer(given, status, x_request_id="req-9", location="http://elsewhere/x?key=1")

    with pytest.raises(BackendError) as caught:
        ask(backend_at(server), question)

    error = caught.value
    assert type(error) is kind
    assert said in str(error)
    assert "openai+local:m" in str(error)
    assert f"{server.url}/chat/completions" in str(error)
    assert error.backend == "openai+local:m"
    assert error.request_id == "req-9"
    assert error.status == (429 if "slow" in said else status)


@pytest.mark.parametrize("ask", ALL)
def test_what_a_long_error_says_late_still_counts(server, question, ask) -> None:
    said = "x" * 300 + " exceeds the available context size"
    server.will_answer({"error": {"message": said}}, 400)

    with pytest.raises(ContextOverflow) as caught:
        ask(backend_at(server), question)

    assert len(str(caught.value)) < 450


@pytest.mark.parametrize("ask", ALL)
def test_a_server_that_names_no_model_and_no_id_is_called_by_what_was_asked(server, question, ask) -> None:
    message = {"content": [{"type": "text", "text": "re"}, {"text": "d"}, {"type": "image"}, 5]}
    server.will_answer({"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"n": 1}})

    completion = ask(backend_at(server), question)

    assert (completion.text, completion.model, completion.request_id) == ("red", "m", None)
    assert completion.usage is None


@pytest.mark.parametrize("ask", ALL)
def test_a_refused_connection_names_host_and_port(server, question, ask) -> None:
    backend = HttpBackend(
        name="b", base_url="http://127.0.0.1:9/v1", model="m", key_env="NO_KEY", dialect=compatible()
    )

    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9 .*Is the server running") as caught:
        ask(backend, question)

    assert caught.value.retryable


@pytest.mark.parametrize("ask", ALL)
def test_a_connection_reset_before_the_answer_is_a_failed_connection(server, question, ask) -> None:
    server.will_send("reset")

    with pytest.raises(ConnectionFailed, match="lost before an answer began"):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", ALL)
def test_a_connection_reset_inside_the_body_is_a_failed_connection(server, question, ask) -> None:
    server.will_send(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + b'{"choices": [', "close")

    with pytest.raises(ConnectionFailed, match="lost while the answer was read"):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", ALL)
def test_bytes_that_are_no_gzip_are_a_fault_of_the_server(server, question, ask) -> None:
    server.will_answer(b"not compressed", content_encoding="gzip")

    with pytest.raises(ServerError, match="cannot be decompressed"):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", ALL)
def test_bytes_that_are_no_http_are_a_failed_connection(server, question, ask) -> None:
    server.will_send(b"SSH-2.0-OpenSSH_9.6\r\n", "close")

    with pytest.raises(ConnectionFailed):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", ALL)
def test_a_server_that_says_nothing_times_out_before_the_first_token(server, question, ask) -> None:
    server.will_send("stall")

    with pytest.raises(TimedOut, match=r"no answer began within 0\.05 s") as caught:
        ask(backend_at(server, first_token_s=0.05, answer_s=0.05), question)

    assert caught.value.kind == "first_token"


@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_that_stalls_times_out_and_says_how_far_it_came(server, question, ask) -> None:
    server.will_stream(*PIECES[:2], end=("stall",))

    with pytest.raises(TimedOut, match=r"no token for 0\.05 s after 5 characters") as caught:
        ask(backend_at(server, first_token_s=60, stall_s=0.05), question)

    assert caught.value.kind == "stall"
    assert caught.value.usage.estimated


@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_that_begins_without_text_waits_for_its_first_token(server, question, ask) -> None:
    server.will_stream(PIECES[0], end=("stall",))

    with pytest.raises(TimedOut) as caught:
        ask(backend_at(server, first_token_s=0.2, stall_s=60), question)

    assert caught.value.kind == "first_token"


@pytest.mark.parametrize("ask", ALL)
def test_the_deadline_ends_a_call_that_other_waits_would_allow(server, question, ask) -> None:
    server.will_send("stall")

    with pytest.raises(TimedOut, match="the deadline passed") as caught:
        ask(backend_at(server), question, time.monotonic() + 0.1)

    assert caught.value.kind == "deadline"


@pytest.mark.parametrize("ask", STREAMS)
def test_the_deadline_ends_a_stream_that_goes_on(server, question, ask) -> None:
    server.will_stream(*PIECES[:2], end=("stall",))

    with pytest.raises(TimedOut) as caught:
        ask(backend_at(server), question, time.monotonic() + 0.3)

    assert caught.value.kind == "deadline"


@pytest.mark.parametrize("ask", ALL)
def test_nothing_is_sent_after_the_deadline(server, question, ask) -> None:
    with pytest.raises(TimedOut) as caught:
        ask(backend_at(server), question, time.monotonic() - 1)

    assert caught.value.kind == "deadline"
    assert server.connections == 0


@pytest.mark.parametrize("end", [("close",), (b"0\r\n\r\n",)], ids=["cut", "ended"])
@pytest.mark.parametrize("ask", STREAMS)
def test_a_stream_cut_in_its_middle_keeps_the_text_that_had_arrived(server, question, ask, end) -> None:
    server.will_stream(*PIECES[:3], end=end)

    with pytest.raises(StreamInterrupted, match="after 16 characters") as caught:
        ask(backend_at(server), question)

    assert caught.value.partial == TEXT
    assert caught.value.request_id == "req-7"
    assert caught.value.usage.estimated
    assert not caught.value.retryable


@pytest.mark.parametrize("ask", STREAMS)
def test_an_end_mark_without_a_reason_is_a_cut_stream(server, question, ask) -> None:
    server.will_stream(*PIECES[:3], "[DONE]")

    with pytest.raises(StreamInterrupted):
        ask(backend_at(server), question)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"code": 503, "message": "Busy"}}, Overloaded),
        ({"error": {"code": "insufficient_quota", "message": "No money"}}, QuotaExhausted),
        (b"event: error\ndata: went wrong\n\n", RequestRejected),
        ("{not json", ServerError),
        ({"choices": [{"delta": {"content": 7}}]}, ServerError),
        ({"choices": "no"}, ServerError),
        (piece(finish="bored"), ServerError),
    ],
)
@pytest.mark.parametrize("ask", STREAMS)
def test_an_error_before_any_text_of_a_stream_is_typed(server, question, ask, event, kind) -> None:
    server.will_stream(*PIECES[:1], event)

    with pytest.raises(BackendError) as caught:
        ask(backend_at(server), question)

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("event", "said", "evidence"),
    [
        ({"error": {"code": 503, "message": "Busy"}}, "Busy", (503, "503", True)),
        (
            {"error": {"code": "insufficient_quota", "message": "None"}},
            "None",
            (200, "insufficient_quota", False),
        ),
        ({"error": {"message": "Odd"}}, "Odd", (200, None, False)),
        ("{not json", "no JSON object", (200, None, True)),
        (piece(finish="bored"), "bored", (200, None, True)),
        (
            b'data: {"choices":[{"delta":{"content":"x\\ud800y"}}]}\n\n',
            "half a surrogate pair",
            (200, None, True),
        ),
    ],
)
@pytest.mark.parametrize("ask", STREAMS)
def test_an_error_after_some_text_keeps_the_text_and_what_the_server_said(
    server, question, ask, event, said, evidence
) -> None:
    server.will_stream(*PIECES[:2], event)

    with pytest.raises(StreamInterrupted, match=f"broke off after 5 characters: .*{said}") as caught:
        ask(backend_at(server), question)

    error = caught.value
    assert (error.status, error.code, error.retryable) == evidence
    assert (error.partial, error.request_id, error.backend) == ('{"col', "req-7", "openai+local:m")
    assert error.usage.estimated


@pytest.mark.parametrize("field", ["content", "refusal", "reasoning_content"])
@pytest.mark.parametrize("ask", ALL)
def test_half_a_surrogate_pair_in_an_answer_is_a_fault_of_the_server(server, question, ask, field) -> None:
    if ask in (complete, acomplete):
        server.will_answer(body(**{"text" if field == "content" else field: "x\ud800"}))
    else:
        server.will_stream(piece(**{field: "\ud800"}), piece(finish="stop"), "[DONE]")

    with pytest.raises(ServerError, match="holds half a surrogate pair.* cannot be written as UTF-8"):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", STREAMS)
def test_a_surrogate_pair_split_over_two_chunks_is_one_character(server, question, ask) -> None:
    server.will_stream(piece("a\ud83d"), piece("\ude00b"), piece("\ud83d\ude00", finish="stop"), "[DONE]")

    assert ask(backend_at(server), question).text == "a\U0001f600b\U0001f600"


@pytest.mark.parametrize("ask", ALL)
def test_an_answer_without_bound_is_not_read_to_its_end(server, question, ask) -> None:
    server.will_answer(gzip.compress(b" " * (70 * 2**20), 1), content_encoding="gzip")

    with pytest.raises(ServerError, match="longer than 64 MiB") as caught:
        ask(backend_at(server), question)

    assert not caught.value.retryable


@pytest.mark.parametrize("ask", ALL)
def test_an_answer_packed_twice_is_not_unpacked(server, question, ask) -> None:
    server.will_answer(gzip.compress(gzip.compress(b"{}")), content_encoding="gzip, gzip")

    with pytest.raises(ServerError, match="content-encoding 'gzip, gzip'"):
        ask(backend_at(server), question)


@pytest.mark.parametrize("ask", ALL)
def test_a_refusal_is_told_apart_from_an_answer(server, question, ask) -> None:
    if ask in (complete, acomplete):
        server.will_answer(body(None, refusal="I will not."))
    else:
        server.will_stream(piece(refusal="I will "), piece(refusal="not."), piece(finish="stop"), "[DONE]")

    completion = ask(backend_at(server), question)

    assert (completion.finish_reason, completion.refusal, completion.text) == ("refusal", "I will not.", "")


@pytest.mark.parametrize("ask", ALL)
@pytest.mark.parametrize(
    ("said", "meant"),
    [("length", "length"), ("content_filter", "filter"), ("tool_calls", "tool"), ("eos_token", "stop")],
)
def test_reasons_to_stop_are_translated(server, question, ask, said, meant) -> None:
    if ask in (complete, acomplete):
        server.will_answer(body(finish=said))
    else:
        server.will_stream(piece(TEXT), piece(finish=said), "[DONE]")

    assert ask(backend_at(server), question).finish_reason == meant


@pytest.mark.parametrize("ask", ALL)
def test_reasoning_is_no_part_of_the_text(server, question, ask) -> None:
    if ask in (complete, acomplete):
        server.will_answer(body(reasoning_content="Fire is red."))
    else:
        deltas = [piece(reasoning_content="Fire "), piece(reasoning_content="is red.")]
        server.will_stream(*deltas, piece(TEXT, "stop"), "[DONE]")

    completion = ask(backend_at(server), question)

    assert (completion.text, completion.reasoning) == (TEXT, "Fire is red.")


@pytest.mark.parametrize("ask", ALL)
def test_a_server_that_names_json_object_as_what_it_takes_is_given_that(server, question, ask) -> None:
    refusal = "body.response_format.type: Input should be 'text' or 'json_object'"
    server.will_answer({"error": {"message": refusal}}, 500)
    server.will_answer(body())
    server.will_answer(body())
    backend = open_backend(f"openai+{server.url}:m")

    first = ask(backend, question)
    ask(backend, question)

    assert first.text == TEXT
    forms = [seen.json["response_format"]["type"] for seen in server.seen]
    assert forms == ["json_schema", "json_object", "json_object"]
    assert server.seen[1].json["response_format"]["schema"]["required"] == ["colour"]


@pytest.mark.parametrize("ask", ALL)
def test_a_form_that_the_user_chose_is_never_changed(server, question, ask) -> None:
    server.will_answer({"error": {"message": "response_format must be json_object"}}, 400)
    backend = open_backend(f"openai+{server.url}:m", response_format="json_schema")

    with pytest.raises(SchemaRejected):
        ask(backend, question)

    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_what_the_server_says(server, question, headers, seconds) -> None:
    server.will_answer({"error": {"message": "slow"}}, 429, **headers)

    with pytest.raises(RateLimited) as caught:
        backend_at(server).complete(question)

    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(("said", "retryable"), [("false", False), ("true", True)])
def test_the_server_decides_whether_trying_again_helps(server, question, said, retryable) -> None:
    server.will_answer({}, 500, x_should_retry=said)

    with pytest.raises(ServerError) as caught:
        backend_at(server).complete(question)

    assert caught.value.retryable is retryable
