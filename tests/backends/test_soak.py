"""Many calls at once with faults among them; `tests/benchmarks/soak.py` is the same at length."""

from __future__ import annotations

import asyncio
import os

import pytest
from soaking import asked, expected, failures, script, soak, soak_in_threads

pytestmark = pytest.mark.network
CALLS = range(800)


@pytest.fixture(autouse=True)
def _answers(server) -> None:
    server.answers = script


def test_of_many_tasks_none_is_lost_none_answered_twice_and_each_failure_has_its_type(server) -> None:
    outcomes = asyncio.run(soak(server.url, CALLS, 64))

    assert failures(CALLS, outcomes, asked(server.seen)) == []
    assert sum(expected(number).isidentifier() for number in CALLS) == len(CALLS) // 20
    assert server.connections < len(CALLS) / 2


def test_of_many_threads_none_is_lost_none_answered_twice_and_each_failure_has_its_type(server) -> None:
    outcomes = soak_in_threads(server.url, CALLS, 16)

    assert failures(CALLS, outcomes, asked(server.seen)) == []


def test_several_event_loops_after_one_another_and_one_inside_another_use_one_backend(server) -> None:
    async def cell() -> dict[int, list[str]]:
        return soak_in_threads(server.url, range(40, 60), 4)  # as in a notebook, whose loop is running

    outcomes = {
        **asyncio.run(soak(server.url, range(20), 8)),
        **asyncio.run(soak(server.url, range(20, 40), 8)),
        **asyncio.run(cell()),
    }

    assert failures(range(60), outcomes, asked(server.seen)) == []


def test_a_forked_child_goes_on_asking_in_a_loop_of_its_own(server) -> None:
    before = asyncio.run(soak(server.url, range(20), 8))

    child = os.fork()
    if child == 0:
        status = 1
        try:
            outcomes = asyncio.run(soak(server.url, range(20, 40), 8)) | soak_in_threads(
                server.url, range(40, 60), 4
            )
            status = 0 if len(outcomes) == 40 else 1
        finally:
            os._exit(status)
    _, outcome = os.waitpid(child, 0)
    after = soak_in_threads(server.url, range(60, 80), 4)

    assert outcome == 0
    assert sorted(asked(server.seen)) == list(range(80))
    assert set(asked(server.seen).values()) == {1}
    assert failures(range(20), before, asked(server.seen)) == []
    assert failures(range(60, 80), after, asked(server.seen)) == []
