"""`Once` on threads: one runs, the others wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from runflow.execution.drive import drive
from runflow.execution.single_flight import SingleFlight
from runflow.model.effects import LATE, Flow, Once

PROJECT = Path(__file__).parent.parent.parent


def flow(result: Any, *, log: list[Any] | None = None, wait: float = 0.0, fail: BaseException | None = None) -> Any:
    def make() -> Flow[Any]:
        if log is not None:
            log.append(result)
        time.sleep(wait)
        if fail is not None:
            raise fail
        return result
        yield

    return make


def run(made: Flow[Any]) -> Any:
    return drive(made, lambda _: None)


def test_many_threads_that_ask_at_once_get_what_one_of_them_fetched() -> None:
    single_flight, log = SingleFlight(), []
    with ThreadPoolExecutor(20) as pool:
        every = list(
            pool.map(lambda number: single_flight.perform(Once("k", flow(number, log=log, wait=0.2)), run), range(20))
        )
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
    begun = threading.Event()

    def broken() -> Flow[Any]:
        begun.set()
        time.sleep(0.2)
        raise KeyboardInterrupt
        yield

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: single_flight.perform(Once("k", broken), run))
        begun.wait(5)
        second = pool.submit(lambda: single_flight.perform(Once("k", flow("mine", log=log)), run))
        assert second.result(5) == "mine"
        with pytest.raises(KeyboardInterrupt):
            first.result(5)
    assert log == ["mine"]


def test_who_may_not_wait_so_long_is_told_late() -> None:
    single_flight = SingleFlight()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: single_flight.perform(Once("k", flow("slow", wait=0.5)), run))
        time.sleep(0.1)
        assert single_flight.perform(Once("k", flow("other"), timeout=0.1), run) is LATE
        assert first.result(5) == "slow"
    assert single_flight.perform(Once("k", flow("again")), run) == "again"
