"""`Once` on threads: one runs, the others wait."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from limits import limit

from runflow.execution.drive import drive
from runflow.execution.single_flight import SingleFlight
from runflow.model.effects import LATE, Flow, Once

PROJECT = Path(__file__).parent.parent.parent


def flow(
    result: Any,
    *,
    log: list[Any] | None = None,
    begun: threading.Event | None = None,
    until: threading.Event | None = None,
) -> Any:
    """A flow that returns a result, once an event has happened."""

    def make() -> Flow[Any]:
        if log is not None:
            log.append(result)
        if begun is not None:
            begun.set()
        if until is not None:
            assert until.wait(limit(1))
        return result
        yield

    return make


def run(made: Flow[Any]) -> Any:
    return drive(made, lambda _: None)


def test_many_threads_that_ask_at_once_get_what_one_of_them_fetched() -> None:
    single_flight, log, waiting, all_wait = SingleFlight(), [], count(1), threading.Event()

    def wait(running: Future[Any], seconds: float | None) -> Any:
        if next(waiting) == 19:
            all_wait.set()
        return running.result(seconds)

    def ask(number: int) -> Any:
        return single_flight.perform(Once("k", flow(number, log=log, until=all_wait)), run, wait)

    with ThreadPoolExecutor(20) as pool:
        every = list(pool.map(ask, range(20)))
    assert len(log) == 1
    assert every == [log[0]] * 20


def test_another_key_waits_for_nobody() -> None:
    single_flight = SingleFlight()
    held = threading.Event()

    def holding() -> Flow[Any]:
        assert single_flight.perform(Once("b", flow("b")), run) == "b"
        held.set()
        return "a"
        yield

    assert single_flight.perform(Once("a", holding), run) == "a"
    assert held.is_set()


def test_where_the_one_who_fetched_is_broken_off_another_fetches() -> None:
    single_flight, log = SingleFlight(), []
    begun, waits = threading.Event(), threading.Event()

    def broken() -> Flow[Any]:
        begun.set()
        assert waits.wait(limit(1))
        raise KeyboardInterrupt
        yield

    def wait(running: Future[Any], seconds: float | None) -> Any:
        waits.set()
        return running.result(seconds)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: single_flight.perform(Once("k", broken), run))
        assert begun.wait(limit(1))
        second = pool.submit(lambda: single_flight.perform(Once("k", flow("mine", log=log)), run, wait))
        assert second.result(limit(1)) == "mine"
        with pytest.raises(KeyboardInterrupt):
            first.result(limit(1))
    assert log == ["mine"]


def test_who_may_not_wait_so_long_is_told_late() -> None:
    single_flight, begun, told = SingleFlight(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: single_flight.perform(Once("k", flow("slow", begun=begun, until=told)), run))
        assert begun.wait(limit(1))
        assert single_flight.perform(Once("k", flow("other"), timeout=0.05), run) is LATE
        told.set()
        assert first.result(limit(1)) == "slow"
    assert single_flight.perform(Once("k", flow("again")), run) == "again"
