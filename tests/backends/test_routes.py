from __future__ import annotations

import pytest

from promptkit.backends.routes import Route, target_of
from promptkit.backends.wire import Destination, HttpCall

CALL = HttpCall(path="/x", body=b"{}", headers={"accept": "application/json"})


def there(**more: object) -> Destination:
    return Destination(**{"secure": True, "loopback": False, "key_env": "ROUTE_TEST_KEY", **more})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://model.test/v1/chat", ("model.test", 443, "/v1/chat", "model.test")),
        ("http://model.test:80", ("model.test", 80, "/", "model.test")),
        ("http://[::1]:8080/v1", ("::1", 8080, "/v1", "[::1]:8080")),
        (
            "https://bücher.test/a b/%7Eü?k=ä b",
            ("xn--bcher-kva.test", 443, "/a%20b/%7E%C3%BC?k=%C3%A4%20b", None),
        ),
        ("https://model.test/m:generate?alt=sse", ("model.test", 443, "/m:generate?alt=sse", "model.test")),
    ],
)
def test_a_url_becomes_what_a_socket_and_a_request_need(url, expected) -> None:
    target = target_of(url)

    host, port, path, authority = expected
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.authority == (authority or host)


def test_a_direct_route_goes_to_the_server_itself() -> None:
    target = target_of("https://model.test/v1/x")

    route = Route(there(proxy="direct"), target)

    assert (route.address, route.tunnel, route.remark) == (("model.test", 443), None, "")
    assert route.request_target(target) == "/v1/x"


def test_a_tunnel_goes_to_the_proxy_and_shows_it_host_and_port_alone(monkeypatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:secret@corp:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    target = target_of("https://[2001:db8::1]/v1/x")

    route = Route(there(), target)

    assert (route.address, route.tunnel) == (("corp", 3128), "[2001:db8::1]:443")
    assert route.origin == ("https", "2001:db8::1", 443)
    assert dict(route.proxy_headers())[b"proxy-authorization"].startswith(b"Basic ")
    assert b"proxy-authorization" not in dict(route.headers(CALL, target))


def test_a_call_without_tls_is_passed_on_by_the_proxy() -> None:
    target = target_of("http://model.test:8080/v1/x")

    route = Route(there(secure=False, proxy="http://corp:3128"), target)

    assert (route.address, route.tunnel, route.origin) == (("corp", 3128), None, ("http", "corp", 3128))
    assert route.request_target(target) == "http://model.test:8080/v1/x"
    assert dict(route.headers(CALL, target))[b"host"] == b"model.test:8080"


def test_this_machine_is_reached_past_the_environments_proxy_but_not_past_the_options(monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://corp:3128")
    target = target_of("http://127.0.0.1:8080/v1/x")

    past = Route(there(loopback=True, secure=False), target)
    through = Route(there(loopback=True, secure=False, proxy="http://corp:3128"), target)

    assert past.address == ("127.0.0.1", 8080)
    assert through.address == ("corp", 3128)


def test_the_key_stands_where_the_destination_says(monkeypatch) -> None:
    monkeypatch.setenv("ROUTE_TEST_KEY", " key-1\n")
    target = target_of("https://model.test/")

    plain = dict(Route(there(proxy="direct"), target).headers(CALL, target))
    other = dict(
        Route(there(proxy="direct", key_header="x-api-key", key_prefix=""), target).headers(CALL, target)
    )

    assert plain[b"authorization"] == b"Bearer key-1"
    assert (other[b"x-api-key"], other.get(b"authorization")) == (b"key-1", None)
    assert (plain[b"accept"], plain[b"content-length"]) == (b"application/json", b"2")
