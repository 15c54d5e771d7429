"""What computes for too long is stopped, in its own thread and between two lines of Python."""

from __future__ import annotations

import threading
import time

import pytest

from runflow.model.errors import StepError
from runflow.model.limits import limited


def work(seconds: float) -> float:
    begun = time.thread_time()
    while time.thread_time() < begun + seconds:
        pass
    return seconds


def work_and_swallow(seconds: float) -> float:
    try:
        return work(seconds)
    except BaseException:  # noqa: BLE001  # as a careless library does
        return work(seconds)


def test_what_takes_too_long_is_stopped_and_what_does_not_is_not() -> None:
    assert limited("it", work, 0.2) == 0.2
    begun = time.thread_time()
    with pytest.raises(StepError, match="it takes more than a second") as caught:
        limited("it", work, 30.0)
    assert caught.value.kind == "limit"
    assert time.thread_time() - begun < 1
    assert limited("it", work, 0.2) == 0.2


@pytest.mark.slow
def test_a_library_that_swallows_everything_is_stopped_too() -> None:
    with pytest.raises(StepError, match="more than a second"):
        limited("it", work_and_swallow, 30.0)


def test_what_it_raises_itself_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        limited("it", lambda: 1 // 0)


def test_waiting_is_no_work() -> None:
    assert limited("it", time.sleep, 1.0) is None


def test_a_limit_within_a_limit_leaves_the_outer_one() -> None:
    def outer() -> None:
        assert limited("the inner one", work, 0.1) == 0.1
        work(30.0)

    with pytest.raises(StepError, match="the outer one takes"):
        limited("the outer one", outer)


@pytest.mark.slow
def test_each_thread_has_its_own_and_nothing_strikes_after_the_work() -> None:
    """Work that ends about when it would be stopped: it is stopped or it is not, and nothing comes afterwards."""
    ended: list[str] = []

    def at_the_edge() -> None:
        for step in range(4):
            try:
                limited("it", work, 0.5 + 0.05 * step)
                ended.append("done")
            except StepError:
                ended.append("stopped")
            work(0.05)

    threads = [threading.Thread(target=at_the_edge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 16
    assert set(ended) == {"done", "stopped"}
