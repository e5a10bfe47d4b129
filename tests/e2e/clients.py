"""Runs in the clients' own environment: asks a server through the provider's official client, prints what it decoded.

``clients.py DIALECT URL STORY...`` prints one JSON object: by story, and by ``STORY stream``, what the client read
of it. With ``check`` for URL it reads bodies of calls from its input, one JSON value a line, and holds them to the
client's own types.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

Seen = dict[str, Any]


def openai_chat(url: str) -> Callable[[str, bool], Seen]:
    import openai

    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)

    def ask(story: str, stream: bool) -> Seen:
        messages: Any = [{"role": "user", "content": "x"}]
        if not stream:
            completion = client.chat.completions.create(model=story, messages=messages)
            message, usage = completion.choices[0].message, completion.usage
            return {
                "text": message.content or "",
                "refusal": message.refusal,
                "finish": completion.choices[0].finish_reason,
                "calls": [
                    (it.id, it.function.name, it.function.arguments) for it in message.tool_calls or []
                ],
                "usage": _usage(usage.prompt_tokens, usage.completion_tokens),
            }
        text, refusal, finish, counts = "", "", None, None
        for chunk in client.chat.completions.create(
            model=story, messages=messages, stream=True, stream_options={"include_usage": True}
        ):
            counts = chunk.usage or counts
            for choice in chunk.choices:
                text += choice.delta.content or ""
                refusal += choice.delta.refusal or ""
                finish = choice.finish_reason or finish
        return {
            "text": text,
            "refusal": refusal or None,
            "finish": finish,
            "usage": _usage(counts.prompt_tokens, counts.completion_tokens),
        }

    return ask


def openai_responses(url: str) -> Callable[[str, bool], Seen]:
    import openai

    client = openai.OpenAI(base_url=url, api_key="k", max_retries=0)

    def ask(story: str, stream: bool) -> Seen:
        if not stream:
            response = client.responses.create(model=story, input="x")
        else:
            response = None
            for event in client.responses.create(model=story, input="x", stream=True):
                if event.type in ("response.completed", "response.incomplete", "response.failed"):
                    response = event.response
        calls = [it for it in response.output if it.type == "function_call"]
        refusals = [
            part.refusal
            for item in response.output
            if item.type == "message"
            for part in item.content
            if part.type == "refusal"
        ]
        return {
            "text": response.output_text,
            "refusal": "".join(refusals) or None,
            "finish": response.incomplete_details.reason if response.incomplete_details else response.status,
            "calls": [(it.call_id, it.name, it.arguments) for it in calls],
            "usage": _usage(response.usage.input_tokens, response.usage.output_tokens),
        }

    return ask


def anthropic(url: str) -> Callable[[str, bool], Seen]:
    import anthropic as library

    client = library.Anthropic(base_url=url.removesuffix("/v1"), api_key="k", max_retries=0)

    def ask(story: str, stream: bool) -> Seen:
        asked: Any = {"model": story, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
        if stream:
            with client.messages.stream(**asked) as events:
                message = events.get_final_message()
        else:
            message = client.messages.create(**asked)
        calls = [it for it in message.content if it.type == "tool_use"]
        usage = message.usage
        cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        return {
            "text": "".join(it.text for it in message.content if it.type == "text"),
            "refusal": message.stop_details.explanation if message.stop_details else None,
            "finish": message.stop_reason,
            "calls": [(it.id, it.name, json.dumps(it.input)) for it in calls],
            "usage": _usage(usage.input_tokens + cached, usage.output_tokens),
        }

    return ask


def gemini(url: str) -> Callable[[str, bool], Seen]:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=url.removesuffix("/v1"), api_version="v1")
    client = genai.Client(api_key="k", http_options=options)

    def ask(story: str, stream: bool) -> Seen:
        answers = (
            list(client.models.generate_content_stream(model=story, contents="x"))
            if stream
            else [client.models.generate_content(model=story, contents="x")]
        )
        parts = [part for it in answers for part in _parts(it)]
        ends = [
            it.candidates[0].finish_reason
            for it in answers
            if it.candidates and it.candidates[0].finish_reason
        ]
        feedback = answers[-1].prompt_feedback
        usage = answers[-1].usage_metadata
        written = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        calls = [part.function_call for part in parts if part.function_call]
        return {
            "text": "".join(part.text for part in parts if part.text and not part.thought),
            "finish": ends[-1].value if ends else feedback.block_reason.value,
            "calls": [(it.id, it.name, json.dumps(it.args)) for it in calls],
            "usage": _usage(usage.prompt_token_count, written),
        }

    return ask


def ollama(url: str) -> Callable[[str, bool], Seen]:
    import ollama as library

    client = library.Client(host=url.removesuffix("/api"))

    def ask(story: str, stream: bool) -> Seen:
        asked: Any = {"model": story, "messages": [{"role": "user", "content": "x"}]}
        answers = list(client.chat(**asked, stream=True)) if stream else [client.chat(**asked)]
        last = answers[-1]
        calls = [call.function for it in answers for call in it.message.tool_calls or []]
        return {
            "text": "".join(it.message.content or "" for it in answers),
            "finish": last.done_reason,
            "calls": [("t1", it.name, json.dumps(dict(it.arguments))) for it in calls],
            "usage": _usage(last.prompt_eval_count, last.eval_count),
        }

    return ask


def _parts(answer: Any) -> Iterator[Any]:
    for candidate in answer.candidates or []:
        yield from (candidate.content.parts if candidate.content else None) or []


def _usage(read: int, written: int) -> list[int]:
    return [read, written]


def told(ask: Callable[[str, bool], Seen], story: str, stream: bool) -> Seen:
    """What the client reads of a story; for one of an error, the error that it raises."""
    try:
        return ask(story, stream)
    except failures() as error:
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        return {"error": type(error).__name__, "status": status}


def failures() -> tuple[type[Exception], ...]:
    """What the client that was loaded raises for an error of the server."""
    kinds = {"openai": "APIError", "anthropic": "APIError", "ollama": "ResponseError"}
    found = [getattr(sys.modules[name], kind) for name, kind in kinds.items() if name in sys.modules]
    if "google.genai.errors" in sys.modules:
        found.append(sys.modules["google.genai.errors"].APIError)
    return tuple(found)


def checked(dialect: str) -> None:
    """Hold bodies of calls to the client's own types."""
    from pydantic import TypeAdapter

    if dialect == "anthropic":
        from anthropic.types.message_create_params import MessageCreateParamsNonStreaming as Body
    elif dialect == "openai_chat":
        from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as Body
    elif dialect == "openai_responses":
        from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming as Body
    elif dialect == "ollama":
        from ollama._types import ChatRequest as Body
    else:
        raise SystemExit(f"no types of whole bodies for {dialect}")
    adapter: Any = TypeAdapter(Body)
    for line in sys.stdin:
        adapter.validate_python(json.loads(line))


