"""Performs flows on threads: each thread has a blocking driver and performs one flow at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from ..model.effects import Effect, Once, Reply, Send, Sleep
from ..model.exchange import Request, Response, TransportFailure
from .cancellation import Cancellation, FlowCancellation
from .drive import drive
from .executor import POLL_INTERVAL, Ended, Task
from .single_flight import SingleFlight


class Driver(Protocol):
    """Sends one request at a time; another thread may cancel it."""

    def send(self, request: Request, /) -> Response | TransportFailure:
        """Send a request and return its response, or why there is none."""
        ...

    def cancel(self) -> None:
        """Interrupt the request under way, and send nothing until `resume`."""
        ...

    def resume(self) -> None:
        """Allow requests again."""
        ...

    def close(self) -> None:
        """Close kept connections."""
        ...


class ThreadPool:
    """An executor with a thread for each task that is under way.

    Args:
        new_driver: Makes a driver, one for each thread.
        cancellation: Whether the suite must end.
    """

    def __init__(self, new_driver: Callable[[], Driver], cancellation: Cancellation) -> None:
        self._new_driver = new_driver
        self._cancellation = cancellation
        self._single_flight = SingleFlight()
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._busy = 0

    def begin(self, task: Task) -> None:
        """Begin a task, on a new thread where all are busy."""
        self._busy += 1
        if self._busy > len(self._workers):
            self._start_worker()
        self._tasks.put(task)

    def _start_worker(self) -> None:
        worker = _Worker(self._new_driver(), self._cancellation, self._single_flight, self._tasks, self._ended)
        try:
            worker.start()
        except RuntimeError:  # the system allows no further thread: the existing ones perform all tasks
            if not self._workers:
                raise
        else:
            self._workers.append(worker)

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for a task to end, at most this long. A task whose thread died has ended too."""
        try:
            found = [self._ended.get(timeout=min(seconds, POLL_INTERVAL))]
        except queue.Empty:
            dead = [worker for worker in self._workers if not worker.is_alive()]
            self._workers = [worker for worker in self._workers if worker not in dead]
            found = [(each.number, RuntimeError("its thread died")) for each in dead if each.number is not None]
            if self._busy > len(found) and not self._workers:
                self._start_worker()  # for the tasks that wait
        self._busy -= len(found)
        return found

    def cancel(self) -> None:
        """Interrupt the requests of all flows that were not interrupted yet."""
        for worker in self._workers:
            worker.cancel()

    def close(self) -> tuple[()]:
        """End the threads."""
        for _ in self._workers:
            self._tasks.put(None)
        for worker in self._workers:
            worker.join()
        return ()


class _Worker(threading.Thread):
    """One thread with its driver.

    Attributes:
        number: The number of the task under way, or None.
    """

    def __init__(
        self,
        driver: Driver,
        cancellation: Cancellation,
        single_flight: SingleFlight,
        tasks: queue.SimpleQueue[Task | None],
        ended: queue.SimpleQueue[Ended],
    ) -> None:
        super().__init__(daemon=True, name="runflow")
        self._driver = driver
        self._suite = cancellation
        self._single_flight = single_flight
        self._tasks = tasks
        self._ended = ended
        self._flow: FlowCancellation | None = None
        self._lock = threading.Lock()
        self.number: int | None = None

    def run(self) -> None:
        """Perform tasks until there are no more."""
        while (task := self._tasks.get()) is not None:
            self.number, self._flow = task.number, task.cancellation
            error: BaseException | None = None
            try:
                drive(task.flow, self._perform)
            except BaseException as raised:  # noqa: BLE001  # the suite decides what it means
                error = raised
            self._flow = None
            self._ended.put((task.number, error))
            self.number = None
        self._driver.close()

    def cancel(self) -> None:
        """Called by another thread: interrupt the request under way, unless the flow cleans up already."""
        with self._lock:
            if self._flow is not None and self._flow.pending:
                self._driver.cancel()

    def _check(self) -> None:
        assert self._flow is not None  # a flow runs
        with self._lock:
            try:
                self._flow.check()
            finally:
                self._driver.resume()  # the flow was interrupted: its cleanup may send requests

    def _perform(self, effect: Effect) -> Reply:
        self._check()
        assert self._flow is not None  # a flow runs
        match effect:
            case Send(request):
                reply = self._driver.send(self._flow.limited_request(request))
                if isinstance(reply, TransportFailure) and self._flow.pending:
                    self._check()
                return reply
            case Sleep(seconds):
                self._sleep(self._flow.limited(seconds))
                return None
            case Once():
                return self._single_flight.perform(effect, lambda flow: drive(flow, self._perform), self._wait)

    def _sleep(self, seconds: float) -> None:
        assert self._flow is not None  # a flow runs
        if self._flow.deadline is None:
            self._suite.event.wait(seconds)
        else:
            time.sleep(seconds)
        if self._flow.pending:
            self._check()

    def _wait(self, running: Future[Reply], seconds: float | None) -> Reply:
        """Wait for the result of another thread's flow, and check now and then whether the suite must end."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            remaining = POLL_INTERVAL if deadline is None else min(deadline - time.monotonic(), POLL_INTERVAL)
            try:
                return running.result(max(remaining, 0.0))
            except TimeoutError:
                self._check()
                if deadline is not None and time.monotonic() >= deadline:
                    raise
