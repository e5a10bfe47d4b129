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
from promptkit import sessions
from promptkit.backends import MockBackend
from promptkit.errors import BackendNotAllowed, ConfigurationError, ServerError
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


def test_a_session_inside_another_keeps_to_the_policy_around_it() -> None:
    prompt = pk.Prompt(template=HELLO)

    with pk.Session(allow=["llama:*"]), pk.Session(), pytest.raises(BackendNotAllowed):
        prompt.using("openai:gpt").run(name="Ann")


def test_a_backend_that_only_calls_itself_mock_is_not_exempt_from_a_policy() -> None:
    class Posing:
        name = "mock"

        def plan(self, *_: Any) -> Any:
            raise AssertionError("it was asked")

    posing: Any = Posing()

    with pk.Session(allow=["llama:*"]), pytest.raises(BackendNotAllowed):
        pk.Prompt(template=HELLO).using(posing).run(name="Ann")


def test_one_session_may_be_entered_by_many_threads_and_closes_with_the_last() -> None:
    session = pk.Session(backends={"default": "mock"})
    inside, leave = threading.Barrier(3), threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with session:
                inside.wait(5)
                leave.wait(5)
                answer()
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is the test's failure
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(5)
    leave.set()
    for thread in threads:
        thread.join()

    assert failures == []
    with session, session:
        pass
    with pytest.raises(ConfigurationError, match="closed"):
        session.backend_for("a")


def test_a_call_that_ends_after_its_block_is_recorded_in_the_right_file(tmp_path: Path) -> None:
    prompt = pk.Prompt(template=HELLO)
    with pk.record(tmp_path / "calls.jsonl"):
        context = contextvars.copy_context()
    other = (tmp_path / "other.txt").open("w")

    context.run(lambda: prompt.using(named("late")).run(name="Ann"))
    other.close()

    assert (tmp_path / "other.txt").read_text() == ""
    assert [kept.output for kept in read_jsonl(tmp_path / "calls.jsonl")] == ["late"]


def test_calls_that_end_from_outside_are_recorded_too(tmp_path: Path) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    prompt = pk.Prompt(template=HELLO)
    with pk.record(tmp_path / "calls.jsonl"):
        with pytest.raises(KeyboardInterrupt):
            prompt.using(MockBackend(interrupted)).run(name="Ann")
        stream = prompt.using(named("a long answer")).stream(name="Ann")
        next(stream)
        stream.close()

    kept = list(read_jsonl(tmp_path / "calls.jsonl"))
    assert [(item.status, item.error and item.error.type) for item in kept] == [
        ("failed", "KeyboardInterrupt"),
        ("failed", "GeneratorExit"),
    ]


def test_a_store_that_fails_gives_the_answer_along_with_the_error() -> None:
    with pk.record("/dev/full"), pytest.raises(ConfigurationError, match="cannot record") as caught:
        pk.Prompt(template=HELLO).using(named("paid for")).run(name="Ann")

    assert caught.value.record.output == "paid for"


def test_a_torn_last_line_does_not_swallow_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"v":1,"id":"half')
    with pk.record(path):
        pk.Prompt(template=HELLO).using(named("whole")).run(name="Ann")

    assert json.loads(path.read_text().splitlines()[1])["output"] == "whole"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: pk.Session(prompts=["a"]),  # type: ignore[arg-type]
        lambda: pk.Session(backends="llama:demo"),  # type: ignore[arg-type]
        lambda: pk.configure(backends="llama:demo"),  # type: ignore[arg-type]
        lambda: pk.use(5).__enter__(),  # type: ignore[arg-type]
        lambda: pk.Session(backends={"default": {"backend": named("a"), "n_ctx": 1}}).backend_for("p"),
        lambda: pk.Session().backend_for("p", ""),
    ],
)
def test_settings_of_the_wrong_form_are_configuration_errors(wrong: Any) -> None:
    with pytest.raises(ConfigurationError):
        wrong()


def test_a_profile_puts_layers_around_its_backend_once(tmp_path: Path) -> None:
    inner = MockBackend([ServerError("boom"), "one", "two"])
    layers = [{"cache": {"file": str(tmp_path / "answers.sqlite")}}, {"retry": {"max_wait_s": 0}}]
    with pk.Session(backends={"default": {"backend": inner, "layers": layers}}) as session:
        first, second = session.backend_for("greet"), session.backend_for("greet")

        assert first is second
        assert repr(first).startswith("cache(retry(MockBackend(")
        assert (answer(), answer()) == ("one", "one")
        assert session.backend_for("greet", inner) is inner


def test_layers_of_a_file_reach_a_backend_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "promptkit.toml").write_text(
        '[backends.default]\nbackend = "quiet"\nlayers = ["retry", { concurrency = { max_parallel = 3 } }]\n'
        '[backends.quiet]\nbackend = "mock"\n'
    )

    backend = pk.Session().backend_for("greet")

    assert repr(backend) == "retry(concurrency(MockBackend(name='mock', seen=0)))"
    assert backend.capabilities().max_parallel == 3


