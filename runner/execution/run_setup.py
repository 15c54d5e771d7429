"""Prepares runs: builds what a run depends on, and masks the secrets that are known beforehand."""

from __future__ import annotations

import time
from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING, Any

from ..engine.auth.session import Session
from ..engine.frame import PauseHook, Ports, RunOptions, World
from ..model.environment import Environment
from ..model.events import Emit
from ..plan.plan import Plan, Row
from ..redaction import Redactor
from .options import Inputs, Options

if TYPE_CHECKING:
    from ..engine.frame import TakeSnapshot


def new_world(
    plan: Plan,
    row: Row,
    inputs: Inputs,
    options: Options,
    *,
    redactor: Redactor,
    write: Emit,
    sessions: dict[str, Session] | None = None,
    pause: PauseHook | None = None,
    take_snapshot: TakeSnapshot | None = None,
) -> World:
    """Build what one run depends on: clock, environment, random source, sink.

    The random source depends on the seed and on the run itself, never on other runs.

    Args:
        plan: The workflow.
        row: Its case.
        inputs: What the caller provides.
        options: How the suite runs.
        redactor: Masks the events of the run.
        write: Takes the masked events.
        sessions: The sessions that all runs of the suite share.
        pause: Called before each step with masked variables.
        take_snapshot: Called with each value that `snapshot` finds, in place of comparing it.
    """
    return World(
        Ports(
            clock=time.monotonic,
            wall=time.time,
            emit=redactor.sink(write),
            environment=inputs.environment,
            random=Random(f"{options.seed}:{plan.file}:{row.label}"),  # noqa: S311  # test data, not keys
            mask=redactor.mask,
            pause=None if pause is None else _masked(pause, redactor),
            snapshots=take_snapshot,
        ),
        RunOptions(
            name=f"{plan.name} {row.label}".rstrip(),
            case=row.case,
            record_details=options.record_details,
            record_places=options.places,
        ),
        sessions,
    )


def _masked(pause: PauseHook, redactor: Redactor) -> PauseHook:
    def pause_masked(step: str, variables: dict[str, Any]) -> dict[str, Any]:
        return pause(step, redactor.mask(variables))

    return pause_masked


def variables_of(plan: Plan, inputs: Inputs) -> dict[str, Any]:
    """The caller's variables that a workflow accepts."""
    return {name: value for name, value in inputs.variables.items() if name in plan.accepts}


def learn_secrets(redactor: Redactor, plans: Iterable[Plan], inputs: Inputs) -> None:
    """Teach the redactor every secret that is known before the first request, so that even the first event is masked."""
    for plan in {id(plan): plan for plan in plans}.values():
        for name in plan.secrets:
            for source in (inputs.environment, plan.environment_names, inputs.variables):
                if name in source:
                    redactor.learn(source[name], name)
    if isinstance(inputs.environment, Environment):
        for name, value in inputs.environment.found.items():
            redactor.learn(value, name)
