"""enforce: off, prefer and require: what is asked of a backend, and what is refused before it is asked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, Field

import promptkit as pk
from promptkit.backends import HttpBackend, MockBackend
from promptkit.backends.dialects.openai_chat import openai
from promptkit.errors import CapabilityMissing, PlanError, SchemaUnsupported

TEMPLATE = "{% system %}{{ constraints }}{% endsystem %}{% user %}{{ text }}{% enduser %}"


class Line(BaseModel):
    size: int = Field(ge=1, le=5)
    name: str


class Loose(Line):
    name: str = Field(min_length=2)


class Open(BaseModel):
    counts: dict[str, int]


def prompt_of(output: Any, *rules: pk.constraints.Constraint) -> pk.Prompt[Any]:
    template = TEMPLATE if rules else "{% user %}{{ text }}{% enduser %}"
    return pk.Prompt(template=template, output=output, constraints=rules)


RULED = prompt_of(Line, pk.constraints.never_says("name", ["x"]))


@pytest.fixture
def connections() -> Iterator[tuple[HttpBackend, list[Any]]]:
    """A backend of OpenAI's kind on loopback, and every connection that it makes."""
    seen: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:
                    return
                seen.append(address)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        backend = HttpBackend(
            name="openai:m",
            base_url=f"http://127.0.0.1:{port}/v1",
            model="m",
            key_env="KEY",
            dialect=openai(),
        )
        yield backend, seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def by_run(prompt: pk.Prompt[Any]) -> None:
    prompt.run(text="x")


def by_arun(prompt: pk.Prompt[Any]) -> None:
    asyncio.run(prompt.arun(text="x"))


def by_stream(prompt: pk.Prompt[Any]) -> None:
    list(prompt.stream(text="x"))


def by_astream(prompt: pk.Prompt[Any]) -> None:
    async def read() -> None:
        async for _ in prompt.astream(text="x"):
            raise AssertionError("an event came")

    asyncio.run(read())


@pytest.mark.network
@pytest.mark.parametrize("ask", [by_run, by_arun, by_stream, by_astream])
def test_what_is_required_and_only_checked_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, connections: Any, ask: Callable[[pk.Prompt[Any]], None]
) -> None:
    backend, seen = connections
    monkeypatch.setenv("KEY", "k")

    with pytest.raises(CapabilityMissing, match=r"name\.never_says \(no schema says it\).*enforce: check"):
        ask(RULED.using(backend, enforce="require"))

    assert seen == []
    with pytest.raises(pk.errors.BackendError):  # the same question without require does go out
        ask(RULED.using(backend))
    assert seen != []


@pytest.mark.network
@pytest.mark.parametrize("ask", [by_run, by_arun, by_stream, by_astream])
def test_a_setting_that_the_backend_lacks_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, connections: Any, ask: Callable[[pk.Prompt[Any]], None]
) -> None:
    backend, seen = connections
    monkeypatch.setenv("KEY", "k")
    prompt = prompt_of(Line).using(backend, generation={"top_k": 5})

    with pytest.raises(CapabilityMissing, match=r"openai:m cannot be given generation\.top_k") as caught:
        ask(prompt)

    assert seen == []
    assert caught.value.reasons == ("generation.top_k (this API has no such parameter)",)
    row = next(line for line in str(prompt.plan()).splitlines() if "generation.top_k" in line)
    assert row.split(maxsplit=3) == [
        "(output)",
        "generation.top_k",
        "impossible",
        "this API has no such parameter",
    ]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (Loose, "name.minLength (moved into the description)"),
        (
            Open,
            "counts.strict (the schema is not sent as strict: an object that is open for further properties)",
        ),
        (
            list[Line],
            "schema (no schema is sent: the output is no object, and the wire format takes objects only)",
        ),
    ],
)
def test_a_schema_that_the_backend_cannot_enforce_whole_is_to_blame(output: Any, said: str) -> None:
    refused = prompt_of(output).using("openai:m", enforce="require").refusal()

    assert isinstance(refused, SchemaUnsupported)
    assert said in str(refused)
    assert "enforce: check" not in str(refused)


def test_what_is_enforced_whole_is_not_refused() -> None:
    exempt = prompt_of(
        Line,
        pk.constraints.between("size", 1, 3),
        pk.constraints.max_words("name", 3, enforce="check"),
        pk.constraints.never_says("name", ["x"], severity="should"),
    )

    for backend in ("openai:m", "llama:/nowhere/model.gguf"):
        assert exempt.using(backend, enforce="require").refusal() is None


def test_a_server_that_is_not_known_to_enforce_anything_is_to_blame_itself() -> None:
    refused = prompt_of(Line).using("openai+http://127.0.0.1:9/v1:m", enforce="require").refusal()

    assert type(refused) is CapabilityMissing
    assert "whether this server enforces it is not known" in str(refused)


@pytest.mark.parametrize("enforce", ["off", "prefer"])
def test_without_require_nothing_is_refused(enforce: Any) -> None:
    assert RULED.using("openai:m", enforce=enforce).refusal() is None


def test_a_prompt_that_requires_can_be_tested_with_a_mock() -> None:
    backend = MockBackend(['{"size":1,"name":"a"}'])

    result = RULED.using(backend, enforce="require").run(text="x")

    assert result.value == Line(size=1, name="a")
    assert not RULED.using(backend).plan().binding


def test_a_files_own_enforce_holds_and_using_goes_over_it(tmp_path: Any) -> None:
    path = tmp_path / "p.prompt.j2"
    path.write_text(
        "---\nenforce: require\noutput:\n  schema:\n    a: {type: string, never_says: [x]}\n---\n"
        "{% user %}\n{{ constraints }} {{ text }}\n{% enduser %}\n"
    )
    prompt = pk.load(path)

    with pytest.raises(PlanError, match=r"a\.never_says"):
        prompt.using("openai:m").run(text="x")
    assert prompt.using("openai:m", enforce="prefer").refusal() is None


def test_with_enforcement_off_the_users_own_client_is_given_no_schema() -> None:
    rendered = RULED.render(text="x")
    off = RULED.using(enforce="off").render(text="x")

    assert "response_format" in rendered.to_openai()
    assert "response_format" not in off.to_openai()


SNAPSHOT = """\
openai:gpt-5

path      rule                  where   note
(output)  required              native
(output)  type                  native
(output)  additionalProperties  native
size      maximum               native
size      minimum               native
size      type                  native
name      type                  native
name      never_says            check   no schema says it

8 rules: 7 native, 1 checked"""


def test_a_plan_is_a_snapshot() -> None:
    assert str(RULED.using("openai:gpt-5").plan()) == SNAPSHOT
