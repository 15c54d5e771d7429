"""Runs steps in order with all their iterations: until one fails, or all of them. Yields effects; emits events."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Ordered

import msgspec

from ..model.effects import Flow
from ..model.errors import Interrupted, StepError
from ..model.events import StepFinished
from ..model.json_types import JSON
from ..model.kinds import Variables
from ..model.results import AttemptResult, Failure, StepResult, Verdict
from ..model.wording import listed
from ..plan.plan import StepPlan
from .frame import Frame, PauseHook
from .iterations import StepInterrupted, iterations_of, step_name
from .step import Nested, StepRun


class Sequence:
    """Runs steps in a frame.

    Args:
        frame: The workflow.
        nested: Runs what is nested in a step.
        purpose: The purpose of steps that are not the workflow's own, or "".

    Attributes:
        results: The results so far, including skipped steps.
        interrupted: The interrupt that ended them, or None.
    """

    def __init__(self, frame: Frame, nested: Nested, purpose: str = "") -> None:
        self.frame = frame
        self.nested = nested
        self.purpose = purpose
        self.results: list[StepResult] = []
        self.interrupted: Interrupted | None = None

    def until_failure(self, steps: Ordered[StepPlan], names: Variables) -> Flow[Variables]:
        """Run the steps in order until one fails, and return the names afterwards."""
        lost: frozenset[str] = frozenset()
        left_out = self.frame.plan.left_out
        for index, step in enumerate(steps):
            reason = left_out.get(step.path, "") or _without(step, lost - names.keys())
            if reason:
                self.skip([step], names, reason)
                lost |= step.provides
                continue
            try:
                failed, names = yield from self._step(step, names)
            except StepInterrupted as stop:
                self._stopped(stop, step)
                names = names | stop.provided
                self.skip(steps[index + 1 :], names, "the run was interrupted")
                return names
            if failed:
                lost |= step.provides
                if not step.continue_on_failure:
                    self.skip(steps[index + 1 :], names, f"the step '{step_name(step, names)}' before it failed")
                    return names
        return names

    def _stopped(self, stop: StepInterrupted, step: StepPlan) -> None:
        self.interrupted = stop.cause
        self._finish(stop.result, step)

    def run_cleanup(self, steps: Ordered[StepPlan], names: Variables, promised: frozenset[str]) -> Flow[Variables]:
        """Run every step, also after a failure, and return the names afterwards.

        Args:
            steps: The steps of `finally`.
            names: The names before them.
            promised: Names that steps provide; a step that needs one that is missing is skipped.
        """
        for index, step in enumerate(steps):
            missing = (step.needs & promised) - names.keys()
            reason = self.frame.plan.left_out.get(step.path, "")
            if missing or reason:
                self.skip([step], names, reason or f"there is nothing to clean up: no step provided {listed(missing)}")
                continue
            try:
                _, names = yield from self._step(step, names)
            except StepInterrupted as stop:
                self._stopped(stop, step)
                self.skip(steps[index + 1 :], names, "the run was interrupted")
                return names
        return names

    def _step(self, step: StepPlan, names: Variables) -> Flow[tuple[bool, Variables]]:
        """Run one step with all its iterations: whether it failed, and the names afterwards."""
        if self.frame.ports.pause is not None:
            names = names | self._paused(step, names, self.frame.ports.pause)
        run = StepRun(step, self.frame, self.nested)
        if step.for_each is None:
            result, given = yield from run.iteration(names)
            self._finish(result, step)
            return result.verdict.is_bad, names | given if given else names
        return (yield from self._iterations(step, run, names))

    def _paused(self, step: StepPlan, names: Variables, pause: PauseHook) -> dict[str, JSON]:
        """The names that were changed while the run was paused. Raises StepInterrupted if the run was ended there."""
        own = {name: value for name, value in names.items() if name not in self.frame.own}
        try:
            return pause(step.written_name, own)
        except Interrupted as stop:
            why = Failure(stop.kind, stop.reason, where=self.frame.where(step.path))
            result = StepResult(step_name(step, names), Verdict.ERROR, attempts=(AttemptResult(errors=(why,)),))
            raise StepInterrupted(result, {}, stop) from None

    def _iterations(self, step: StepPlan, run: StepRun, names: Variables) -> Flow[tuple[bool, Variables]]:
        local = {step.as_name, "index"}
        try:
            if step.condition is not None and not (step.condition.value.names & local) and run.skips(names):
                self.skip([step], names, run.skips(names))
                return False, names
            values = iterations_of(step, self.frame, names)
        except StepError as error:
            failure = self.frame.failure(error, step.path)
            broken = StepResult(
                step_name(step, names),
                Verdict.ERROR,
                attempts=(AttemptResult(errors=(failure,)),),
                cleanup=step.is_cleanup,
            )
            self._finish(broken, step)
            return True, names
        if not values:
            self.skip([step], names, "its list is empty")
        extracted: dict[str, list[JSON]] = {extract.name: [] for extract in step.extracts}
        failed = False
        for index, value in enumerate(values):
            result, given = yield from run.iteration({**names, step.as_name: value, "index": index}, index)
            self._finish(result, step)
            if result.verdict is Verdict.SKIPPED:
                continue
            for name, entries in extracted.items():
                entries.append(given.get(name))
            names = names | {name: each for name, each in given.items() if name not in extracted}
            failed = failed or result.verdict.is_bad
            if failed and not step.continue_on_failure:
                break
        return failed, names | extracted

    def _finish(self, result: StepResult, step: StepPlan) -> None:
        if result.where is None and (result.verdict.is_bad or self.frame.options.record_places):
            result = msgspec.structs.replace(result, where=self.frame.where(step.path))
        if self.purpose:
            result = msgspec.structs.replace(result, purpose=self.purpose)
        self.results.append(result)
        plan = self.frame.plan
        self.frame.ports.emit(StepFinished(plan.name, plan.file, result, self.frame.depth))

    def skip(self, steps: Iterable[StepPlan], names: Variables, reason: str) -> None:
        """Record steps as skipped, with the reason."""
        for step in steps:
            self._finish(
                StepResult(step_name(step, names), Verdict.SKIPPED, reason=reason, cleanup=step.is_cleanup), step
            )


def _without(step: StepPlan, lost: frozenset[str]) -> str:
    """Why a step cannot run without names that earlier steps did not provide, or ""."""
    missing = step.needs & lost
    return f"it needs {listed(missing)}, which an earlier step did not provide" if missing else ""
