"""Flows on threads: each thread has a blocking driver and drives one flow at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from ..model.effects import Effect, Once, Reply, Send, Sleep
from ..model.exchange import Request, Response, TransportFailure
from .cancellation import Cancellation, Notice
from .drive import drive
from .executor import LOOK_AGAIN, Ended, Task
from .single_flight import SingleFlight


class Driver(Protocol):
    """Sends one request at a time; may be broken off from another thread."""

    def send(self, request: Request, /) -> Response | TransportFailure:
        """One request, one answer or the reason why there is none."""
        ...

    def cancel(self) -> None:
        """Break off what is sent, until `resume`."""
        ...

    def resume(self) -> None:
        """Requests may be sent again."""
        ...

    def close(self) -> None:
        """Close kept connections."""
        ...


class ThreadPool:
    """A crew of threads.

    Args:
        new_driver: Makes a driver, one for each thread.
        cancellation: Whether everything must end.
    """

    def __init__(self, new_driver: Callable[[], Driver], cancellation: Cancellation) -> None:
        self._new_driver = new_driver
        self._cancellation = cancellation
        self._single_flight = SingleFlight()
        self._jobs: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[int, BaseException | None]] = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._busy = 0

    def begin(self, task: Task) -> None:
        """Begin a task; there is a thread for each that runs."""
        self._busy += 1
        if self._busy > len(self._workers):
            self._start_worker()
        self._jobs.put(task)

    def _start_worker(self) -> None:
        worker = _Worker(self._new_driver(), self._cancellation, self._single_flight, self._jobs, self._ended)
        try:
            worker.start()
        except RuntimeError:  # the system gives no more threads: those that are there do all
            if not self._workers:
                raise
        else:
            self._workers.append(worker)

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for a flow to end, this long at the most. One whose thread died has ended too."""
        try:
            found = [self._ended.get(timeout=min(seconds, LOOK_AGAIN))]
        except queue.Empty:
            dead = [worker for worker in self._workers if not worker.is_alive()]
            self._workers = [worker for worker in self._workers if worker not in dead]
            found = [(each.number, RuntimeError("the thread that ran it died")) for each in dead if each.number >= 0]
            if self._busy > len(found) and not self._workers:
                self._start_worker()  # for what waits
        self._busy -= len(found)
        return found

    def cancel(self) -> None:
        """Break off the requests of all flows that were not told yet."""
        for worker in self._workers:
            worker.cancel()

    def close(self) -> tuple[()]:
        """End the threads."""
        for _ in self._workers:
            self._jobs.put(None)
        for worker in self._workers:
            worker.join()
        return ()


class _Worker(threading.Thread):
    """One thread with its driver.

    Attributes:
        number: Of the flow that it runs, or -1.
    """

    def __init__(
        self,
        driver: Driver,
        cancellation: Cancellation,
        single_flight: SingleFlight,
        jobs: queue.SimpleQueue[Task | None],
        ended: queue.SimpleQueue[Ended],
    ) -> None:
        super().__init__(daemon=True, name="runflow")
        self._driver = driver
        self._cancellation = cancellation
        self._single_flight = single_flight
        self._jobs = jobs
        self._ended = ended
        self._notice: Notice | None = None
        self._lock = threading.Lock()
        self.number = -1

    def run(self) -> None:
        """Drive flows until there are no more."""
        while (task := self._jobs.get()) is not None:
            self.number, self._notice = task.number, task.notice
            error: BaseException | None = None
            try:
                drive(task.flow, self._perform)
            except BaseException as broken:  # noqa: BLE001  # whatever it is, who asked for the flow must hear of it
                error = broken
            self._notice = None
            self._ended.put((self.number, error))
            self.number = -1
        self._driver.close()

    def cancel(self) -> None:
        """From another thread: end what is waited for, unless the flow cleans up already."""
        with self._lock:
            if self._notice is not None and self._notice.pending:
                self._driver.cancel()

    def _check(self) -> None:
        assert self._notice is not None  # a flow runs
        with self._lock:
            try:
                self._notice.check()
            finally:
                self._driver.resume()  # once it was told, the flow may clean up

    def _perform(self, effect: Effect) -> Reply:
        self._check()
        assert self._notice is not None  # a flow runs
        match effect:
            case Send(request):
                reply = self._driver.send(self._notice.within(request))
                if isinstance(reply, TransportFailure) and self._notice.pending:
                    self._check()
                return reply
            case Sleep(seconds):
                self._sleep(self._notice.left(seconds))
                return None
            case Once():
                return self._single_flight.perform(effect, lambda flow: drive(flow, self._perform), self._wait)

    def _sleep(self, seconds: float) -> None:
        assert self._notice is not None  # a flow runs
        if self._notice.until is None:
            self._cancellation.event.wait(seconds)
        else:
            time.sleep(seconds)
        if self._notice.pending:
            self._check()

    def _wait(self, running: Future[Any], seconds: float | None) -> Any:
        """What another's flow returns; looks up now and then."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = LOOK_AGAIN if until is None else min(until - time.monotonic(), LOOK_AGAIN)
            try:
                return running.result(max(left, 0.0))
            except TimeoutError:
                self._check()
                if until is not None and time.monotonic() >= until:
                    raise
