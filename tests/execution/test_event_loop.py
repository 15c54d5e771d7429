"""The loop of one thread, with a driver that is a list: whose reply is whose, and what a wait that is over leaves behind."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from limits import limit

from runflow.execution.cancellation import Cancellation, FlowCancellation
from runflow.execution.event_loop import EventLoop
from runflow.execution.executor import Task
from runflow.model.effects import LATE, Once, Send, Sleep
from runflow.model.errors import Interrupted, StepError
from runflow.model.exchange import Request, Response

Flow = Generator[Any, Any, Any]


class Listed:
    """Answers nothing until it is told to."""

    def __init__(self) -> None:
        self.under_way: dict[Any, Request] = {}
        self.replies: list[tuple[Any, Any]] = []

    def begin(self, request: Request, who: Any) -> None:
        assert who not in self.under_way, "one at a time for each"
        self.under_way[who] = request

    def advance(self, seconds: float) -> list[tuple[Any, Any]]:
        time.sleep(min(seconds, 0.01))
        found, self.replies = self.replies, []
        return found

    def cancel(self, who: Any) -> None:
        self.under_way.pop(who, None)

    def close(self) -> None: ...

    def answer(self, path: str) -> None:
        """The request with this URL gets it as its answer."""
        who = next(who for who, request in self.under_way.items() if request.url == path)
        del self.under_way[who]
        self.replies.append((who, Response(200, path)))


def get(path: str) -> Send:
    return Send(Request("GET", path))


def until(loop: EventLoop, count: int, seconds: float | None = None) -> list[Any]:
    ended: list[Any] = []
    end = time.monotonic() + (seconds or limit(1))
    while len(ended) < count and time.monotonic() < end:
        ended += loop.ended(0.01)
    return ended


def test_each_gets_its_own_reply_whatever_the_order() -> None:
    driver, got, cancellation = Listed(), [], Cancellation()
    loop = EventLoop(driver)

    def flow(name: str) -> Flow:
        for number in range(2):
            reply = yield get(f"{name}{number}")
            got.append(reply.url)

    for number, name in enumerate("abc"):
        loop.begin(Task(number, flow(name), FlowCancellation(cancellation)))
    loop.ended(0.0)
    for path in ("c0", "a0", "b0"):
        driver.answer(path)
    loop.ended(0.0)
    for path in ("b1", "c1", "a1"):
        driver.answer(path)
    assert [number for number, _ in until(loop, 3)] == [1, 2, 0]
    assert got == ["c0", "a0", "b0", "b1", "c1", "a1"]


def test_who_is_told_to_end_waits_for_nothing_any_more() -> None:
    """The request is cancelled, a place in the queue for a login is given up, a sleep wakes nobody later."""
    driver, cancellation, told = Listed(), Cancellation(), []
    loop = EventLoop(driver)

    def cleans_up(name: str, effect: Any) -> Flow:
        try:
            yield effect
        except Interrupted:
            reply = yield get(f"cleanup of {name}")
            told.append((name, reply.url))

    def login() -> Flow:
        yield get("login")

    effects = {
        "sends": get("hangs"),
        "sleeps": Sleep(0.1),
        "leads": Once("k", login),
        "waits": Once("k", login, timeout=0.1),
    }
    for number, (name, effect) in enumerate(effects.items()):
        loop.begin(Task(number, cleans_up(name, effect), FlowCancellation(cancellation)))
    loop.ended(0.0)
    assert sorted(request.url for request in driver.under_way.values()) == ["hangs", "login"]
    cancellation.request(Interrupted("enough"))
    loop.cancel()
    loop.ended(0.0)
    assert sorted(request.url for request in driver.under_way.values()) == [
        f"cleanup of {name}" for name in sorted(effects)
    ]
    until(loop, 1, 0.3)  # the sleep and the wait for the login would be over by now
    assert told == []
    for name in effects:
        driver.answer(f"cleanup of {name}")
    assert sorted(until(loop, 4)) == [(number, None) for number in range(4)]
    assert told == [(name, f"cleanup of {name}") for name in effects]


def test_who_waits_too_long_for_another_is_late_and_the_other_goes_on() -> None:
    driver, cancellation, got = Listed(), Cancellation(), []
    loop = EventLoop(driver)

    def login() -> Flow:
        yield get("login")
        return "token"

    def flow(timeout: float | None) -> Flow:
        got.append((yield Once("k", login, timeout=timeout)))

    loop.begin(Task(0, flow(None), FlowCancellation(cancellation)))
    loop.begin(Task(1, flow(0.05), FlowCancellation(cancellation)))
    loop.begin(Task(2, flow(None), FlowCancellation(cancellation)))
    assert until(loop, 1) == [(1, None)]
    assert got == [LATE]
    driver.answer("login")
    assert sorted(until(loop, 2)) == [(0, None), (2, None)]
    assert got == [LATE, "token", "token"]


def test_a_flow_that_raises_hands_over_to_the_next_who_waits() -> None:
    driver, cancellation, got, begun = Listed(), Cancellation(), [], []
    loop = EventLoop(driver)

    def login(name: str) -> Any:
        def make() -> Flow:
            begun.append(name)
            yield get(f"login of {name}")
            if name == "first":
                raise StepError("my time is over", "timeout")
            return f"token of {name}"

        return make

    def flow(name: str) -> Flow:
        try:
            got.append((yield Once("k", login(name))))
        except StepError as error:
            got.append(error.message)

    for number, name in enumerate(("first", "second", "third")):
        loop.begin(Task(number, flow(name), FlowCancellation(cancellation)))
    loop.ended(0.0)
    driver.answer("login of first")
    ended = [*loop.ended(0.0), *loop.ended(0.0)]
    driver.answer("login of second")
    until(loop, 3 - len(ended))
    assert begun == ["first", "second"]
    assert sorted(got) == ["my time is over", "token of second", "token of second"]


def test_a_bug_in_a_shared_flow_ends_only_who_ran_it() -> None:
    driver, cancellation, got = Listed(), Cancellation(), []
    loop = EventLoop(driver)
    broken = iter([True, False])

    def login() -> Flow:
        yield get("login")
        if next(broken):
            raise ZeroDivisionError("oops")
        return "token"

    def flow() -> Flow:
        got.append((yield Once("k", login)))

    loop.begin(Task(0, flow(), FlowCancellation(cancellation)))
    loop.begin(Task(1, flow(), FlowCancellation(cancellation)))
    loop.ended(0.0)
    driver.answer("login")
    ((number, error),) = until(loop, 1)
    assert number == 0
    assert isinstance(error, ZeroDivisionError)
    driver.answer("login")
    assert until(loop, 1) == [(1, None)]
    assert got == ["token"]
