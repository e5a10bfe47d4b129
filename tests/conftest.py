"""For every test: no network but loopback, and that only where a test asks for it; servers on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from loopback import LoopbackServer

# A time limit for each example fails on a busy machine; hangs are found by the run as a whole.
settings.register_profile("promptkit", deadline=None)
settings.load_profile("promptkit")

_REAL_CONNECT = socket.socket.connect
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def _socket_guard(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = request.node.get_closest_marker("network") is not None

    def connect(sock: socket.socket, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else address
        if sock.family == socket.AF_UNIX or (allowed and host in _LOOPBACK):
            return _REAL_CONNECT(sock, address)
        raise AssertionError(f"a test opened a connection to {address!r}; mark it network and use 127.0.0.1")

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    """A server that a test scripts; see ``loopback.py``."""
    with LoopbackServer.running() as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[LoopbackServer]:
    """A second one, to be named as a proxy."""
    with LoopbackServer.running() as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> Any:
    """Who signs the certificates of this run's servers, a trustme.CA; nobody else trusts it."""
    import trustme

    return trustme.CA()


@pytest.fixture
def authority_file(authority: Any, tmp_path: Path) -> Path:
    """The authority's certificate in a file."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def tls_server(authority: Any) -> Iterator[LoopbackServer]:
    """A server that speaks TLS as 127.0.0.1 and as model.test, which no name server knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "model.test").configure_cert(context)
    with LoopbackServer.running(tls=context) as running:
        yield running
