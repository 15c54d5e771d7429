"""A whole workflow: its variables, its steps in order, its cleanup, its verdict. Yields effects; emits events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from runner.engine.frame import Frame, World
from runner.engine.request import base_url
from runner.engine.step import StepRun
from runner.engine.turns import StoppedStep, step_name, turns_of
from runner.model.effects import Flow
from runner.model.errors import Interrupted, StepError
from runner.model.events import StepFinished, WorkflowFinished, WorkflowStarted
from runner.model.results import Failure, StepResult, Try, Verdict, WorkflowResult
from runner.model.wording import listed, seconds_text
from runner.plan.plan import Plan, Row, StepPlan
from runner.templating.values import boolean


def run_workflow(plan: Plan, row: Row, world: World, given: dict[str, Any]) -> Flow[WorkflowResult]:
    """One run of a workflow.

    Args:
        plan: The workflow.
        row: The case or matrix entry.
        world: Time, chance, environment, and whom to tell.
        given: Names that the caller gives; they win over the row, the chosen environment and `vars`.
    """
    world.emit(WorkflowStarted(plan.name, plan.file, row.label))
    result = yield from _Run(plan, Frame(plan, world)).run({**plan.environment_names, **row.values, **given})
    result = msgspec.structs.replace(result, label=row.label)
    world.emit(WorkflowFinished(result))
    return result


def run_included(plan: Plan, frame: Frame, given: dict[str, Any]) -> Flow[WorkflowResult]:
    """A workflow in a step's place, in a frame of its own."""
    return (yield from _Run(plan, frame).run(given))


def begin(frame: Frame, names: dict[str, Any], given: dict[str, Any]) -> None:
    """Names before the first step, filled in: `vars` in order, and the base URL; what is secret among them is masked.

    Args:
        frame: The workflow.
        names: What the caller gives, over the frame's own names; takes the values of `vars`.
        given: What the caller gives: it wins over `vars`.

    Raises:
        StepError: a value cannot be computed, or is secret and too short.
    """
    plan = frame.plan
    for name in frame.secrets:
        if name in given:
            frame.learn(name, given[name])
        elif name in frame.world.environment:
            frame.learn(name, frame.world.environment[name])
    for named in plan.variables:
        if named.name in given:
            continue
        try:
            names[named.name] = named.value.render(names)
            frame.given(named.name, names[named.name])
        except StepError as error:
            raise error.at(plan.file, named.path) from None
    frame.base_url = base_url(frame, names)
    frame.names = names


