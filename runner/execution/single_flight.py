"""`Once` on threads: who asks first runs the flow, the others wait for what it returns. Knows no token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from ..model.effects import LATE, Flow, Once


class SingleFlight:
    """The flows that are running under a key, for all threads of a suite."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Future[Any]] = {}

    def perform(
        self,
        once: Once,
        run: Callable[[Flow[Any]], Any],
        wait: Callable[[Future[Any], float | None], Any] = Future.result,
    ) -> Any:
        """What the flow returned: this one's or another's; or LATE.

        Args:
            once: The effect.
            run: Runs a flow to its end, in this thread.
            wait: Waits so many seconds for another's; raises TimeoutError or CancelledError as `Future.result` does.

        Raises:
            BaseException: whatever the flow raised that ran here; those who wait for it then run theirs.
        """
        until = None if once.timeout is None else time.monotonic() + once.timeout
        while True:
            with self._lock:
                running = self._running.get(once.key)
                own = self._running.setdefault(once.key, Future()) if running is None else None
            if own is not None:
                return self._run(once, own, run)
            assert running is not None  # else it would be mine
            try:
                return wait(running, None if until is None else max(until - time.monotonic(), 0.0))
            except TimeoutError:
                return LATE
            except CancelledError:
                continue

    def _run(self, once: Once, own: Future[Any], run: Callable[[Flow[Any]], Any]) -> Any:
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
