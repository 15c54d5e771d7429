"""`--from STEP`: a run that goes on where an earlier one stood, with the names that it had. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..execution.schedule import Run
from ..model.errors import RunflowError
from ..model.results import StepResult, Verdict, WorkflowResult
from ..model.wording import did_you_mean, listed
from ..plan.plan import Plan, Row, StepPlan
from ..redaction import MASK

BEFORE = "it ran before (--from)"


class Resumed(msgspec.Struct, frozen=True):
    """A run that goes on.

    Attributes:
        again: Names of the steps before it that run again all the same: what they give is secret, and no secret is kept.
    """

    run: Run
    again: tuple[str, ...]


def resumed(run: Run, name: str, earlier: WorkflowResult) -> Resumed:
    """The run from a step on.

    Args:
        run: All of it.
        name: The step as it is written in the file.
        earlier: How the same run ended before; its steps carry what they gave.

    Raises:
        RunflowError: there is no such step, or a name is missing that it or a later one needs.
    """
    plan = run.plan
    index = _index(plan, name)
    had = earlier.variables | {
        given: value
        for step, results in _told(plan.steps[:index], earlier.steps)
        for given, value in _gave(step, results).items()
    }
    names = {given: value for given, value in had.items() if not _masked(value)}
    again = _again(plan, index, frozenset(had).difference(names))
    skipped = [step for step in plan.steps[:index] if step not in again]
    missing = sorted(
        {
            each
            for step in (*again, *plan.steps[index:])
            for each in step.needs
            if each not in names and any(each in before.provides for before in skipped)
        }
    )
    if missing:
        hint = "run it from the start, or from a step before"
        raise RunflowError(f"{plan.file}: the earlier run did not come as far as to give {listed(missing)}", hint=hint)
    left_out = plan.left_out | dict.fromkeys((step.path for step in skipped), BEFORE)
    row = Row(run.row.values | names, run.row.label, run.row.case)
    return Resumed(
        msgspec.structs.replace(run, plan=msgspec.structs.replace(plan, left_out=left_out), row=row),
        tuple(step.written_name for step in again),
    )


def _index(plan: Plan, name: str) -> int:
    names = [step.written_name for step in plan.steps]
    if name in names:
        return names.index(name)
    near = did_you_mean(name, names) or f"its steps: {listed(names)}"
    raise RunflowError(f"{plan.file} has no step {name!r}", hint=near)


def _told(steps: Sequence[StepPlan], results: Sequence[StepResult]) -> list[tuple[StepPlan, list[StepResult]]]:
    """Each step with its results, several where it has turns; they were told in order."""
    found: list[tuple[StepPlan, list[StepResult]]] = []
    waiting = list(results)
    for step in steps:
        own = [waiting.pop(0)] if waiting else []
        while own and own[0].iteration >= 0 and waiting and waiting[0].iteration == own[-1].iteration + 1:
            own.append(waiting.pop(0))
        found.append((step, own))
    return found


def _gave(step: StepPlan, told: list[StepResult]) -> dict[str, Any]:
    results = [result for result in told if result.verdict is not Verdict.SKIPPED]
    if step.for_each is None:
        return results[0].provided if results else {}
    extracted = {extract.name for extract in step.extracts}
    lists = {name: [result.provided.get(name) for result in results] for name in extracted & step.provides if results}
    last = {name: value for result in results for name, value in result.provided.items() if name not in extracted}
    return lists | last


def _masked(value: Any) -> bool:
    match value:
        case str():
            return MASK in value
        case dict():
            return any(_masked(each) for pair in value.items() for each in pair)
        case list() | tuple():
            return any(map(_masked, value))
        case _:
            return False


def _again(plan: Plan, index: int, secret: frozenset[str]) -> list[StepPlan]:
    """The steps before that must run again: a later one needs what they gave, and it was secret."""
    wanted = {need for step in (*plan.steps[index:], *plan.cleanup) for need in step.needs}
    again: list[StepPlan] = []
    for step in reversed(plan.steps[:index]):
        if step.provides & wanted & secret:
            again.insert(0, step)
            wanted |= step.needs
    return again
