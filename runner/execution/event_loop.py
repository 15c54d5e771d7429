"""Performs flows on one thread: each flow is resumed when the response that it waits for arrives."""

from __future__ import annotations

import heapq
import time
from collections import deque
from typing import Any, Protocol

from ..model.effects import LATE, Effect, Flow, Once, Reply, Send, Sleep
from ..model.errors import Interrupted, StepError
from ..model.exchange import Request, Response, TransportFailure
from .executor import POLL_INTERVAL, Ended, Task

_NO_TIMEOUT = 1e9
"""Seconds: a wait that only the time to clean up limits."""


class MultiDriver(Protocol):
    """A driver that keeps many requests under way on one thread. Each request belongs to an owner, which the driver only stores."""

    def begin(self, request: Request, owner: Any, /) -> None:
        """Begin to send the request of an owner."""
        ...

    def advance(self, seconds: float, /) -> list[tuple[Any, Response | TransportFailure | Exception]]:
        """Wait at most this long, and return the owners whose exchanges ended, with the outcome. An exception is a bug in runflow."""
        ...

    def cancel(self, owner: Any, /) -> None:
        """Interrupt the owner's request, if one is under way."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class _RunningTask:
    """A task that has begun.

    Attributes:
        stack: The task's flow, and above it the flows that it runs for a `Once`, each with its key.
        waits: How many waits there were, so that a timer of an earlier wait is recognised.
        waiting: It waits for a response, a timer or another task.
        once: What another task runs for it, or None.
    """

    __slots__ = ("cancellation", "number", "once", "stack", "waiting", "waits")

    def __init__(self, task: Task) -> None:
        self.number = task.number
        self.cancellation = task.cancellation
        self.stack: list[tuple[str, Flow[Any]]] = [("", task.flow)]
        self.waits = 0
        self.waiting = False
        self.once: Once | None = None

    def interruption(self) -> Interrupted | None:
        """What must be thrown into the flow now, or None."""
        try:
            self.cancellation.check()
        except Interrupted as stop:
            return stop
        return None


class EventLoop:
    """An executor with one thread.

    Args:
        driver: Sends any number of requests at a time.
    """

    def __init__(self, driver: MultiDriver) -> None:
        self._driver = driver
        self._tasks: dict[int, _RunningTask] = {}
        self._ready: deque[tuple[_RunningTask, Reply, BaseException | None]] = deque()
        self._timers: list[tuple[float, int, int, _RunningTask]] = []
        self._waiters: dict[str, deque[_RunningTask]] = {}  # by the key of the flow that they wait for
        self._ended: list[Ended] = []

    def begin(self, task: Task) -> None:
        """Begin a task."""
        running = self._tasks[task.number] = _RunningTask(task)
        self._ready.append((running, None, None))

    def ended(self, seconds: float) -> list[Ended]:
        """Resume flows as their replies arrive, until one ends or the time is over."""
        self._resume_all()
        if not self._ended:
            self._wait(min(seconds, POLL_INTERVAL))
            self._resume_all()
        found, self._ended = self._ended, []
        return found

    def cancel(self) -> None:
        """The suite must end: interrupt every waiting flow."""
        for task in self._tasks.values():
            if task.waiting and task.cancellation.pending:
                self._driver.cancel(task)
                self._stop_waiting(task)
                self._ready.append((task, None, task.interruption()))

    def close(self) -> tuple[()]:
        """Close every connection."""
        self._driver.close()
        return ()

    def _wait(self, seconds: float) -> None:
        """Wait until a response arrives or a timer is due."""
        if self._timers:
            seconds = min(seconds, max(self._timers[0][0] - time.monotonic(), 0.0))
        for task, outcome in self._driver.advance(seconds):
            self._ready.append((task, outcome, outcome if isinstance(outcome, Exception) else None))
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, waits, task = heapq.heappop(self._timers)
            if task.waiting and task.waits == waits:
                reply = LATE if task.once is not None else None
                self._stop_waiting(task)
                self._ready.append((task, reply, task.interruption()))

    def _stop_waiting(self, task: _RunningTask) -> None:
        if task.once is not None:
            self._waiters[task.once.key].remove(task)
            task.once = None
        task.waiting = False

    def _resume_all(self) -> None:
        while self._ready:
            self._resume(*self._ready.popleft())

    def _resume(self, task: _RunningTask, reply: Reply, error: BaseException | None) -> None:
        """Go on with a task until it waits or ends."""
        task.waiting = False
        task.waits += 1
        while True:
            flow = task.stack[-1][1]
            try:
                effect = flow.send(reply) if error is None else flow.throw(error)
            except StopIteration as done:
                reply, error = done.value, None
                if self._flow_returned(task, reply):
                    return
            except BaseException as raised:  # noqa: BLE001  # the flow below, or the suite, decides what it means
                error = raised
                if self._flow_raised(task, raised):
                    return
            else:
                reply, error = None, task.interruption()
                try:
                    if error is None and self._performed(task, effect):
                        return
                except Exception as bug:  # noqa: BLE001  # as above
                    self._flow_raised(task, bug)
                    return

    def _flow_returned(self, task: _RunningTask, result: Reply) -> bool:
        """Remove a flow that returned, and pass its result on. Returns whether the task ended."""
        key, _ = task.stack.pop()
        if not task.stack:
            self._end(task, None)
            return True
        for waiter in self._waiters.pop(key):
            waiter.once = None
            self._ready.append((waiter, result, None))
        return False

    def _flow_raised(self, task: _RunningTask, error: BaseException) -> bool:
        """Remove a flow that raised; the first task that waited for it runs its own. Returns whether the task ended."""
        key, _ = task.stack.pop()
        if not task.stack:
            self._end(task, error)
            return True
        waiting = self._waiters[key]
        if waiting:
            waiter = waiting.popleft()
            assert waiter.once is not None  # it waits for one
            waiter.stack.append((key, waiter.once.flow()))
            waiter.once = None
            self._ready.append((waiter, None, None))
        else:
            del self._waiters[key]
        return isinstance(error, Exception) and not isinstance(error, StepError) and self._flow_raised(task, error)

    def _end(self, task: _RunningTask, error: BaseException | None) -> None:
        del self._tasks[task.number]
        self._ended.append((task.number, error))

    def _performed(self, task: _RunningTask, effect: Effect) -> bool:
        """Begin to perform an effect. Returns whether the task waits for it."""
        match effect:
            case Send(request):
                self._driver.begin(task.cancellation.limited_request(request), task)
            case Sleep(seconds):
                self._set_timer(task, task.cancellation.limited(seconds))
            case Once(key=key, timeout=timeout):
                waiters = self._waiters.get(key)
                if waiters is None:
                    self._waiters[key] = deque()
                    task.stack.append((key, effect.flow()))
                    return False
                waiters.append(task)
                task.once = effect
                if timeout is not None or task.cancellation.deadline is not None:
                    self._set_timer(task, task.cancellation.limited(_NO_TIMEOUT if timeout is None else timeout))
        task.waiting = True
        return True

    def _set_timer(self, task: _RunningTask, seconds: float) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, task.number, task.waits, task))
