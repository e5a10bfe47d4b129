"""One contender of streaming.py, in a process of its own: work as JSON on standard input, the outcome as its last line.

    python tests/benchmarks/streaming_contenders.py NAME < work.json

Work: `url` of the server, `texts` by name, `rounds`. A contender reads one answer as a stream, so that it has what
it offers of the object after each piece, and gives the whole object and how often it gave something. What comes
before the clock starts: imports and two answers. Imports are lazy, because contenders live in two environments.
"""

from __future__ import annotations

import json
import os
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any, Literal, Optional

from pydantic import BaseModel, TypeAdapter

SLOW_S = 1.0
Read = Callable[[str], tuple[Any, int]]
"""From the name of a text to the object that was read, and how often something was given on the way."""
MESSAGES = [{"role": "user", "content": "Write the report."}]


class Item(BaseModel):
    """A row of the report."""

    id: int
    name: str
    severity: Literal["low", "medium", "high"]
    minutes: int
    note: str


class Report(BaseModel):
    """What is streamed."""

    title: str
    items: list[Item]
    done: bool


def pieces(url: str, name: str) -> Iterator[str]:
    """The pieces of an answer's text by httpx and json: reading the raw stream and nothing else."""
    import httpx

    if "httpx" not in CLIENTS:
        CLIENTS["httpx"] = httpx.Client()
    client = CLIENTS["httpx"]
    body = {"model": name, "messages": MESSAGES, "stream": True}
    with client.stream("POST", f"{url}/chat/completions", json=body) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: ") and line != "data: [DONE]":
                choices = json.loads(line[6:])["choices"]
                if choices and (text := choices[0]["delta"].get("content")):
                    yield text


CLIENTS: dict[str, Any] = {}


def raw(work: Any) -> Read:
    """The base of all ratios: the raw stream read by httpx, each event parsed, nothing made of the text."""

    def read(name: str) -> tuple[Any, int]:
        texts = list(pieces(work["url"], name))
        return json.loads("".join(texts)), len(texts)

    return read


def reparsed(parse: Callable[[str], Any]) -> Callable[[Any], Read]:
    """A contender that parses the whole text so far at each piece."""

    def made(work: Any) -> Read:
        def read(name: str) -> tuple[Any, int]:
            text, count = "", 0
            for piece in pieces(work["url"], name):
                text += piece
                parse(text)
                count += 1
            return json.loads(text), count

        return read

    return made


def from_json(work: Any) -> Read:
    """pydantic_core.from_json with allow_partial, of the text so far at each piece."""
    from pydantic_core import from_json as parse

    return reparsed(lambda text: parse(text, allow_partial="trailing-strings"))(work)


def pydantic_partial(work: Any) -> Read:
    """pydantic's experimental partial validation of the text so far at each piece."""
    adapter = TypeAdapter(list[Item])
    from pydantic_core import from_json as parse

    def validated(text: str) -> None:
        found = parse(text, allow_partial=True)
        adapter.validate_python(found.get("items", []), experimental_allow_partial=True)

    return reparsed(validated)(work)


def jiter(work: Any) -> Read:
    """jiter.from_json with partial_mode, of the text so far at each piece."""
    from jiter import from_json as parse

    return reparsed(lambda text: parse(text.encode(), partial_mode="trailing-strings"))(work)


def partial_json_parser(work: Any) -> Read:
    """partial-json-parser, of the text so far at each piece."""
    from partial_json_parser import loads

    return reparsed(loads)(work)


def instructor(work: Any) -> Read:
    """create_partial of instructor over OpenAI's client: a partial model for each piece."""
    import instructor as library
    import openai

    client = library.from_openai(openai.OpenAI(base_url=work["url"], api_key="x"), mode=library.Mode.JSON)

    def read(name: str) -> tuple[Any, int]:
        count, last = 0, None
        for found in client.chat.completions.create_partial(
            model=name, messages=MESSAGES, response_model=Report
        ):
            count, last = count + 1, found
        assert last is not None
        return last.model_dump(), count

    return read


