"""A child process is not kept waiting by what its parent's threads were doing when it was made."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from promptkit.backends import MockBackend, layers
from promptkit.completions import Completion

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
SECONDS = 20


class Gated(MockBackend):
    """Answers when the test lets it."""

    def __init__(self) -> None:
        super().__init__(lambda _: "yes")
        self.entered, self.gate = threading.Event(), threading.Event()

    def complete(self, request: Any, **options: Any) -> Completion:
        self.entered.set()
        assert self.gate.wait(SECONDS)
        return super().complete(request)


def in_child(work: Any) -> int:
    """The exit status of a child that does some work."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_waits_for_no_place_and_no_answer_of_its_parents_threads(text_question, tmp_path) -> None:
    inner = Gated()
    limited = layers.concurrency(layers.rate_limit(inner, requests_per_minute=100), max_parallel=1)
    budget = layers.budget(limited, layers.Budget(calls=100))
    backend = layers.cache(layers.retry(budget), file=tmp_path / "answers.sqlite")

    def ask_the_same() -> None:
        inner.gate.set()
        answer = backend.complete(text_question, deadline=time.monotonic() + SECONDS)
        assert answer.text == "yes"

    with ThreadPoolExecutor() as pool:
        held = pool.submit(backend.complete, text_question)
        assert inner.entered.wait(SECONDS)
        status = in_child(ask_the_same)
        inner.gate.set()

        assert held.result(SECONDS).text == "yes"
    backend.close()
    assert status == 0


def test_a_child_finds_no_lock_held(text_question, tmp_path) -> None:
    limited = layers.concurrency(layers.rate_limit(MockBackend(lambda _: "yes")), max_parallel=1)
    spending = layers.Budget(calls=100)
    backend = layers.cache(layers.budget(limited, spending), file=tmp_path / "answers.sqlite")
    rate = limited.backends[0].layer
    cache = backend.layer
    shared = [limited.layer._places, rate, rate._gate, spending.ledger, cache._file, cache._flights]

    def ask() -> None:
        threading.Timer(SECONDS, os._exit, (2,)).start()
        assert backend.complete(replace(text_question, tags={})).text == "yes"

    for one in shared:
        one._lock.acquire()
    status = in_child(ask)
    for one in shared:
        one._lock.release()
    backend.close()

    assert status == 0
