"""Which backend answers, in what order, under which policy, and who closes it."""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import promptkit as pk
from promptkit.backends import MockBackend
from promptkit.errors import BackendNotAllowed, ConfigurationError
from promptkit.records import read_jsonl
from promptkit.sessions import current_session, settings

HELLO = "{% user %}Hello {{ name }}{% enduser %}"


@pytest.fixture(autouse=True)
def _fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROMPTKIT_BACKEND", raising=False)
    yield
    pk.configure()


def named(name: str) -> MockBackend:
    return MockBackend(lambda request: name)


def answer(name: str = "greet") -> Any:
    return pk.Prompt(template=HELLO, name=name).run(name="Ann").value


def test_using_beats_use_beats_configure_beats_the_environment_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "promptkit.toml").write_text('backend = "nothing:here"\n')
    with pytest.raises(ConfigurationError, match="nothing"):
        answer()

    monkeypatch.setenv("PROMPTKIT_BACKEND", "elsewhere:too")
    with pytest.raises(ConfigurationError, match="elsewhere"):
        answer()

    pk.configure(backends={"default": named("configured")})
    assert answer() == "configured"
    with pk.use(named("used")):
        assert answer() == "used"
        prompt = pk.Prompt(template=HELLO).using(named("using"))
        assert prompt.run(name="Ann").value == "using"
    assert answer() == "configured"


def test_a_prompt_may_have_a_backend_of_its_own_by_pattern() -> None:
    pk.configure(
        backends={"default": named("default"), "private": named("private")}, prompts={"legal/*": "private"}
    )

    assert answer("legal/contract") == "private"
    assert answer("support/triage") == "default"


def test_without_any_backend_the_error_shows_how_to_name_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        answer("greet")

    assert "no backend is named for greet" in str(caught.value)
    assert "PROMPTKIT_BACKEND" in str(caught.value)


def test_a_misspelt_profile_gets_a_suggestion() -> None:
    pk.configure(backends={"private": named("p")})

    with pytest.raises(ConfigurationError, match=r"no backend profile privat \(did you mean private\?\)"):
        pk.Prompt(template=HELLO).using("privat").run(name="Ann")


def test_a_profile_table_needs_a_backend() -> None:
    pk.configure(backends={"fast": {"timeout_s": 3}})

    with pytest.raises(ConfigurationError, match="profile fast lacks backend"):
        pk.Prompt(template=HELLO).using("fast").run(name="Ann")


def test_a_profile_may_name_a_profile_and_the_environment_may_name_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pk.configure(backends={"default": "private", "private": named("mine"), "other": named("other")})

    assert answer() == "mine"
    pk.configure(backends={"private": named("mine")})
    monkeypatch.setenv("PROMPTKIT_BACKEND", "private")
    assert answer() == "mine"


def test_profiles_in_a_circle_are_an_error() -> None:
    pk.configure(backends={"default": "a", "a": "b", "b": "a"})

    with pytest.raises(ConfigurationError, match="default -> a -> b -> a"):
        answer()


@pytest.mark.parametrize(
    "set_policy", [lambda allow: pk.configure(allow=allow), lambda allow: pk.Session(allow=allow)]
)
def test_a_policy_that_is_one_string_is_refused_because_its_letters_would_be_patterns(
    set_policy: Any,
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"allow takes a list of patterns, for example \['llama:\*'\]"
    ):
        set_policy("llama:*")


def test_a_profile_that_is_no_backend_is_refused() -> None:
    pk.configure(backends={"default": 5})

    with pytest.raises(ConfigurationError, match="profile default is 5"):
        answer()


@pytest.mark.parametrize("where", ["session", "process", "file"])
def test_a_policy_refuses_a_backend_before_anything_is_sent(tmp_path: Path, where: str) -> None:
    if where == "process":
        pk.configure(allow=["llama:*"])
    if where == "file":
        (tmp_path / "promptkit.toml").write_text('allow = ["llama:*"]\n')
    session = pk.Session(allow=["llama:*"] if where == "session" else None)

    with session, pytest.raises(BackendNotAllowed, match=r"openai:gpt is not allowed; .*llama:\*"):
        pk.Prompt(template=HELLO).using("openai:gpt").run(name="Ann")


def test_mock_sends_nothing_and_is_allowed_under_every_policy() -> None:
    pk.configure(allow=["llama:*"])

    with pk.use(named("fine")):
        assert answer() == "fine"


def test_a_session_opens_a_backend_once_closes_it_at_its_end_and_opens_none_after() -> None:
    session = pk.Session(backends={"default": "mock"})

    with session:
        first = session.backend_for("a")
        assert session.backend_for("b") is first
        assert current_session() is session

    assert current_session() is not session
    with pytest.raises(ConfigurationError, match="this Session is closed"):
        session.backend_for("a")


def test_an_asynchronous_session_closes_too() -> None:
    session = pk.Session(backends={"default": "mock"})

    async def inside() -> None:
        async with session:
            session.backend_for("a")

    asyncio.run(inside())

    with pytest.raises(ConfigurationError, match="this Session is closed"):
        session.backend_for("a")


def test_use_holds_in_its_context_and_configure_in_every_thread() -> None:
    pk.configure(backends={"default": named("process")})
    seen: list[Any] = []
    with pk.use(named("context")):
        thread = threading.Thread(target=lambda: seen.append(answer()))
        thread.start()
        thread.join()
        seen.append(contextvars.copy_context().run(answer))

    assert seen == ["process", "context"]


def test_the_implicit_session_is_one_for_the_process_and_another_after_a_fork() -> None:
    mine = current_session()
    assert current_session() is mine
    child = os.fork()
    if child == 0:
        os._exit(0 if current_session() is not mine else 1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_record_appends_each_call_of_its_context_successful_or_not(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    prompt = pk.Prompt(template=HELLO, name="greet", output=dict[str, str]).using(tags={"customer": "c42"})

    with pk.record(path):
        prompt.using(MockBackend(['{"a":"b"}'])).run(name="Ann")
        with pytest.raises(pk.errors.Unparseable):
            prompt.using(MockBackend(["hm"])).run(name="Ann")
    prompt.using(MockBackend(['{"a":"b"}'])).run(name="Ann")

    good, bad = read_jsonl(path)
    assert (good.status, good.output, good.error) == ("ok", {"a": "b"}, None)
    assert (bad.status, bad.output) == ("failed", None)
    assert bad.error is not None
    assert bad.error.type == "Unparseable"
    assert good.prompt.inputs == {"name": "Ann"}
    assert good.tags == {"customer": "c42"}
    assert good.request.messages == ({"role": "user", "content": "Hello Ann"},)
    assert good.key == bad.key
    assert good.id != bad.id


def test_record_refuses_a_path_that_cannot_be_written_before_any_call(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match="cannot record to"),
        pk.record(tmp_path / "no" / "calls.jsonl"),
    ):
        raise AssertionError("never reached")


def test_lines_of_several_threads_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"

    def call(name: str) -> None:
        with pk.record(path):
            for _ in range(20):
                pk.Prompt(template=HELLO).using(named("x" * 2000)).run(name=name)

    threads = [threading.Thread(target=call, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = path.read_text().splitlines()
    assert len(lines) == 80
    assert {json.loads(line)["prompt"]["inputs"]["name"] for line in lines} == {"0", "1", "2", "3"}


def test_settings_lay_the_process_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "promptkit.toml").write_text('backend = "mock"\nmodels = ["a"]\nallow = ["x"]\n')
    pk.configure(models=["b"])

    merged = settings()

    assert (merged.backends, merged.models, merged.allow) == ({"default": "mock"}, ("b", "a"), ("x",))
