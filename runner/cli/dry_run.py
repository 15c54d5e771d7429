"""`--dry-run`: the requests as they would be sent, as far as that is known before any answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import click

from runner.app import Workflow
from runner.engine.frame import Frame, World
from runner.engine.request import base_url, build
from runner.model.errors import StepError
from runner.model.events import Event, SecretLearned
from runner.plan.plan import IncludePlan, Plan, RequestPlan, SetPlan, StepPlan
from runner.redaction import Redactor
from runner.reporters.text import one_line, request_lines
from runner.suite.run import Options, check_before


def show_requests(workflows: list[Workflow], options: Options) -> int:
    """Write every request that the workflows would send; what only an answer gives is shown as its template.

    Raises:
        WorkflowError: something is missing.
    """
    check_before([workflow.plan for workflow in workflows], options)
    for workflow in workflows:
        for row in workflow.plan.rows:
            redactor = Redactor()

            def learn(event: Event, redactor: Redactor = redactor) -> None:
                if isinstance(event, SecretLearned):
                    redactor.learn(event.value)

            world = World(
                clock=time.monotonic,
                wall=time.time,
                emit=learn,
                environment=options.environment,
                random=Random(options.seed),  # noqa: S311  # test data, not keys
            )  # test data
            frame = Frame(workflow.plan, world)
            given = {**workflow.environment_names, **row.values, **options.given}
            click.echo(one_line(f"{workflow.name} {row.label}".rstrip()))
            for line in _workflow(workflow.plan, frame, given, "  "):
                click.echo(redactor.text(line))
    click.echo("\nnothing was sent")
    return 0


def _workflow(plan: Plan, frame: Frame, given: dict[str, Any], indent: str) -> Iterator[str]:
    names = frame.names | given
    try:
        for name in frame.secrets & given.keys():
            frame.learn(name, given[name])
        for name in frame.secrets:
            if name in frame.world.environment:
                frame.learn(name, frame.world.environment[name])
        for named in plan.variables:
            if named.name not in given:
                names[named.name] = named.value.render(names)
                frame.given(named.name, names[named.name])
        frame.base_url = base_url(frame, names)
    except StepError as error:
        yield f"{indent}! {one_line(error.message)}"
        return
    frame.names = names
    for step in (*plan.steps, *plan.cleanup):
        yield from _step(step, frame, names, indent)


def _step(step: StepPlan, frame: Frame, names: dict[str, Any], indent: str) -> Iterator[str]:
    loop = {step.as_name: _placeholder(step.as_name), "index": 0} if step.for_each is not None else {}
    seen = names | loop
    label = "finally: " if step.path[0] == "finally" else ""
    note = " (for each)" if loop else ""
    yield f"{indent}{label}{one_line(_name(step, seen))}{note}"
    try:
        match step.action:
            case RequestPlan() as plan:
                outgoing = build(plan, frame, seen, 0.0)
                for line in request_lines(outgoing.request, (), body=True):
                    yield f"{indent}    {line}"
            case SetPlan(values):
                for named in values:
                    names[named.name] = seen[named.name] = named.value.render(seen)
                    yield f"{indent}    {named.name} = {one_line(str(names[named.name]))}"
            case IncludePlan(plan=included, given=given):
                inputs = {named.name: named.value.render(seen) for named in given}
                yield from _workflow(included, Frame(included, frame.world, frame), inputs, f"{indent}  ")
            case None:
                pass
    except StepError as error:
        yield f"{indent}    ! known only when it runs: {one_line(error.message)}"
    for name in step.gives:
        names.setdefault(name, _placeholder(name))


def _placeholder(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _name(step: StepPlan, names: dict[str, Any]) -> str:
    try:
        return str(step.name.render(names))
    except StepError:
        return step.written_name
