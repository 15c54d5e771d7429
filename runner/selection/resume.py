"""`--from STEP`: prepares a run that continues at a step, with the variables of an earlier run."""

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
    """A run that continues an earlier one.

    Attributes:
        repeated: Names of earlier steps that run again, because they provide secrets, which are not stored.
    """

    run: Run
    repeated: tuple[str, ...]


def resumed(run: Run, name: str, earlier: WorkflowResult) -> Resumed:
    """Prepare a run that begins at a step.

    Args:
        run: The entire run.
        name: The name of the step as written in the file.
        earlier: The result of an earlier run; its steps include the variables that they provided.

    Raises:
        RunflowError: there is no such step, or a variable that it or a later step needs was not provided.
    """
    plan = run.plan
    index = _index(plan, name)
    known = earlier.variables | {
        provided: value
        for step, results in _paired(plan.steps[:index], earlier.steps)
        for provided, value in _provided(step, results).items()
    }
    variables = {each: value for each, value in known.items() if not _is_masked(value)}
    repeated = _repeated(plan, index, frozenset(known).difference(variables))
    skipped = [step for step in plan.steps[:index] if step not in repeated]
    missing = sorted(
        {
            each
            for step in (*repeated, *plan.steps[index:])
            for each in step.needs
            if each not in variables and any(each in before.provides for before in skipped)
        }
    )
    if missing:
        hint = "run the workflow from the start, or name an earlier step"
        raise RunflowError(f"{plan.file}: the earlier run ended before it defined {listed(missing)}", hint=hint)
    left_out = plan.left_out | dict.fromkeys((step.path for step in skipped), BEFORE)
    row = Row(run.row.values | variables, run.row.label, run.row.case)
    return Resumed(
        msgspec.structs.replace(run, plan=msgspec.structs.replace(plan, left_out=left_out), row=row),
        tuple(step.written_name for step in repeated),
    )


def _index(plan: Plan, name: str) -> int:
    names = [step.written_name for step in plan.steps]
    if name in names:
        return names.index(name)
    near = did_you_mean(name, names) or f"its steps: {listed(names)}"
    raise RunflowError(f"{plan.file} has no step {name!r}", hint=near)


def _paired(steps: Sequence[StepPlan], results: Sequence[StepResult]) -> list[tuple[StepPlan, list[StepResult]]]:
    """Each step with its results: one, or one for each iteration."""
    found: list[tuple[StepPlan, list[StepResult]]] = []
    waiting = list(results)
    for step in steps:
        own = [waiting.pop(0)] if waiting else []
        while waiting and (index := own[-1].iteration) is not None and waiting[0].iteration == index + 1:
            own.append(waiting.pop(0))
        found.append((step, own))
    return found


def _provided(step: StepPlan, every: list[StepResult]) -> dict[str, Any]:
    results = [result for result in every if result.verdict is not Verdict.SKIPPED]
    if step.for_each is None:
        return results[0].provided if results else {}
    extracted = {extract.name for extract in step.extracts}
    lists = {name: [result.provided.get(name) for result in results] for name in extracted & step.provides if results}
    last = {name: value for result in results for name, value in result.provided.items() if name not in extracted}
    return lists | last


def _is_masked(value: Any) -> bool:
    match value:
        case str():
            return MASK in value
        case dict():
            return any(_is_masked(each) for pair in value.items() for each in pair)
        case list() | tuple():
            return any(map(_is_masked, value))
        case _:
            return False


def _repeated(plan: Plan, index: int, secret: frozenset[str]) -> list[StepPlan]:
    """The earlier steps that must run again: a later step needs a variable that they provide, and it is secret."""
    wanted = {need for step in (*plan.steps[index:], *plan.cleanup) for need in step.needs}
    repeated: list[StepPlan] = []
    for step in reversed(plan.steps[:index]):
        if step.provides & wanted & secret:
            repeated.insert(0, step)
            wanted |= step.needs
    return repeated
