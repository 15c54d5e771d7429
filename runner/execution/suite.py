"""Running a suite: each run handed to a crew when its turn comes, each session closed at the end. Writes nothing."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Protocol

import msgspec

from ..engine.auth.lookup import Lookup, look_up
from ..engine.auth.session import Session
from ..engine.auth.tokens import closed
from ..engine.frame import World
from ..engine.workflow import NESTED, run_workflow
from ..model.effects import Flow
from ..model.environment import Environment
from ..model.errors import Interrupted
from ..model.events import (
    Emit,
    Event,
    SessionFinished,
    SuiteFinished,
    SuiteStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from ..model.results import Failure, Result, SessionResult, Verdict, WorkflowResult
from ..model.wording import seconds_text
from ..plan.plan import Plan, Row
from ..redaction import Redactor
from ..version import REPORT_BUGS_TO
from .cancellation import Cancellation, Notice
from .event_order import EventOrder
from .executor import Lost, RunExecutor, Task
from .options import Options
from .preflight import check_before
from .schedule import Run, Schedule

BUG_NOTICE = "this is a bug in runflow, not in your workflow; please report it with the lines below"
FAR_BEHIND = 1000
"""Runs that may have ended while an earlier one still runs: their events wait in memory."""


class Watch(Protocol):
    """Is told when runs begin and end, as it happens: their events wait for their turn."""

    def began(self, number: int, name: str, /) -> None:
        """A run begins."""
        ...

    def ended(self, number: int, verdict: Verdict, /) -> None:
        """A run ended, or never began."""
        ...


NewExecutor = Callable[[Cancellation], RunExecutor]


def new_world(
    plan: Plan,
    row: Row,
    options: Options,
    redactor: Redactor,
    write: Emit,
    *,
    sessions: dict[str, Session] | None = None,
) -> World:
    """What one run stands on; its random source depends on the seed and on which run it is, never on the others."""
    return World(
        clock=time.monotonic,
        wall=time.time,
        emit=redactor.sink(write),
        mask=redactor.mask,
        environment=options.environment,
        random=Random(f"{options.seed}:{plan.file}:{row.label}"),  # noqa: S311  # test data, not keys
        record_details=options.record_details,
        places=options.places,
        sessions=sessions,
        run=f"{plan.name} {row.label}".rstrip(),
        case=row.case,
        snapshots=options.snapshots,
    )


def learn_first(redactor: Redactor, plans: Iterable[Plan], options: Options) -> None:
    """What is known to be secret before anything happens is masked from the first event on."""
    for plan in {id(plan): plan for plan in plans}.values():
        for name in plan.secrets:
            for source in (options.environment, plan.environment_names, options.given):
                if name in source:
                    redactor.learn(source[name], name)
    if isinstance(options.environment, Environment):
        for name, value in options.environment.found.items():
            redactor.learn(value, name)


class Suite:
    """A number of runs.

    Args:
        runs: In the order in which they are reported.
        options: How.
        write: Takes masked events, from one thread at a time.
        new_crew: Makes who runs them.
        watch: Shows how far it is.
        sessions: The tokens that are there already, and that stay for a suite that follows; without them they are this
            suite's own, and given back at its end.
    """

    def __init__(
        self,
        runs: list[Run],
        options: Options,
        write: Emit,
        new_executor: NewExecutor,
        *,
        watch: Watch | None = None,
        sessions: dict[str, Session] | None = None,
    ) -> None:
        self.runs = runs
        self.options = options
        self.write = write
        self.new_executor = new_executor
        self.watch = watch
        self.redactor = Redactor()
        self.sessions: dict[str, Session] = {} if sessions is None else sessions
        self._closes = sessions is None
        self.schedule = Schedule(runs, options.max_failures)
        self.order = EventOrder(write)
        self.cancellation = Cancellation()
        self.results: dict[int, WorkflowResult] = {}
        self.ended: dict[int, SessionResult] = {}
        self.crashed = False
        self._until: float | None = None
        self._cancelled = False

    def run(self) -> Result:
        """Every run of every workflow.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        check_before((run.plan for run in self.runs), self.options)
        started = time.monotonic()
        self._until = None if self.options.timeout is None else started + self.options.timeout
        learn_first(self.redactor, (run.plan for run in self.runs), self.options)
        self.write(SuiteStarted(len(self.runs), self.options.seed, self.options.shuffled, time.time()))
        with self.cancellation:
            executor = self.new_executor(self.cancellation)
            self._work(executor, self._next_run, self._run_ended)
            if self._closes:
                self._close_sessions(executor)
            self._closed_elsewhere(executor.close())
            result = self._result(time.monotonic() - started)
            self.write(SuiteFinished(result))  # a signal meanwhile must not cut a report short
        return result

    def _result(self, duration: float) -> Result:
        return Result(
            tuple(self.results[number] for number in range(len(self.runs))),
            duration,
            self.cancellation.signal,
            crashed=self.crashed,
            sessions=tuple(self.ended[number] for number in sorted(self.ended)),
            invalid=self.options.invalid,
            cut_short=self.cancellation.stop is not None and self.cancellation.stop.kind == "timeout",
        )

    def _work(
        self,
        executor: RunExecutor,
        following: Callable[[], Task | None],
        ended: Callable[[int, BaseException | None], None],
    ) -> None:
        """Keep the crew busy until nothing follows and nothing runs."""
        running = 0
        while True:
            self._look(executor)
            while running < self.options.jobs and (self.order.behind < FAR_BEHIND or not running):
                task = following()
                if task is None:
                    break
                executor.begin(task)
                running += 1
            if not running:
                return
            for number, error in executor.ended(self._left()):
                running -= 1
                ended(number, error)

    def _left(self) -> float:
        return 60.0 if self._until is None else max(self._until - time.monotonic(), 0.0)

    def _look(self, executor: RunExecutor) -> None:
        """Whether everything must end, and if so, once, tell everybody."""
        if self._until is not None and time.monotonic() >= self._until:
            limit = seconds_text(self.options.timeout or 0.0)
            self.cancellation.ask(
                Interrupted(f"the whole run took longer than its limit of {limit} (--timeout)", "timeout")
            )
            self._until = None
        stop = self.cancellation.stop
        if stop is not None and not self._cancelled:
            self._cancelled = True
            self.schedule.stop("the run was interrupted" if stop.kind == "interrupted" else stop.reason)
            executor.cancel()

    def _next_run(self) -> Task | None:
        number = self.schedule.next()
        for given_up, reason in self.schedule.given_up():
            self._tell(given_up, Verdict.SKIPPED, reason=reason)
        if number is None:
            return None
        if self.watch is not None:
            self.watch.began(number, f"{self.runs[number].plan.name} {self.runs[number].row.label}".rstrip())
        return self._task(number)

    def _task(self, number: int) -> Task:
        """One run, its events masked and in their turn."""
        plan, row, options = self.runs[number].plan, self.runs[number].row, self.options
        tell = self.order.sink(number)

        def write(event: Event) -> None:
            if isinstance(event, WorkflowStarted):
                event = msgspec.structs.replace(event, number=self.runs[number].number)
            elif isinstance(event, WorkflowFinished):
                self.results[number] = event.result if options.keep_results else slim(event.result)
                self.crashed = self.crashed or (event.result.error is not None and event.result.error.kind == "bug")
            tell(event)

        redactor = Redactor(self.redactor)
        world = new_world(plan, row, options, redactor, write, sessions=self.sessions)
        if (ask := options.pause) is not None:
            world.pause = lambda name, names: ask(name, redactor.mask(names))
        given = {name: value for name, value in options.given.items() if name in plan.accepts}
        return Task(number, run_workflow(plan, row, world, given), Notice(self.cancellation), self.runs[number], write)

    def _run_ended(self, number: int, error: BaseException | None) -> None:
        if error is not None:
            failure = self.redactor.mask(error.failure) if isinstance(error, Lost) else self._bug(error)
            self._tell(number, Verdict.ERROR, error=failure)
        else:
            self.order.close(number)
            self._watched(number)
        if number + 1 == len(self.runs) or self.runs[number + 1].plan is not self.runs[number].plan:
            # a failure read the marks; ten thousand failing files must not keep them
            self.runs[number].plan.source.forget_marks()
        self.schedule.ended(number, self.results[number].verdict)

    def _bug(self, error: BaseException) -> Failure:
        """Whatever it is, it is a bug of ours: the other runs keep their verdicts."""
        self.crashed = True
        text = self.redactor.text("".join(traceback.format_exception(error)))
        return Failure("bug", f"{BUG_NOTICE}:\n{text}", f"report it to {REPORT_BUGS_TO}")

    def _tell(self, number: int, verdict: Verdict, **facts: Any) -> None:
        """The whole story of a run that did not tell it itself."""
        plan, row = self.runs[number].plan, self.runs[number].row
        result = WorkflowResult(plan.name, plan.file, verdict, row.label, tags=plan.tags, **facts)
        self.results[number] = result
        self.order.tell(number, WorkflowStarted(result.name, result.file, result.label, self.runs[number].number))
        self.order.tell(number, WorkflowFinished(result))
        self.order.close(number)
        self._watched(number)

    def _watched(self, number: int) -> None:
        if self.watch is not None:
            self.watch.ended(number, self.results[number].verdict)

    def look_up(self, name: str, *, close: bool) -> Lookup | Failure:
        """A credential of the first workflow on its own; why it cannot be had is masked.

        Args:
            name: What it is called there.
            close: Give its token back.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        plan, row, options = self.runs[0].plan, self.runs[0].row, self.options
        check_before([plan], options)
        learn_first(self.redactor, [plan], options)
        redactor = Redactor(self.redactor)
        world = new_world(plan, row, options, redactor, self.order.sink(0), sessions=self.sessions)
        found: list[Lookup | Failure] = []

        def looked_up() -> Flow[None]:
            try:
                found.append(
                    (yield from look_up(plan, name, world, {**plan.environment_names, **row.values, **options.given}))
                )
            except Interrupted as stop:
                found.append(Failure(stop.kind, stop.reason))

        tasks = [Task(0, looked_up(), Notice(self.cancellation))]
        with self.cancellation:
            executor = self.new_executor(self.cancellation)
            self._work(executor, lambda: tasks.pop() if tasks else None, lambda _, error: self._lookup_ended(error))
            if close:
                self._close_sessions(executor)
            executor.close()
        return redactor.mask(found[0]) if isinstance(found[0], Failure) else found[0]

    def _lookup_ended(self, error: BaseException | None) -> None:
        self.order.close(0)
        if error is not None:
            raise error

    def _close_sessions(self, executor: RunExecutor) -> None:
        """Give back every token that was fetched, whatever happened; they are reported in order of names."""
        begun = [session for session in self.sessions.values() if session.begun]
        begun.sort(key=lambda session: (session.name, sorted(session.users)))
        first = len(self.runs)
        waiting = list(enumerate(begun, first))[::-1]

        def following() -> Task | None:
            if not waiting:
                return None
            number, session = waiting.pop()
            return Task(number, self._closing(number, session), Notice(self.cancellation, closing=True))

        def ended(number: int, error: BaseException | None) -> None:
            if error is not None:
                session, failure = begun[number - first], self._bug(error)
                lost = SessionResult(session.name, session.plan.kind, Verdict.ERROR, warnings=(failure.message,))
                self.ended[number] = lost
                self.order.tell(number, SessionFinished(lost))
            self.order.close(number)

        self._work(executor, following, ended)

    def _closed_elsewhere(self, told: Iterable[Event]) -> None:
        """The same for tokens that a crew kept where its runs were run."""
        for event in told:
            if isinstance(event, SessionFinished):
                self.ended[len(self.runs) + len(self.ended)] = event.result
            self.write(event)

    def _closing(self, number: int, session: Session) -> Flow[SessionResult]:
        tell = self.order.sink(number)

        def write(event: Event) -> None:
            if isinstance(event, SessionFinished):
                self.ended[number] = event.result
            tell(event)

        redactor = Redactor(self.redactor)
        redactor.learn(session.secrets, f"auth.{session.name}")
        world = new_world(session.owner, Row(), self.options, redactor, write, sessions=self.sessions)
        return closed(session, world, NESTED.steps)


def slim(result: WorkflowResult) -> WorkflowResult:
    """What stays in memory of a run that was reported: nothing of one that passed, no exchanges of steps that did."""
    if result.verdict is Verdict.PASSED:
        return msgspec.structs.replace(result, steps=())
    steps = tuple(
        msgspec.structs.replace(step, attempts=()) if step.attempts and step.verdict is Verdict.PASSED else step
        for step in result.steps
    )
    return msgspec.structs.replace(result, steps=steps)
