"""Flows on one thread: each is resumed as its answer comes. Knows no library; the driver waits for all of them."""

from __future__ import annotations

import heapq
import time
from collections import deque
from typing import Any, Protocol

from ..model.effects import LATE, Effect, Flow, Once, Reply, Send, Sleep
from ..model.errors import Interrupted, StepError
from ..model.exchange import Request, Response, TransportFailure
from .executor import LOOK_AGAIN, Ended, Task


class MultiDriver(Protocol):
    """A driver that keeps many requests under way on one thread."""

    def begin(self, request: Request, who: Any, /) -> None:
        """Send a request; the reply to it is `who`'s."""
        ...

    def advance(self, seconds: float, /) -> list[tuple[Any, Response | TransportFailure | Exception]]:
        """Wait this long at the most: whose exchanges ended, and how. An exception is a bug of ours."""
        ...

    def cancel(self, who: Any, /) -> None:
        """Break off what is under way, if anything is."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class _Begun:
    """A task that was begun.

    Attributes:
        stack: The flow, and on it those that it runs for a `Once`, each with its key.
        waits: Counts what it waited for, so that a wait that is over is told from a later one.
        waiting: It waits, for whatever it is.
        once: What another runs for it, or None.
    """

    __slots__ = ("notice", "number", "once", "stack", "waiting", "waits")

    def __init__(self, task: Task) -> None:
        self.number = task.number
        self.notice = task.notice
        self.stack: list[tuple[str, Flow[Any]]] = [("", task.flow)]
        self.waits = 0
        self.waiting = False
        self.once: Once | None = None

    def must_end(self) -> Interrupted | None:
        """What the flow must hear now."""
        try:
            self.notice.check()
        except Interrupted as stop:
            return stop
        return None


class EventLoop:
    """A crew of one thread.

    Args:
        driver: Sends any number of requests at a time.
    """

    def __init__(self, driver: MultiDriver) -> None:
        self._driver = driver
        self._tasks: dict[int, _Begun] = {}
        self._ready: deque[tuple[_Begun, Reply, BaseException | None]] = deque()
        self._clock: list[tuple[float, int, int, _Begun]] = []
        self._others: dict[str, deque[_Begun]] = {}  # who waits for the flow that runs under a key
        self._ended: list[Ended] = []

    def begin(self, task: Task) -> None:
        """Begin a task."""
        begun = self._tasks[task.number] = _Begun(task)
        self._ready.append((begun, None, None))

    def ended(self, seconds: float) -> list[Ended]:
        """Resume flows as what they wait for comes, until one ends or the time is over."""
        self._resume_all()
        if not self._ended:
            self._wait(min(seconds, LOOK_AGAIN))
            self._resume_all()
        found, self._ended = self._ended, []
        return found

    def cancel(self) -> None:
        """Everything must end: who waits is told now."""
        for task in self._tasks.values():
            if task.waiting and task.notice.pending:
                self._driver.cancel(task)
                self._wait_no_more(task)
                self._ready.append((task, None, task.must_end()))

    def close(self) -> tuple[()]:
        """Close every connection."""
        self._driver.close()
        return ()

    def _wait(self, seconds: float) -> None:
        """Let time pass until something comes."""
        if self._clock:
            seconds = min(seconds, max(self._clock[0][0] - time.monotonic(), 0.0))
        for task, outcome in self._driver.advance(seconds):
            self._ready.append((task, outcome, outcome if isinstance(outcome, Exception) else None))
        now = time.monotonic()
        while self._clock and self._clock[0][0] <= now:
            _, _, waits, task = heapq.heappop(self._clock)
            if task.waiting and task.waits == waits:
                late = LATE if task.once is not None else None
                self._wait_no_more(task)
                self._ready.append((task, late, task.must_end()))

    def _wait_no_more(self, task: _Begun) -> None:
        if task.once is not None:
            self._others[task.once.key].remove(task)
            task.once = None
        task.waiting = False

    def _resume_all(self) -> None:
        while self._ready:
            self._resume(*self._ready.popleft())

    def _resume(self, task: _Begun, reply: Reply, error: BaseException | None) -> None:
        """Go on with a task until it waits or ends."""
        task.waiting = False
        task.waits += 1
        while True:
            flow = task.stack[-1][1]
            try:
                effect = flow.send(reply) if error is None else flow.throw(error)
            except StopIteration as done:
                reply, error = done.value, None
                if self._landed(task, reply):
                    return
            except BaseException as broken:  # noqa: BLE001  # whatever it is, who asked for the flow must hear of it
                error = broken
                if self._crashed(task, broken):
                    return
            else:
                reply, error = None, task.must_end()
                try:
                    if error is None and self._performed(task, effect):
                        return
                except Exception as bug:  # noqa: BLE001  # as above
                    self._crashed(task, bug)
                    return

    def _landed(self, task: _Begun, result: Any) -> bool:
        """A flow came to its end: whether that was the task."""
        key, _ = task.stack.pop()
        if not task.stack:
            self._end(task, None)
            return True
        for other in self._others.pop(key):
            other.once = None
            self._ready.append((other, result, None))
        return False

    def _crashed(self, task: _Begun, error: BaseException) -> bool:
        """A flow raised: whether that was the task's end. One of those who wait for it runs theirs."""
        key, _ = task.stack.pop()
        if not task.stack:
            self._end(task, error)
            return True
        waiting = self._others[key]
        if waiting:
            other = waiting.popleft()
            assert other.once is not None  # it waits for one
            other.stack.append((key, other.once.flow()))
            other.once = None
            self._ready.append((other, None, None))
        else:
            del self._others[key]
        return isinstance(error, Exception) and not isinstance(error, StepError) and self._crashed(task, error)

    def _end(self, task: _Begun, error: BaseException | None) -> None:
        del self._tasks[task.number]
        self._ended.append((task.number, error))

    def _performed(self, task: _Begun, effect: Effect) -> bool:
        """Do what an effect asks for: whether the task waits for it."""
        match effect:
            case Send(request):
                self._driver.begin(task.notice.within(request), task)
            case Sleep(seconds):
                self._wake(task, task.notice.left(seconds))
            case Once(key=key, timeout=timeout):
                others = self._others.get(key)
                if others is None:
                    self._others[key] = deque()
                    task.stack.append((key, effect.flow()))
                    return False
                others.append(task)
                task.once = effect
                if timeout is not None or task.notice.until is not None:
                    self._wake(task, task.notice.left(1e9 if timeout is None else timeout))
        task.waiting = True
        return True

    def _wake(self, task: _Begun, seconds: float) -> None:
        heapq.heappush(self._clock, (time.monotonic() + seconds, task.number, task.waits, task))
