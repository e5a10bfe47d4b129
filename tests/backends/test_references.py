from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptkit.backends import HttpBackend, LlamaBackend, MockBackend, Network, Timeouts, open_backend
from promptkit.errors import ConfigurationError

PACKAGE = """
from promptkit.backends import MockBackend
from promptkit.backends.dialects.openai_chat import compatible
from promptkit.backends.providers import Provider

AWAY = Provider(dialect=compatible, key_env="AWAY_KEY")
HOME = Provider(dialect=compatible, key_env="HOME_KEY", base_url="https://home.example/v1")
WRONG = 7

def parrot(rest, *, seed=None):
    return MockBackend([rest], name=f"parrot:{rest}", seed=seed)
"""


@pytest.mark.parametrize(
    ("reference", "url", "model"),
    [
        ("openai:gpt-5", "https://api.openai.com/v1", "gpt-5"),
        ("openai:ft:gpt-5:me::id", "https://api.openai.com/v1", "ft:gpt-5:me::id"),
        ("openai+http://127.0.0.1:8080/v1:m", "http://127.0.0.1:8080/v1", "m"),
        ("openai+http://localhost/v1/:qwen2:7b", "http://localhost/v1", "qwen2:7b"),
        (
            "openai+https://openrouter.ai/api/v1:meta/llama:free",
            "https://openrouter.ai/api/v1",
            "meta/llama:free",
        ),
        ("openai+http://[::1]:8080/v1:m", "http://[::1]:8080/v1", "m"),
        ("openai+http://host:1/:m", "http://host:1", "m"),
    ],
)
def test_a_reference_names_url_and_model(reference: str, url: str, model: str) -> None:
    backend = open_backend(reference)

    assert isinstance(backend, HttpBackend)
    assert (backend._endpoint.url, backend._endpoint.model) == (url, model)
    assert backend.name == reference.replace("/v1/:", "/v1:").replace("1/:m", "1:m")


def test_mock_and_llama_are_opened_by_name() -> None:
    assert isinstance(open_backend("mock"), MockBackend)
    assert isinstance(open_backend("llama:/models/q.gguf", n_ctx=512), LlamaBackend)


