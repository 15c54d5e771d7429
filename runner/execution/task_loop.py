"""Keeps an executor busy with tasks until none is left, and ends them early when the suite must end."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..model.errors import Interrupted
from ..model.wording import seconds_text
from .context import SuiteContext
from .executor import RunExecutor, Task

MAX_BEHIND = 1000
"""Runs that may have ended while an earlier one still runs: their events wait in memory."""

_IDLE_WAIT = 60.0
"""Seconds to wait for a task to end where the suite has no limit."""


class TaskLoop:
    """Hands tasks to an executor, at most `jobs` at a time, and watches the suite's limit.

    Args:
        context: What the parts of the suite share.
        executor: Performs the tasks.
        stopping: Called once, with the reason, when everything must end.
    """

    def __init__(
        self, context: SuiteContext, executor: RunExecutor, stopping: Callable[[Interrupted], None] | None = None
    ) -> None:
        self._context = context
        self._executor = executor
        self._stopping = stopping
        self._stopped = False
        timeout = context.options.timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def work(self, next_task: Callable[[], Task | None], ended: Callable[[int, BaseException | None], None]) -> None:
        """Perform tasks until there is no next one and none is under way.

        Args:
            next_task: Returns the next task that may begin now, or None.
            ended: Called with the number of each task that ended, and with what it raised.
        """
        running = 0
        while True:
            self._check_end()
            while running < self._context.options.jobs and (self._context.order.behind < MAX_BEHIND or not running):
                task = next_task()
                if task is None:
                    break
                self._executor.begin(task)
                running += 1
            if not running:
                return
            for number, error in self._executor.ended(self._remaining()):
                running -= 1
                ended(number, error)

    def _remaining(self) -> float:
        return _IDLE_WAIT if self._deadline is None else max(self._deadline - time.monotonic(), 0.0)

    def _check_end(self) -> None:
        """Cancel what runs, once, where the limit is over or a signal came."""
        cancellation = self._context.cancellation
        if self._deadline is not None and time.monotonic() >= self._deadline:
            limit = seconds_text(self._context.options.timeout or 0.0)
            cancellation.request(
                Interrupted(f"the whole run took longer than its limit of {limit} (--timeout)", "timeout")
            )
            self._deadline = None
        if cancellation.reason is not None and not self._stopped:
            self._stopped = True
            if self._stopping is not None:
                self._stopping(cancellation.reason)
            self._executor.cancel()