def baml(work: Any) -> Read:
    """The parser of BAML with partials allowed, of the text so far at each piece; without a network."""
    os.environ["BAML_LOG"] = "off"
    from baml_py import baml_py as library

    class PartialItem(BaseModel):
        id: Optional[int] = None  # noqa: UP045
        name: Optional[str] = None  # noqa: UP045
        severity: Optional[str] = None  # noqa: UP045
        minutes: Optional[int] = None  # noqa: UP045
        note: Optional[str] = None  # noqa: UP045

    class PartialReport(BaseModel):
        title: Optional[str] = None  # noqa: UP045
        items: list[PartialItem] = []
        done: Optional[bool] = None  # noqa: UP045

    source = """
class Item {\n id int\n name string\n severity "low" | "medium" | "high"\n minutes int\n note string\n}
class Report {\n title string\n items Item[]\n done bool\n}
client<llm> G {\n provider openai\n options {\n model "m"\n api_key "k"\n }\n}
function R(m: string) -> Report {\n client G\n prompt #"{{ m }}"#\n}
"""
    runtime = library.BamlRuntime.from_files("/x", {"main.baml": source}, {})
    context = runtime.create_context_manager()
    whole, partial = types.ModuleType("whole"), types.ModuleType("partial")
    whole.Item, whole.Report = Item, Report  # type: ignore[attr-defined]
    partial.Item, partial.Report = PartialItem, PartialReport  # type: ignore[attr-defined]

    def read(name: str) -> tuple[Any, int]:
        text, count, found = "", 0, None
        for piece in work["texts"][name]:
            text += piece
            try:
                found = runtime.parse_llm_response(
                    "R", text, whole, whole, partial, True, context, None, None, {}
                )
            except library.BamlError:
                continue
            count += 1
        assert found is not None
        return found.model_dump(), count

    return read


def promptkit(work: Any) -> Read:
    """Typed events: fields in pieces, fields done, items as instances."""
    import promptkit as pk
    from promptkit.events import FieldDelta, FieldDone, Finished

    fields = (FieldDelta, FieldDone)
    prompt: Any = pk.Prompt(template="{% user %}Write the report.{% enduser %}", output=Report)

    def read(name: str) -> tuple[Any, int]:
        count, result = 0, None
        asked = prompt.using(f"openai+{work['url']}:{name}", enforce="off")
        for event in asked.stream():
            if isinstance(event, fields):
                count += 1
            elif isinstance(event, Finished):
                result = event.result
        assert result is not None
        return result.value.model_dump(), count

    return read


def promptkit_text(work: Any) -> Read:
    """The same backend's events without fields: what reading the stream takes promptkit."""
    import promptkit as pk
    from promptkit.events import TextDelta

    prompt: Any = pk.Prompt(template="{% user %}Write the report.{% enduser %}")

    def read(name: str) -> tuple[Any, int]:
        asked = prompt.using(f"openai+{work['url']}:{name}")
        texts = [event.text for event in asked.stream() if isinstance(event, TextDelta)]
        return json.loads("".join(texts)), len(texts)

    return read


def promptkit_fields(work: Any) -> Read:
    """The fields alone, of the text's pieces and without a network."""
    from promptkit.events import FieldDelta, FieldDone
    from promptkit.output import AnswerReader
    from promptkit.requests import OutputSpec
    from promptkit.schemas import OutputSchema

    spec = OutputSpec(schema=OutputSchema[Any].from_type(Report))

    def read(name: str) -> tuple[Any, int]:
        reader, count = AnswerReader(spec, {}), 0
        for piece in work["texts"][name]:
            count += sum(isinstance(event, FieldDelta | FieldDone) for event in reader.feed(piece))
        assert reader.fields is not None
        found = reader.fields.value(json.loads("".join(work["texts"][name])))
        assert found is not None
        return found.value.model_dump(), count

    return read


CONTENDERS: dict[str, Callable[[Any], Read]] = {
    "raw": raw,
    "promptkit": promptkit,
    "promptkit-text": promptkit_text,
    "promptkit-fields": promptkit_fields,
    "from_json": from_json,
    "pydantic-partial": pydantic_partial,
    "jiter": jiter,
    "partial-json-parser": partial_json_parser,
    "instructor": instructor,
    "baml": baml,
}


def timed(read: Read, name: str) -> tuple[tuple[Any, int], float]:
    """What was read, and the processor seconds that it took."""
    start = time.process_time()
    found = read(name)
    return found, time.process_time() - start


def main() -> None:
    """Measure one contender, the raw stream read before and after each time."""
    work = json.load(sys.stdin)
    read = CONTENDERS[sys.argv[1]](work)
    base = raw(work)
    base("report")  # what it imports is not counted
    outcome: dict[str, Any] = {"cpu_s": {name: [] for name in work["texts"]}, "ratios": [], "right": True}
    for number in range(2 + work["rounds"]):
        for name, texts in work["texts"].items():
            (_, before_s), (found, spent_s), (_, after_s) = (timed(it, name) for it in (base, read, base))
            outcome["right"] &= found[0] == json.loads("".join(texts))
            if number < 2 and spent_s < SLOW_S:
                continue
            outcome["cpu_s"][name].append(spent_s)
            if name == "report":
                outcome["given"] = found[1]
                outcome["ratios"].append(2 * spent_s / (before_s + after_s))
        if min(map(len, outcome["cpu_s"].values())) > 0 and number < 2:
            break  # a slow one is told from the others by one round
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