def test_the_layers_of_an_outer_profile_are_in_place_of_an_inner_ones() -> None:
    pk.configure(
        backends={
            "bare": {"backend": "steady", "layers": []},
            "quick": {"backend": "steady", "layers": ["rate_limit"]},
            "steady": {"backend": "mock", "layers": ["retry"]},
        }
    )
    session = current_session()

    shapes = [repr(session.backend_for("greet", name)) for name in ("bare", "quick", "steady")]

    assert [shape.partition("(")[0] for shape in shapes] == ["MockBackend", "rate_limit", "retry"]


def test_a_profile_falls_back_on_other_profiles() -> None:
    pk.configure(
        backends={
            "default": {
                "backend": MockBackend([ServerError("boom")]),
                "layers": [{"fallback": {"to": ["spare"]}}, {"concurrency": {"max_parallel": 1}}],
            },
            "spare": {"backend": named("spare"), "layers": ["rate_limit"]},
        }
    )

    assert answer() == "spare"
    assert repr(current_session().backend_for("greet")).count("concurrency(") == 2


def test_profiles_that_fall_back_on_one_another_are_refused() -> None:
    pk.configure(
        backends={
            "one": {"backend": "mock", "layers": [{"fallback": {"to": ["two"]}}]},
            "two": {"backend": "mock", "layers": [{"fallback": {"to": ["one"]}}]},
        }
    )

    with pytest.raises(ConfigurationError, match="fall back on one another in a circle: one -> two -> one"):
        current_session().backend_for("greet", "one")


def test_the_policy_holds_for_fallbacks_however_they_are_made() -> None:
    pk.configure(
        backends={
            "default": {"backend": "openai:gpt-5", "layers": [{"fallback": {"to": ["openai:gpt-4o"]}}]}
        },
        allow=["openai:gpt-5*"],
    )
    by_hand = pk.layers.retry(
        pk.layers.fallback(MockBackend(name="openai:gpt-5"), MockBackend(name="openai:gpt-4o"))
    )
    fine = pk.layers.fallback(MockBackend(), MockBackend(name="openai:gpt-5"))
    session = current_session()

    for wanted in (None, by_hand):
        with pytest.raises(BackendNotAllowed, match="backend openai:gpt-4o is not allowed"):
            session.backend_for("greet", wanted)
    assert session.backend_for("greet", fine) is fine


def test_a_policy_that_comes_later_holds_for_fallbacks_that_are_open_already() -> None:
    layers = [{"fallback": {"to": ["openai:gpt-4o"]}}]
    with pk.Session(backends={"default": {"backend": named("first"), "layers": layers}}):
        assert answer() == "first"
        pk.configure(allow=["openai:gpt-5*"])

        with pytest.raises(BackendNotAllowed, match="backend openai:gpt-4o is not allowed"):
            answer()


def test_a_backend_has_the_price_that_is_configured_for_it(tmp_path: Path) -> None:
    (tmp_path / "promptkit.toml").write_text(
        '[prices]\n"openai:gpt-5*" = { input = 7, output = 9 }\n"openai:house" = { input = 1, output = 2 }\n'
    )
    pk.configure(prices={"openai:gpt-5*": {"input": 3, "output": 4}})
    own = {"backend": "openai:house", "price": {"input": 5, "output": 6}}
    with pk.Session(backends={"own": own}) as session:

        def price(name: str) -> Any:
            (found,) = session.backend_for("greet", name).prices
            return int(found.input), int(found.output)

        assert price("openai:gpt-5") == (3, 4)
        assert price("openai:house") == (1, 2)
        assert price("own") == (5, 6)
    assert settings().prices["openai:gpt-5*"] == {"input": 3, "output": 4}


def test_closing_a_session_closes_what_is_asynchronous_only_where_it_can_be_awaited(tmp_path: Path) -> None:
    mock = MockBackend(["one"])

    class AsyncOnly:
        name = "half"
        capabilities, plan, acomplete = mock.capabilities, mock.plan, mock.acomplete
        astream, aclose = mock.astream, mock.aclose

    cached = [{"cache": {"file": str(tmp_path / "answers.sqlite")}}]
    with pk.Session(backends={"default": {"backend": AsyncOnly(), "layers": cached}}):
        assert asyncio.run(pk.Prompt(template=HELLO).arun(name="Ann")).value == "one"

    assert (tmp_path / "answers.sqlite").exists()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_session_closes_the_layers_around_an_object_and_not_the_object(
    tmp_path: Path, asynchronous: bool
) -> None:
    closed: list[str] = []

    class Closing(MockBackend):
        def close(self) -> None:
            closed.append(self.name)

        async def aclose(self) -> None:
            closed.append(self.name)

    layers = [{"cache": {"file": str(tmp_path / "answers.sqlite")}}, "retry"]
    session = pk.Session(backends={"default": {"backend": Closing(["one"]), "layers": layers}})
    cached = session.backend_for("greet")
    pk.Prompt(template=HELLO).using(cached).run(name="Ann")

    assert cached.layer._file._connection is not None
    asyncio.run(session.aclose()) if asynchronous else session.close()
    assert cached.layer._file._connection is None
    assert closed == []


def test_a_child_that_was_forked_while_another_thread_held_the_processs_lock_goes_on() -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with sessions._process.lock:
            held.set()
            done.wait(60)

    threading.Thread(target=hold, daemon=True).start()
    assert held.wait(60)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if sessions.current_session() is not None else 1
        finally:
            os._exit(status)
    done.set()
    _, outcome = os.waitpid(child, 0)

    assert outcome == 0
