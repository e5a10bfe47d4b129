from __future__ import annotations

import pytest

from promptkit.backends.proxies import check_proxy, proxy_for
from promptkit.errors import ConfigurationError

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "scheme", "expected"),
    [
        ({}, "https", None),
        ({"HTTPS_PROXY": "http://corp:3128"}, "https", ("corp", 3128)),
        ({"HTTPS_PROXY": "http://corp:3128"}, "http", None),
        ({"http_proxy": "corp"}, "http", ("corp", 80)),
        ({"ALL_PROXY": "http://corp:1"}, "https", ("corp", 1)),
        ({"ALL_PROXY": "http://corp:1", "HTTPS_PROXY": "http://other:2"}, "https", ("other", 2)),
        ({"HTTPS_PROXY": "http://corp:1", "NO_PROXY": "elsewhere,.model.test"}, "https", None),
        ({"HTTPS_PROXY": "http://corp:1", "NO_PROXY": "api.model.test:444"}, "https", ("corp", 1)),
        ({"HTTPS_PROXY": "http://corp:1", "NO_PROXY": "*"}, "https", None),
    ],
)
def test_the_environment_says_which_proxy_stands_between(monkeypatch, variables, scheme, expected) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    proxy = proxy_for(scheme, "api.model.test", 443)

    assert (proxy and (proxy.host, proxy.port)) == expected


def test_the_option_counts_over_the_environment_and_direct_means_none(monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://corp:3128")

    assert proxy_for("https", "model.test", 443, "direct") is None
    assert proxy_for("https", "model.test", 443, "http://mine:1").host == "mine"


def test_a_name_and_a_password_in_the_variable_become_a_header_and_are_not_shown(monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:s%3Acret@corp:3128")

    proxy = proxy_for("https", "model.test", 443)

    assert proxy.authorization == b"Basic YWRhOnM6Y3JldA=="
    assert "Basic" not in repr(proxy)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("socks5://ada:secret@corp:1080", "spoken to by socks5"),
        ("https://ada:secret@corp", "spoken to by https"),
        ("http://ada:secret@", "names no host"),
        ("http://ada:secret@corp:99999", "out of range"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch, url, said) -> None:
    monkeypatch.setenv("ALL_PROXY", url)

    with pytest.raises(ConfigurationError, match=f"ALL_PROXY names no proxy .*{said}") as caught:
        proxy_for("https", "model.test", 443)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option", ["direct", "http://corp:3128", "corp:3128"])
def test_an_option_that_names_a_proxy_is_taken(option) -> None:
    assert check_proxy(option) == option


def test_a_password_in_the_option_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY instead") as caught:
        check_proxy("http://ada:secret@corp:3128")

    assert "secret" not in str(caught.value)


def test_an_option_that_names_no_proxy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the option proxy names no proxy"):
        check_proxy("socks5://corp:1080")
