"""A crew whose runs are run by a cluster: sends each with what it needs, passes on the events that come back."""

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
from .worker import MAY_RUN_AGAIN, WorkerReply

AGAIN = 3
"""How often a run is sent again whose worker was lost."""

SILENCE = 10.0
"""Seconds without news after which somebody asks whether there is a worker at all."""

ON_THE_WAY = 5.0
"""Seconds that news may take beyond what runs have for their cleanup."""


class _Flight(msgspec.Struct):
    """A run that is elsewhere."""

    task: Task
    run: Run
    future: Future[bytes]
    lost: int = 0


class RemoteExecutor:
    """A crew that has runs run by a cluster.

    Args:
        cluster: Runs them.
        post: Says what is sent.
        cancellation: Whether everything must end.
    """

    def __init__(self, cluster: Cluster, packing: Packing, cancellation: Cancellation) -> None:
        self._cluster = cluster
        self._packing = packing
        self._cancellation = cancellation
        self._single_flight: dict[int, _Flight] = {}
        self._news: queue.SimpleQueue[tuple[int, Future[bytes]]] = queue.SimpleQueue()
        self._tokens: list[Event] = []
        self._heard = 0.0
        self._until: float | None = None

    def begin(self, task: Task) -> None:
        """Send a run."""
        assert task.run is not None  # tokens are given back where they are
        if not self._single_flight:
            self._heard = time.monotonic()
        self._single_flight[task.number] = _Flight(task, task.run, self._sent(task.number, task.run))

    def _sent(self, number: int, run: Run) -> Future[bytes]:
        future: Future[bytes]
        try:
            future = self._cluster.submit(self._packing.job(run), self._packing.package(run.plan))
        except Exception as error:  # noqa: BLE001  # an executor is anybody's code; the run hears of it
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda done: self._news.put((number, done)))
        return future

    def ended(self, seconds: float) -> list[Ended]:
        """Wait for runs to come back, this long at the most."""
        try:
            number, future = self._news.get(timeout=min(seconds, POLL_INTERVAL))
        except queue.Empty:
            return self._given_up()
        self._heard = time.monotonic()
        flight = self._single_flight.get(number)
        if flight is None or future is not flight.future:
            return []  # it was given up before
        try:
            answer: WorkerReply = pickle.loads(future.result())  # noqa: S301  # workers run our code, so we may run theirs
        except BrokenExecutor as error:
            if flight.run.plan.idempotent and flight.lost < AGAIN and self._cancellation.reason is None:
                flight.lost += 1
                flight.future = self._sent(number, flight.run)
                return []
            hint = "" if flight.run.plan.idempotent else MAY_RUN_AGAIN
            return [self._lost(number, f"the worker that ran it was lost: {raised(error)}", hint)]
        except CancelledError:
            reason = "it was given up before it began" if self._cancellation.reason else self._cluster.gone()
            return [self._lost(number, reason or "the executor gave it up; whether it had begun is not known")]
        except Exception as error:  # noqa: BLE001  # as above
            return [self._lost(number, f"it could not be run there: {raised(error)}")]
        return [self._landed(number, answer)]

    def _landed(self, number: int, answer: WorkerReply) -> Ended:
        flight = self._single_flight.pop(number)
        before = answer.begun or ("a worker" if flight.lost else "")
        write = flight.task.write
        for event in _noted(answer.events, before) if before else answer.events:
            write(event)
            if isinstance(event, WorkflowFinished):
                write = self._tokens.append  # they are told of at the end, as everywhere
        return number, None if answer.failure is None else RunLost(answer.failure)

    def _lost(self, number: int, message: str, hint: str = "") -> Ended:
        del self._single_flight[number]
        stop = self._cancellation.reason
        return number, RunLost(
            Failure("lost", message, hint) if stop is None else Failure(stop.kind, f"{stop.reason}; {message}")
        )

    def _given_up(self) -> list[Ended]:
        """Nothing was heard: what nobody will bring any more is lost."""
        now = time.monotonic()
        reason = ""
        if self._until is not None and now >= self._until:
            reason = f"it did not end within {CLEANUP_LIMIT:.0f} s, and may still be running there"
        elif self._single_flight and now >= self._heard + SILENCE:
            self._heard = now
            reason = self._cluster.gone()
        return [self._lost(number, reason) for number in list(self._single_flight)] if reason else []

    def cancel(self) -> None:
        """Everything must end: workers are told, and have a limit."""
        assert self._cancellation.reason is not None  # it is why
        self._until = time.monotonic() + CLEANUP_LIMIT + ON_THE_WAY
        self._cluster.stop(
            self._packing.suite, self._cancellation.reason, [flight.future for flight in self._single_flight.values()]
        )

    def close(self) -> list[Event]:
        """Have workers give their tokens back."""
        limit = CLEANUP_LIMIT + ON_THE_WAY
        told = self._cluster.give_back(self._packing.suite, limit)
        events = [*self._tokens, *(event for each in told if each is not None for event in pickle.loads(each))]  # noqa: S301  # as above
        if None in told:
            silent = f"{told.count(None)} of {plural(len(told), 'worker')} did not say within {limit:.0f} s"
            warning = f"{self._cluster.gone() or silent}: whether every token was given back is not known"
            events.append(SessionFinished(SessionResult("on the workers", "login", Verdict.ERROR, warnings=(warning,))))
        return _by_name(events)


def _by_name(told: Iterable[Event]) -> list[Event]:
    """What was told of tokens in an order that does not depend on which worker had them."""
    stories: list[list[Event]] = [[]]
    for event in told:
        stories[-1].append(event)
        if isinstance(event, SessionFinished):
            stories.append([])

    def name(story: list[Event]) -> tuple[str, ...]:
        results = [event.result for event in story if isinstance(event, SessionFinished)]
        return tuple(word for result in results for word in (result.name, *sorted(user for user, _ in result.users)))

    return [event for story in sorted(stories, key=name) for event in story]


def _noted(events: Iterable[Event], before: str) -> Iterable[Event]:
    """The events of a run that was begun twice: its first step says so."""
    warning = f"the run was begun before on {before}, which was lost, with any token that it had (`idempotent: true`)"
    noted: dict[int, StepResult] = {}

    def note(step: StepResult) -> StepResult:
        if not noted:
            noted[id(step)] = msgspec.structs.replace(step, warnings=(*step.warnings, warning))
        return noted.get(id(step), step)

    for event in events:
        match event:
            case StepFinished(step=step):
                yield msgspec.structs.replace(event, step=note(step))
            case WorkflowFinished(result=result):
                steps = tuple(map(note, result.steps))
                yield msgspec.structs.replace(event, result=msgspec.structs.replace(result, steps=steps))
            case _:
                yield event