class _Run:
    """A workflow being run."""

    def __init__(self, plan: Plan, frame: Frame) -> None:
        self.plan = plan
        self.frame = frame
        self.results: list[StepResult] = []
        self.interrupted: Interrupted | None = None

    def run(self, given: dict[str, Any]) -> Flow[WorkflowResult]:
        plan, frame = self.plan, self.frame
        started = frame.world.clock()
        frame.limited(plan.timeout, f"the workflow took longer than its timeout of {seconds_text(plan.timeout or 0)}")
        names = frame.names | given
        error: Failure | None = None
        outputs: dict[str, Any] = {}
        try:
            begin(frame, names, given)
            reason = self._skipped(names)
            if reason:
                return WorkflowResult(plan.name, plan.file, Verdict.SKIPPED, reason=reason, tags=plan.tags)
            names = yield from self._steps(names)
        except StepError as problem:
            error = frame.failure(problem, ())
            self._skip(plan.steps, names, "the workflow could not begin")
        names = yield from self._cleanup(names)
        if error is None and self._verdict() in {Verdict.PASSED, Verdict.SKIPPED}:
            try:
                outputs = self._outputs(names)
            except StepError as problem:
                error = frame.failure(problem, ("outputs",))
        if self.interrupted is not None and frame.depth:
            raise self.interrupted
        if self.interrupted is not None:
            error = error or Failure("interrupted", f"interrupted by signal {self.interrupted.signal}")
        return WorkflowResult(
            name=plan.name,
            file=plan.file,
            verdict=Verdict.ERROR if error else self._verdict(),
            duration=frame.world.clock() - started,
            steps=tuple(self.results),
            reason="every step was skipped" if not error and self._verdict() is Verdict.SKIPPED else "",
            error=error,
            outputs=outputs,
            tags=plan.tags,
        )

    def _skipped(self, names: dict[str, Any]) -> str:
        condition = self.plan.condition
        if condition is None:
            return ""
        try:
            return "" if boolean(condition.value.render(names), "`if`") else f"`if` is false: {condition.text}"
        except StepError as error:
            raise error.at(self.plan.file, condition.path) from None

    def _steps(self, names: dict[str, Any]) -> Flow[dict[str, Any]]:
        """The steps in order, until one fails."""
        lost: frozenset[str] = frozenset()
        for index, step in enumerate(self.plan.steps):
            missing = (step.needs & lost) - names.keys()
            if missing:
                self._skip([step], names, f"it needs {listed(missing)}, which a failed step did not give")
                lost |= step.gives
                continue
            try:
                failed, names = yield from self._step(step, names)
            except StoppedStep as stop:
                self._stopped(stop, step)
                names = names | stop.given
                self._skip(self.plan.steps[index + 1 :], names, "the run was interrupted")
                return names
            if failed:
                lost |= step.gives
                if not step.continue_on_failure:
                    self._skip(
                        self.plan.steps[index + 1 :], names, f"the step '{step_name(step, names)}' before it failed"
                    )
                    return names
        return names

    def _stopped(self, stop: StoppedStep, step: StepPlan) -> None:
        self.interrupted = stop.cause
        self._finish(stop.result, step)

    def _cleanup(self, names: dict[str, Any]) -> Flow[dict[str, Any]]:
        """`finally`: each step whatever the one before did. The workflow's own limit is over for them."""
        frame, plan = self.frame, self.plan
        if plan.cleanup and frame.deadline is not None:
            frame.deadline = frame.parent.deadline if frame.parent else None
            frame.limit = ""
        promised = frozenset(name for step in (*plan.steps, *plan.cleanup) for name in step.gives)
        for index, step in enumerate(plan.cleanup):
            missing = (step.needs & promised) - names.keys()
            if missing:
                self._skip([step], names, f"there is nothing to clean up: no step gave {listed(missing)}")
                continue
            try:
                _, names = yield from self._step(step, names)
            except StoppedStep as stop:
                self._stopped(stop, step)
                self._skip(plan.cleanup[index + 1 :], names, "the run was interrupted")
                return names
        return names

    def _step(self, step: StepPlan, names: dict[str, Any]) -> Flow[tuple[bool, dict[str, Any]]]:
        """One step with all its turns: whether it failed, and the names afterwards."""
        run = StepRun(step, self.frame, run_included)
        if step.for_each is None:
            result, given = yield from run.turn(names)
            self._finish(result, step)
            return _bad(result), names | given if given else names
        return (yield from self._turns(step, run, names))

    def _turns(self, step: StepPlan, run: StepRun, names: dict[str, Any]) -> Flow[tuple[bool, dict[str, Any]]]:
        local = {step.as_name, "index"}
        try:
            if step.condition is not None and not (step.condition.value.names & local) and run.skips(names):
                self._skip([step], names, run.skips(names))
                return False, names
            values = turns_of(step, self.frame, names)
        except StepError as error:
            failure = self.frame.failure(error, step.path)
            broken = StepResult(
                step_name(step, names),
                Verdict.ERROR,
                tries=(Try(errors=(failure,)),),
                cleanup=step.path[0] == "finally",
            )
            self._finish(broken, step)
            return True, names
        if not values:
            self._skip([step], names, "its list is empty")
        extracted: dict[str, list[Any]] = {extract.name: [] for extract in step.extracts}
        failed = False
        for index, value in enumerate(values):
            result, given = yield from run.turn({**names, step.as_name: value, "index": index}, index)
            self._finish(result, step)
            if result.verdict is Verdict.SKIPPED:
                continue
            for name, entries in extracted.items():
                entries.append(given.get(name))
            names = names | {name: each for name, each in given.items() if name not in extracted}
            failed = failed or _bad(result)
            if failed and not step.continue_on_failure:
                break
        return failed, names | extracted

    def _finish(self, result: StepResult, step: StepPlan) -> None:
        if _bad(result) and result.where is None:
            result = msgspec.structs.replace(result, where=self.frame.where(step.path))
        self.results.append(result)
        self.frame.world.emit(StepFinished(self.plan.name, self.plan.file, result, self.frame.depth))

    def _skip(self, steps: Iterable[StepPlan], names: dict[str, Any], reason: str) -> None:
        for step in steps:
            cleanup = step.path[0] == "finally"
            self._finish(StepResult(step_name(step, names), Verdict.SKIPPED, reason=reason, cleanup=cleanup), step)

    def _verdict(self) -> Verdict:
        """The steps decide; the cleanup only where they passed."""
        for cleanup in (False, True):
            verdicts = {result.verdict for result in self.results if result.cleanup is cleanup}
            if Verdict.FAILED in verdicts or Verdict.ERROR in verdicts:
                return self._worst(verdicts)
        ran = any(result.verdict is Verdict.PASSED for result in self.results if not result.cleanup)
        return Verdict.PASSED if ran else Verdict.SKIPPED

    @staticmethod
    def _worst(verdicts: set[Verdict]) -> Verdict:
        return Verdict.ERROR if Verdict.ERROR in verdicts else Verdict.FAILED

    def _outputs(self, names: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for named in self.plan.outputs:
            try:
                found[named.name] = named.value.render(names)
            except StepError as error:
                raise error.at(self.plan.file, named.path) from None
        return found


def _bad(result: StepResult) -> bool:
    return result.verdict in {Verdict.FAILED, Verdict.ERROR}
