"""`--dry-run`: shows the requests as they would be sent, as far as they are known before any response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from ..engine.auth.authenticate import apply_attachment, placeholder
from ..engine.frame import Frame
from ..engine.iterations import step_name
from ..engine.request import build
from ..engine.step import assign
from ..engine.workflow import begin
from ..execution.options import Inputs, Options
from ..execution.preflight import check_before
from ..execution.run_setup import new_world
from ..execution.schedule import Run
from ..model.errors import StepError
from ..plan.plan import IncludePlan, Plan, RequestPlan, SetPlan, StepPlan
from ..redaction import Redactor
from ..reporters.text import one_line, request_lines


def show_requests(runs: list[Run], inputs: Inputs, options: Options) -> int:
    """Write every request that the runs would send; values that only a response provides are shown as templates.

    Raises:
        WorkflowError: an input, environment variable or secret is missing.
    """
    check_before([run.plan for run in runs], inputs, remote=options.remote)
    for run in runs:
        plan, row, redactor = run.plan, run.row, Redactor()
        world = new_world(plan, row, inputs, options, redactor=redactor, write=lambda _: None)
        given = {**plan.environment_names, **row.values, **inputs.variables}
        click.echo(one_line(f"{plan.name} {row.label}".rstrip()))
        for line in _workflow(plan, Frame(plan, world), given, "  "):
            click.echo(redactor.text(line))
    click.echo("\nnothing was sent")
    return 0


def _workflow(plan: Plan, frame: Frame, given: dict[str, Any], indent: str) -> Iterator[str]:
    names = frame.names | given
    try:
        begin(frame, names, given)
    except StepError as error:
        yield f"{indent}! {one_line(error.message)}"
        return
    for step in plan.chosen:
        yield from _step(step, frame, names, indent)


def _step(step: StepPlan, frame: Frame, names: dict[str, Any], indent: str) -> Iterator[str]:
    loop = {step.as_name: _placeholder(step.as_name), "index": 0} if step.for_each is not None else {}
    seen = names | loop
    label = "finally: " if step.is_cleanup else ""
    note = " (for each)" if loop else ""
    yield f"{indent}{label}{one_line(step_name(step, seen))}{note}"
    try:
        match step.action:
            case RequestPlan() as plan:
                outgoing = apply_attachment(build(plan, frame, seen, 0.0), placeholder(plan.auth, frame, seen))
                for line in request_lines(outgoing.request, (), body=True):
                    yield f"{indent}    {line}"
            case SetPlan() as assignments:
                names |= assign(assignments, frame, seen)
                for named in assignments.values:
                    yield f"{indent}    {named.name} = {one_line(str(names[named.name]))}"
            case IncludePlan(plan=included, given=given):
                inputs = {named.name: named.value.render(seen) for named in given}
                yield from _workflow(included, Frame(included, frame.world, frame), inputs, f"{indent}  ")
            case None:
                pass
    except StepError as error:
        yield f"{indent}    ! not known before it runs: {one_line(error.message)}"
    for name in step.provides:
        names.setdefault(name, _placeholder(name))


def _placeholder(name: str) -> str:
    return f"{{{{ {name} }}}}"
