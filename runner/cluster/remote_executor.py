"""An executor that performs runs on a cluster: sends each run, and passes on the events that its worker returns."""

from __future__ import annotations

import pickle
import queue
import time
from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, CancelledError, Future

import msgspec

from ..execution.cancellation import CLEANUP_LIMIT, Cancellation
from ..execution.executor import POLL_INTERVAL, Ended, RunLost, Task
from ..execution.schedule import Run
from ..model.events import Event, SessionFinished, StepFinished, WorkflowFinished
from ..model.results import Failure, SessionResult, StepResult, Verdict
from ..model.wording import plural, raised
from .packing import Packing
from .registry import Cluster
from .worker import IDEMPOTENT_HINT, WorkerReply

MAX_RESENDS = 3
"""How often a run whose worker was lost is sent again."""

SILENCE_LIMIT = 10.0
"""Seconds without a reply after which the executor checks that the cluster still works."""

TRANSFER_LIMIT = 5.0
"""Seconds that a reply may take beyond the time that runs have for their cleanup."""


class _SentRun(msgspec.Struct):
    """A run that was sent to the cluster; `losses` counts its lost workers."""

    task: Task
    run: Run
    future: Future[bytes]
    losses: int = 0


class RemoteExecutor:
    """Performs runs on a cluster.

    Args:
        cluster: Performs them.
        packing: Packs what is sent.
        cancellation: Whether the suite must end.
    """

    def __init__(self, cluster: Cluster, packing: Packing, cancellation: Cancellation) -> None:
        self._cluster = cluster
        self._packing = packing
        self._cancellation = cancellation
        self._sent_runs: dict[int, _SentRun] = {}
        self._done: queue.SimpleQueue[tuple[int, Future[bytes]]] = queue.SimpleQueue()
        self._session_events: list[Event] = []
        self._last_reply = 0.0
        self._deadline: float | None = None

    def begin(self, task: Task) -> None:
        """Send a run."""
        assert task.run is not None  # lookups and logouts are not performed on a cluster
        if not self._sent_runs:
            self._last_reply = time.monotonic()
        self._sent_runs[task.number] = _SentRun(task, task.run, self._submit(task.number, task.run))

    def _submit(self, number: int, run: Run) -> Future[bytes]:
        future: Future[bytes]
        try:
            future = self._cluster.submit(self._packing.request(run), self._packing.package(run.plan))
        except Exception as error:  # noqa: BLE001  # the executor's code may raise anything; it becomes the result of the run
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda done: self._done.put((number, done)))
        return future

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for runs to end, at most this long."""
        try:
            number, future = self._done.get(timeout=min(seconds, POLL_INTERVAL))
        except queue.Empty:
            return self._unreachable()
        self._last_reply = time.monotonic()
        sent = self._sent_runs.get(number)
        if sent is None or future is not sent.future:
            return []  # it was counted as lost before
        try:
            reply: WorkerReply = pickle.loads(future.result())  # noqa: S301  # workers run our code, so their data is trusted
        except BrokenExecutor as error:
            if sent.run.plan.idempotent and sent.losses < MAX_RESENDS and self._cancellation.reason is None:
                sent.losses += 1
                sent.future = self._submit(number, sent.run)
                return []
            hint = "" if sent.run.plan.idempotent else IDEMPOTENT_HINT
            return [self._lost(number, f"the worker that ran it was lost: {raised(error)}", hint)]
        except CancelledError:
            reason = "it was cancelled before it began" if self._cancellation.reason else self._cluster.failure()
            return [self._lost(number, reason or "the executor cancelled it; whether it had begun is not known")]
        except Exception as error:  # noqa: BLE001  # as above
            return [self._lost(number, f"it could not be run on the cluster: {raised(error)}")]
        return [self._completed(number, reply)]

    def _completed(self, number: int, reply: WorkerReply) -> Ended:
        sent = self._sent_runs.pop(number)
        begun_on = reply.begun_on or ("a worker" if sent.losses else None)
        write = sent.task.write
        for event in _with_warning(reply.events, begun_on) if begun_on else reply.events:
            write(event)
            if isinstance(event, WorkflowFinished):
                write = self._session_events.append  # reported at the end, as with every executor
        return number, None if reply.failure is None else RunLost(reply.failure)

    def _lost(self, number: int, message: str, hint: str = "") -> Ended:
        del self._sent_runs[number]
        stop = self._cancellation.reason
        return number, RunLost(
            Failure("lost", message, hint) if stop is None else Failure(stop.kind, f"{stop.reason}; {message}")
        )

    def _unreachable(self) -> list[Ended]:
        """The runs that will not end any more, when no reply came."""
        now = time.monotonic()
        reason = None
        if self._deadline is not None and now >= self._deadline:
            reason = f"it did not end within {CLEANUP_LIMIT:.0f} s, and may still be running on its worker"
        elif self._sent_runs and now >= self._last_reply + SILENCE_LIMIT:
            self._last_reply = now
            reason = self._cluster.failure()
        return [] if reason is None else [self._lost(number, reason) for number in list(self._sent_runs)]

    def cancel(self) -> None:
        """The suite must end: interrupt its runs on the workers, and limit how long that may take."""
        assert self._cancellation.reason is not None  # it is why
        self._deadline = time.monotonic() + CLEANUP_LIMIT + TRANSFER_LIMIT
        futures = [sent.future for sent in self._sent_runs.values()]
        self._cluster.stop(self._packing.suite, self._cancellation.reason, futures)

    def close(self) -> list[Event]:
        """Have the workers log out: the events of sessions."""
        limit = CLEANUP_LIMIT + TRANSFER_LIMIT
        replies = self._cluster.log_out(self._packing.suite, limit)
        events = list(self._session_events)
        for reply in replies:
            if reply is not None:
                events += pickle.loads(reply)  # noqa: S301  # as above
        if None in replies:
            silent = f"{replies.count(None)} of {plural(len(replies), 'worker')} did not respond within {limit:.0f} s"
            warning = f"{self._cluster.failure() or silent}: whether every session was logged out is not known"
            events.append(SessionFinished(SessionResult("on the workers", "login", Verdict.ERROR, warnings=(warning,))))
        return _sorted_by_session(events)


def _sorted_by_session(events: Iterable[Event]) -> list[Event]:
    """The events of sessions, sorted by session and user: the order does not depend on which worker had which session."""
    groups: list[list[Event]] = [[]]
    for event in events:
        groups[-1].append(event)
        if isinstance(event, SessionFinished):
            groups.append([])

    def names(group: list[Event]) -> tuple[str, ...]:
        results = [event.result for event in group if isinstance(event, SessionFinished)]
        return tuple(name for result in results for name in (result.name, *sorted(user for user, _ in result.users)))

    return [event for group in sorted(groups, key=names) for event in group]


def _with_warning(events: Iterable[Event], begun_on: str) -> Iterable[Event]:
    """The events of a run that was begun twice, with a warning at its first step."""
    warning = f"the run was begun before on {begun_on}, which was lost with any token that it had (`idempotent: true`)"
    warned: dict[int, StepResult] = {}

    def warn(step: StepResult) -> StepResult:
        if not warned:
            warned[id(step)] = msgspec.structs.replace(step, warnings=(*step.warnings, warning))
        return warned.get(id(step), step)

    for event in events:
        match event:
            case StepFinished(step=step):
                yield msgspec.structs.replace(event, step=warn(step))
            case WorkflowFinished(result=result):
                steps = tuple(map(warn, result.steps))
                yield msgspec.structs.replace(event, result=msgspec.structs.replace(result, steps=steps))
            case _:
                yield event
