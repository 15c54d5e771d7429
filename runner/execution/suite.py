"""Runs a suite: hands each run to an executor when the schedule lets it begin, and logs out of the sessions at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

import msgspec

from ..engine.auth.session import Session
from ..engine.workflow import run_workflow
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
from ..redaction import Redactor
from .cancellation import FlowCancellation
from .context import SuiteContext
from .executor import NewExecutor, RunLost, Task
from .options import Hooks, Inputs, Options
from .preflight import check_before
from .run_setup import learn_secrets, variables_of
from .schedule import Run, Schedule
from .session_closing import SessionClosing
from .task_loop import TaskLoop


class RunObserver(Protocol):
    """Called when runs begin and end, as it happens. Events, in contrast, are ordered by run."""

    def began(self, number: int, name: str, /) -> None:
        """A run begins."""
        ...

    def ended(self, number: int, verdict: Verdict, /) -> None:
        """A run ended, or never began."""
        ...


class Suite:
    """A number of runs.

    Args:
        runs: In the order in which they are reported.
        inputs: What the caller provides.
        options: How they run.
        write: Takes masked events, from one thread at a time.
        new_executor: Makes what performs the runs.
        hooks: Functions that are called meanwhile.
        observer: Called when runs begin and end.
        sessions: Sessions that exist already and stay open for a later suite. Without them the suite has sessions of its
            own, and logs out of them at its end.
        invalid: Files that are wrong were left out, which the result says.
    """

    def __init__(
        self,
        runs: list[Run],
        inputs: Inputs,
        options: Options,
        write: Emit,
        new_executor: NewExecutor,
        *,
        hooks: Hooks | None = None,
        observer: RunObserver | None = None,
        sessions: dict[str, Session] | None = None,
        invalid: bool = False,
    ) -> None:
        self._runs = runs
        self._options = options
        self._write = write
        self._new_executor = new_executor
        self._observer = observer
        self._keeps_sessions = sessions is not None
        self._invalid = invalid
        self._context = SuiteContext(inputs, options, write, hooks, sessions)
        self._schedule = Schedule(runs, options.max_failures)
        self._results: dict[int, WorkflowResult] = {}
        self.cancellation = self._context.cancellation

    def run(self) -> Result:
        """Perform every run.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        context = self._context
        plans = [run.plan for run in self._runs]
        check_before(plans, context.inputs, remote=self._options.remote)
        started = time.monotonic()
        learn_secrets(context.redactor, plans, context.inputs)
        self._write(SuiteStarted(len(self._runs), self._options.seed, self._options.shuffled, time.time()))
        with context.cancellation:
            executor = self._new_executor(context.cancellation)
            loop = TaskLoop(context, executor, self._stop)
            loop.work(self._next_task, self._run_ended)
            closing = SessionClosing(context, first=len(self._runs))
            if not self._keeps_sessions:
                closing.run(loop)
            remote = list(self._closed_remotely(executor.close()))
            sessions = [*(closing.results[number] for number in sorted(closing.results)), *remote]
            result = self._result(time.monotonic() - started, sessions)
            self._write(SuiteFinished(result))  # inside: a signal must not cut a report short
        return result

    def _result(self, duration: float, sessions: Iterable[SessionResult]) -> Result:
        cancellation = self._context.cancellation
        return Result(
            tuple(self._results[number] for number in range(len(self._runs))),
            duration,
            cancellation.signal or 0,
            crashed=self._context.crashed,
            sessions=tuple(sessions),
            invalid=self._invalid,
            cut_short=cancellation.reason is not None and cancellation.reason.kind == "timeout",
        )

    def _stop(self, stop: Interrupted) -> None:
        self._schedule.stop("the run was interrupted" if stop.kind == "interrupted" else stop.reason)

    def _next_task(self) -> Task | None:
        number = self._schedule.next()
        for skipped, reason in self._schedule.skipped():
            self._finish(self._unstarted(skipped, Verdict.SKIPPED, reason=reason), skipped)
        if number is None:
            return None
        if self._observer is not None:
            run = self._runs[number]
            self._observer.began(number, f"{run.plan.name} {run.row.label}".rstrip())
        return self._task(number)

    def _task(self, number: int) -> Task:
        """One run, whose events are masked and in order."""
        run, context, emit = self._runs[number], self._context, self._context.order.sink(number)

        def write(event: Event) -> None:
            if isinstance(event, WorkflowStarted):
                event = msgspec.structs.replace(event, number=run.number)
            elif isinstance(event, WorkflowFinished):
                self._results[number] = event.result if self._options.keep_results else without_details(event.result)
                if event.result.error is not None and event.result.error.kind == "bug":
                    context.crashed = True
            emit(event)

        world = context.new_world(run.plan, run.row, Redactor(context.redactor), write, pausing=True)
        flow = run_workflow(run.plan, run.row, world, variables_of(run.plan, context.inputs))
        return Task(number, flow, FlowCancellation(context.cancellation), run, write)

    def _run_ended(self, number: int, error: BaseException | None) -> None:
        context = self._context
        if isinstance(error, RunLost):
            self._finish(self._unstarted(number, Verdict.ERROR, error=context.redactor.mask(error.failure)), number)
        elif error is not None:
            self._finish(self._unstarted(number, Verdict.ERROR, error=context.bug(error)), number)
        else:
            context.order.close(number)
            self._observe_end(number)
        plan = self._runs[number].plan
        if number + 1 == len(self._runs) or self._runs[number + 1].plan is not plan:
            # reporting a failure reads the file's marks; ten thousand failing files must not keep them in memory
            plan.source.forget_marks()
        self._schedule.ended(number, self._results[number].verdict)

    def _unstarted(
        self, number: int, verdict: Verdict, *, reason: str = "", error: Failure | None = None
    ) -> WorkflowResult:
        """The result of a run that emitted no events of its own."""
        plan, row = self._runs[number].plan, self._runs[number].row
        return WorkflowResult(plan.name, plan.file, verdict, row.label, tags=plan.tags, reason=reason, error=error)

    def _finish(self, result: WorkflowResult, number: int) -> None:
        """Emit all events of a run that emitted none of its own."""
        self._results[number] = result
        order = self._context.order
        order.emit(number, WorkflowStarted(result.name, result.file, result.label, self._runs[number].number))
        order.emit(number, WorkflowFinished(result))
        order.close(number)
        self._observe_end(number)

    def _observe_end(self, number: int) -> None:
        if self._observer is not None:
            self._observer.ended(number, self._results[number].verdict)

    def _closed_remotely(self, events: Iterable[Event]) -> Iterable[SessionResult]:
        """The results of sessions that an executor kept where its runs were performed."""
        for event in events:
            self._write(event)
            if isinstance(event, SessionFinished):
                yield event.result


def without_details(result: WorkflowResult) -> WorkflowResult:
    """What stays in memory of a reported run: no steps of a run that passed, no exchanges of steps that passed."""
    if result.verdict is Verdict.PASSED:
        return msgspec.structs.replace(result, steps=())
    steps = tuple(
        msgspec.structs.replace(step, attempts=()) if step.attempts and step.verdict is Verdict.PASSED else step
        for step in result.steps
    )
    return msgspec.structs.replace(result, steps=steps)
