"""Guards for every test: no network but loopback, and that only where a test asks for it."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import settings

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
