"""Runs a whole workflow: its variables, its steps in order, its cleanup, its verdict. Yields effects; emits events."""

from __future__ import annotations

import msgspec

from ..model.effects import Flow
from ..model.errors import StepError
from ..model.events import WorkflowFinished, WorkflowStarted
from ..model.json_types import JSON
from ..model.kinds import Variables
from ..model.results import Failure, StepResult, Verdict, WorkflowResult
from ..model.wording import seconds_text
from ..plan.plan import Plan, Row, StepPlan
from ..templating.values import boolean
from .frame import Frame, World
from .request import base_url
from .sequence import Sequence
from .step import Nested


def run_workflow(plan: Plan, row: Row, world: World, given: dict[str, JSON]) -> Flow[WorkflowResult]:
    """Run a workflow once.

    Args:
        plan: The workflow.
        row: The case or matrix entry.
        world: The run's ports, options and state.
        given: Names and values from the caller; they win over the row, the chosen environment and `vars`.
    """
    world.ports.emit(WorkflowStarted(plan.name, plan.file, row.label))
    result = yield from _Run(plan, Frame(plan, world)).run({**plan.environment_names, **row.values, **given})
    result = msgspec.structs.replace(result, label=row.label)
    world.ports.emit(WorkflowFinished(result))
    return result


def run_included(plan: Plan, frame: Frame, given: dict[str, JSON]) -> Flow[WorkflowResult]:
    """Run a workflow that a step includes, in a frame of its own."""
    return (yield from _Run(plan, frame).run(given))


def begin(frame: Frame, names: Variables, given: dict[str, JSON]) -> None:
    """Compute the names before the first step (`vars` in order) and the base URL, and mask those that are secret.

    Args:
        frame: The workflow; takes the names and the base URL.
        names: The caller's names over the frame's own; the values of `vars` are added to it.
        given: The caller's names, which win over `vars`.

    Raises:
        StepError: a value cannot be computed, or is secret and too short.
    """
    plan = frame.plan
    for name in frame.secrets:
        if name in given:
            frame.mask(name, given[name])
        elif name in frame.world.environment:
            frame.mask(name, frame.world.environment[name])
    for named in plan.variables:
        if named.name in given:
            continue
        try:
            names[named.name] = named.value.render(names)
            frame.mask_if_secret(named.name, names[named.name])
        except StepError as error:
            raise error.at(plan.file, named.path) from None
    frame.begin(names, base_url(frame, names))


class _Run:
    """Runs one workflow."""

    def __init__(self, plan: Plan, frame: Frame) -> None:
        self.plan = plan
        self.frame = frame
        self.steps = Sequence(frame, NESTED)

    def run(self, given: dict[str, JSON]) -> Flow[WorkflowResult]:
        plan, frame = self.plan, self.frame
        started, began = frame.ports.clock(), frame.ports.wall()
        frame.limited(plan.timeout, f"the workflow took longer than its timeout of {seconds_text(plan.timeout or 0)}")
        names = frame.names | given
        error: Failure | None = None
        outputs: dict[str, JSON] = {}
        try:
            begin(frame, names, given)
            reason = self._skipped(names)
            if reason:
                return WorkflowResult(plan.name, plan.file, Verdict.SKIPPED, reason=reason, tags=plan.tags)
            names = yield from self.steps.until_failure(plan.steps, names)
        except StepError as problem:
            error = frame.failure(problem, ())
            self.steps.skip(plan.steps, names, "the workflow could not start")
        names = yield from self._cleanup(names)
        if error is None and self._verdict() in {Verdict.PASSED, Verdict.SKIPPED}:
            try:
                outputs = self._outputs(names)
            except StepError as problem:
                error = frame.failure(problem, ("outputs",))
        if self.steps.interrupted is not None and frame.depth:
            raise self.steps.interrupted
        if self.steps.interrupted is not None:
            error = error or Failure(self.steps.interrupted.kind, self.steps.interrupted.reason)
        return WorkflowResult(
            name=plan.name,
            file=plan.file,
            verdict=Verdict.ERROR if error else self._verdict(),
            duration=frame.ports.clock() - started,
            steps=tuple(self.steps.results),
            reason="every step was skipped" if not error and self._verdict() is Verdict.SKIPPED else "",
            error=error,
            outputs=outputs,
            tags=plan.tags,
            variables=frame.variables,
            started=began,
        )

    def _skipped(self, names: Variables) -> str:
        condition = self.plan.condition
        if condition is None:
            return ""
        try:
            return "" if boolean(condition.value.render(names), "`if`") else f"`if` is false: {condition.text}"
        except StepError as error:
            raise error.at(self.plan.file, condition.path) from None

    def _cleanup(self, names: Variables) -> Flow[Variables]:
        """Run `finally`, to which the workflow's own time limit does not apply."""
        plan = self.plan
        if plan.cleanup:
            self.frame.end_limit()
        promised = frozenset(name for step in (*plan.steps, *plan.cleanup) for name in step.provides)
        return (yield from self.steps.run_cleanup(plan.cleanup, names, promised))

    def _verdict(self) -> Verdict:
        """The verdict of the steps; that of the cleanup if they passed."""
        for cleanup in (False, True):
            verdicts = {result.verdict for result in self.steps.results if result.cleanup is cleanup}
            if any(verdict.is_bad for verdict in verdicts):
                return self._worst(verdicts)
        ran = any(result.verdict is Verdict.PASSED for result in self.steps.results if not result.cleanup)
        return Verdict.PASSED if ran else Verdict.SKIPPED

    @staticmethod
    def _worst(verdicts: set[Verdict]) -> Verdict:
        return Verdict.ERROR if Verdict.ERROR in verdicts else Verdict.FAILED

    def _outputs(self, names: Variables) -> dict[str, JSON]:
        found = {}
        for named in self.plan.outputs:
            try:
                found[named.name] = named.value.render(names)
            except StepError as error:
                raise error.at(self.plan.file, named.path) from None
        return found


def _run_steps(
    steps: tuple[StepPlan, ...], frame: Frame, names: Variables, purpose: str
) -> Flow[tuple[Variables, list[StepResult]]]:
    """Run steps that are not the workflow's own, until one fails. Raises Interrupted if they were."""
    sequence = Sequence(frame, NESTED, purpose)
    names = yield from sequence.until_failure(steps, names)
    if sequence.interrupted is not None:
        raise sequence.interrupted
    return names, sequence.results


NESTED = Nested(run_included, _run_steps)
