"""Single flight on threads: the first thread that asks for a key runs the flow, the others wait for its result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TypeAlias

from ..model.effects import LATE, Flow, Once, Reply

_Waiter: TypeAlias = Callable[[Future[Reply], float | None], Reply]


class SingleFlight:
    """The flows that are running under a key, for all threads of a suite."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Future[Reply]] = {}

    def perform(
        self,
        once: Once,
        run: Callable[[Flow[Reply]], Reply],
        wait: _Waiter = Future.result,
    ) -> Reply:
        """Return what the flow returned, in this thread or in another; or LATE.

        Args:
            once: The effect.
            run: Runs a flow to its end, in this thread.
            wait: Waits so many seconds for another thread's flow; raises TimeoutError or CancelledError as
                `Future.result` does.

        Raises:
            BaseException: what the flow raised in this thread; each waiting thread then runs its own flow.
        """
        deadline = None if once.timeout is None else time.monotonic() + once.timeout
        while True:
            with self._lock:
                running = self._running.get(once.key)
                own = self._running.setdefault(once.key, Future()) if running is None else None
            if own is not None:
                return self._run(once, own, run)
            assert running is not None  # else this thread runs it
            try:
                return wait(running, None if deadline is None else max(deadline - time.monotonic(), 0.0))
            except TimeoutError:
                return LATE
            except CancelledError:
                continue

    def _run(self, once: Once, own: Future[Reply], run: Callable[[Flow[Reply]], Reply]) -> Reply:
        try:
            result = run(once.flow())
        except BaseException:
            self._forget(once.key)
            own.cancel()
            raise
        self._forget(once.key)
        own.set_result(result)
        return result

    def _forget(self, key: str) -> None:
        with self._lock:
            del self._running[key]