@pytest.mark.parametrize(
    ("reference", "options", "said"),
    [
        ("opnai:m", {}, r"no backend opnai \(did you mean openai\?\); known are llama:MODEL"),
        ("", {}, "known are"),
        ("openai", {}, "lacks what it names"),
        ("openai:", {}, "takes a model's name"),
        ("openai://host/v1:m", {}, r"openai\+http://HOST:PORT/v1:MODEL"),
        ("llama:", {}, "names no model"),
        ("mock:x", {}, "mock takes nothing after it"),
        ("openai+ftp://host/v1:m", {}, r"no backend openai\+ftp"),
        ("openai+http://h/v1:m", {"key_env": 7}, "name of an environment variable"),
        ("openai+http:host", {}, "lacks the address"),
        ("openai+http://host:80", {}, "lacks a path"),
        ("openai+http://host:80:m", {}, "lacks a path"),
        ("openai+http://host:80/v1", {}, "lacks a model; .* default"),
        ("openai+http://host:80/v1: ", {}, "lacks a model"),
        ("openai+http://host/v1?a=b:m", {}, "no query"),
        ("openai+http://host/v1/chat/completions:m", {}, "leave /chat/completions out"),
        ("openai+http://host:port/v1:m", {}, "is not one"),
        ("openai+http://host:0/v1:m", {}, "port 0"),
        ("openai+http:///v1:m", {}, "no host"),
        ("openai+http://a b/v1:m", {}, "holds a blank"),
        ("openai+http://[::1/v1:m", {}, "is not one"),
        (
            "openai:m",
            {"temperature": 1},
            "has no option temperature; it takes answer_s, ca_file, connect_s, first_token_s, price, proxy, stall_s",
        ),
        ("openai:m", {"conect_s": 1}, r"did you mean connect_s\?"),
        ("openai:m", {"stall_s": 0}, "a number of seconds above 0"),
        ("openai:m", {"first_token_s": "soon"}, "'soon'"),
        ("mock", {"a": 1}, "it takes no options"),
        ("llama:demo", {"ctx": 1}, "has no option ctx"),
        ("llama:demo", {"n_ctx": -1}, "n_ctx is -1"),
        ("openai+http://h/v1:m", {"response_format": "json"}, "one of json_schema, json_object, none"),
        ("openai+http://h/v1:m", {"api_key": "x"}, "has no option api_key"),
    ],
)
def test_a_reference_that_is_none_is_told_its_right_form(reference: str, options: dict, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_backend(reference, **options)


@pytest.mark.parametrize(
    ("reference", "options"),
    [
        ("openai+http://ann:s3cret@host/v1:m", {}),
        ("openai+http://s3cret@host:port/v1:m", {}),
        ("openai+https://host/v1?key=s3cret:m", {}),
        ("openai+http://h/v1:m", {"key_env": "sk-s3cret"}),
    ],
)
def test_what_may_be_a_secret_is_refused_and_not_repeated(reference: str, options: dict) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_backend(reference, **options)

    assert "s3cret" not in str(caught.value)


def test_timeouts_and_the_way_to_a_server_are_options() -> None:
    backend = open_backend(
        "openai+http://h/v1:m",
        connect_s=1,
        first_token_s=2.5,
        stall_s=2,
        answer_s=3,
        proxy="http://corp:3128",
        ca_file="/etc/corp.pem",
    )

    assert backend._timeouts == Timeouts(connect_s=1, first_token_s=2.5, stall_s=2, answer_s=3)
    assert backend._network == Network(proxy="http://corp:3128", ca_file="/etc/corp.pem")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"proxy": "http://ada:s3cret@corp:3128"}, "HTTPS_PROXY instead"),
        ({"proxy": "socks5://corp:1080"}, "spoken to by socks5"),
        ({"proxy": ""}, "proxy is ''; it takes a text"),
        ({"ca_file": 5}, "ca_file is 5; it takes a text"),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(options: dict, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_backend("openai+http://h/v1:m", **options)


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path that looks like an installed package; its entry points are what a test writes."""
    (tmp_path / "backends_of_a_package.py").write_text(PACKAGE)
    info = tmp_path / "backends_of_a_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: backends-of-a-package\nVersion: 1.0\n")
    sys.path.insert(0, str(tmp_path))
    yield info / "entry_points.txt"
    sys.path.remove(str(tmp_path))
    sys.modules.pop("backends_of_a_package", None)


def test_an_installed_package_offers_a_provider_by_entry_point(package: Path) -> None:
    package.write_text("[promptkit.backends]\nhome = backends_of_a_package:HOME\n")

    named = open_backend("home:m", response_format="none")
    placed = open_backend("home+http://127.0.0.1:1/v1:m")

    assert (named.name, named._endpoint.url, named._endpoint.key_env) == (
        "home:m",
        "https://home.example/v1",
        "HOME_KEY",
    )
    assert (placed.name, placed._endpoint.key_env) == ("home+http://127.0.0.1:1/v1:m", "HOME_KEY")


def test_an_installed_package_offers_a_function_that_opens_any_backend(package: Path) -> None:
    package.write_text("[promptkit.backends]\nparrot = backends_of_a_package:parrot\n")

    assert open_backend("parrot:green", seed=3).name == "parrot:green"
    assert open_backend("parrot+http://h/x").name == "parrot:http://h/x"
    with pytest.raises(ConfigurationError, match="no option sed .did you mean seed"):
        open_backend("parrot:green", sed=3)


@pytest.mark.parametrize(
    ("reference", "entry", "said"),
    [
        ("away:m", "away = backends_of_a_package:AWAY", r"away: has no address of its own; write away\+http"),
        ("away:m", "away = backends_of_a_package:NOTHING", "cannot be used: .*NOTHING"),
        ("away:m", "away = no_such_package_at_all:X", "cannot be used: No module"),
        ("away:m", "away = backends_of_a_package:WRONG", "neither a Provider nor a function"),
        ("awry:m", "away = backends_of_a_package:AWAY", r"did you mean away\?.*away:MODEL"),
    ],
)
def test_an_entry_point_that_cannot_be_used_says_why(
    package: Path, reference: str, entry: str, said: str
) -> None:
    package.write_text(f"[promptkit.backends]\n{entry}\n")

    with pytest.raises(ConfigurationError, match=said):
        open_backend(reference)