def ask_gemini_for_all(url: str) -> None:
    """The conversation of ``test_official_clients.py`` with all of its settings, as this client writes it."""
    from google import genai
    from google.genai import types

    client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1"))
    pixel = types.Part(inline_data=types.Blob(mime_type="image/png", data=b"\x89PNG"))
    linked = types.Part(file_data=types.FileData(mime_type="image/png", file_uri="https://example.org/a.jpg"))
    call = types.Part(
        function_call=types.FunctionCall(id="t1", name="find", args={}), thought_signature=b"sig"
    )
    found = types.FunctionResponse(id="t1", name="find", response={"output": "A fire engine."})
    document = types.Part(inline_data=types.Blob(mime_type="application/pdf", data=b"%PDF"))
    given = json.load(sys.stdin)
    client.models.generate_content(
        model="m",
        contents=[
            types.Content(role="user", parts=[types.Part(text="Look:"), pixel, linked]),
            types.Content(role="model", parts=[types.Part(text="Hm."), call]),
            types.Content(
                role="user",
                parts=[types.Part(function_response=found), types.Part(text="So?"), document],
            ),
        ],
        config=types.GenerateContentConfig(
            system_instruction="Be brief.",
            temperature=0.5,
            max_output_tokens=9,
            seed=1,
            top_p=0.9,
            top_k=3,
            stop_sequences=["END"],
            response_logprobs=True,
            logprobs=2,
            response_mime_type="application/json",
            response_json_schema=given["schema"],
            tools=[
                types.Tool(
                    function_declarations=[
                        types.FunctionDeclaration(
                            name="find",
                            description=given["description"],
                            parameters_json_schema=given["parameters"],
                        )
                    ]
                )
            ],
        ),
    )


if __name__ == "__main__":
    name, where, *stories = sys.argv[1:]
    if stories == ["all"]:
        ask_gemini_for_all(where)
    elif where == "check":
        checked(name)
    else:
        asking = globals()[name](where)
        found = {
            f"{story}{' stream' if stream else ''}": told(asking, story, stream)
            for story in stories
            for stream in (False, True)
        }
        json.dump(found, sys.stdout)
