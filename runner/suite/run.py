"""Running workflows one after the other: what must be known before the first request, then each run. Writes nothing."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

import msgspec

from runner.drivers.blocking import BlockingDriver
from runner.engine.frame import World
from runner.engine.lookup import Lookup, look_up
from runner.engine.session import Session
from runner.engine.tokens import closed
from runner.engine.workflow import NESTED, run_workflow
from runner.model.environment import Environment
from runner.model.errors import Interrupted, Place, Problem, StepError, WorkflowError
from runner.model.events import (
    Emit,
    Event,
    RunFinished,
    RunStarted,
    SessionFinished,
    WorkflowFinished,
    WorkflowStarted,
)
from runner.model.results import Failure, Result, SessionResult, Verdict, WorkflowResult
from runner.model.wording import did_you_mean, listed
from runner.plan.plan import IncludePlan, Plan, RequestPlan, Row
from runner.redaction import SHORTEST_SECRET, Redactor, too_short
from runner.suite.drive import drive
from runner.suite.flights import Flights
from runner.suite.interrupts import Interrupts

BUG = "this is a bug in runflow, not in your workflow; please report it with the lines below"


class Options(msgspec.Struct, frozen=True):
    """How a suite runs.

    Attributes:
        given: Names from the command line (`--var`).
        environment: Environment variables.
        fail_fast: Begin no workflow after one that did not pass.
        keep: Passing steps keep exchanges and checks.
        seed: Fixes every random source.
    """

    given: dict[str, Any] = {}
    environment: Mapping[str, str] = {}
    fail_fast: bool = False
    keep: bool = False
    seed: int = 0


def check_before(plans: Iterable[Plan], options: Options) -> None:
    """What only the caller can have got wrong: names not given, variables not set, secrets too short.

    Raises:
        WorkflowError: all of it.
    """
    every = list(plans)
    problems: list[Problem] = []
    for plan in every:
        problems += _missing_inputs(plan, options)
        problems += _unset_variables(plan, options)
        problems += _short_secrets(plan, options)
        problems += _relative_urls(plan) if plan.base_url is None else ()
    accepted = frozenset().union(*(plan.accepts for plan in every)) if every else frozenset()
    for name in options.given:
        if every and name not in accepted:
            hint = did_you_mean(name, accepted) or (
                f"names that can be given: {listed(accepted)}" if accepted else "none of them has `inputs` or `vars`"
            )
            problems.append(Problem(f"no workflow takes `{name}`, which was given with --var", None, hint))
    if problems:
        raise WorkflowError(list(dict.fromkeys(problems)))


def _missing_inputs(plan: Plan, options: Options) -> Iterable[Problem]:
    columns = frozenset(plan.rows[0].values) if plan.rows else frozenset()
    for name in sorted(plan.inputs - options.given.keys() - plan.environment_names.keys() - columns):
        place = Place(plan.file, ("inputs",))
        yield Problem(f"the input `{name}` is not given", place, f"give it: --var {name}=…")


def _unset_variables(plan: Plan, options: Options) -> Iterable[Problem]:
    computed = {named.path for named in plan.variables if named.name in options.given}
    for name, file, path in plan.env:
        if path[:2] in computed:
            continue
        try:
            value = options.environment.get(name)
        except StepError as error:
            yield Problem(error.message, Place(file, path), error.hint)
            continue
        if value is None:
            near = did_you_mean(name, options.environment)
            hint = f"export {name}=…, or put it into a file for --env-file" + (f"; {near}" if near else "")
            yield Problem(f"the environment variable {name} is not set", Place(file, path), hint)


def _relative_urls(plan: Plan) -> Iterable[Problem]:
    """URLs that need a base where there is none, in the file, its sessions and the files that it includes."""
    own = (step for session in plan.sessions for step in (*session.login, *session.refresh, *session.logout))
    for step in (*own, *plan.steps, *plan.cleanup):
        match step.action:
            case RequestPlan(url=url, url_path=path) if url.literal and str(url.render({})).startswith(("/", "?")):
                hint = "set `base_url` at the top, or write the whole URL"
                yield Problem(f"the URL is relative and {plan.file} has no base_url", Place(plan.file, path), hint)
            case IncludePlan(plan=included) if included.base_url is None:
                yield from _relative_urls(included)


def _short_secrets(plan: Plan, options: Options) -> Iterable[Problem]:
    known: dict[str, Any] = {**options.environment, **plan.environment_names, **options.given}
    places = {name: Place(plan.file, ("secrets", index)) for index, name in enumerate(plan.secrets)}
    if isinstance(options.environment, Environment):
        places |= {name: Place(file, path) for name, file, path in plan.env if name in options.environment.found}
    for name, place in places.items():
        if name in known and too_short(known[name]):
            message = f"the secret {name} has fewer than {SHORTEST_SECRET} characters, too few to be masked safely"
            yield Problem(message, place, "use a longer secret, or do not declare it as one")


def new_world(plan: Plan, row: Row, options: Options, emit: Emit, sessions: dict[str, Session] | None = None) -> World:
    """What one run stands on; its random source depends on the seed and on which run it is, never on the others."""
    return World(
        clock=time.monotonic,
        wall=time.time,
        emit=emit,
        environment=options.environment,
        random=Random(f"{options.seed}:{plan.file}:{row.label}"),  # noqa: S311  # test data, not keys
        keep=options.keep,
        sessions=sessions,
        run=f"{plan.name} {row.label}".rstrip(),
    )


class Suite:
    """A number of workflows to run.

    Args:
        plans: The workflows.
        options: How.
        write: Takes masked events.
        new_driver: Makes a driver.
    """

    def __init__(
        self,
        plans: list[Plan],
        options: Options,
        write: Emit,
        new_driver: Callable[[], BlockingDriver] = BlockingDriver,
    ) -> None:
        self.plans = plans
        self.options = options
        self.write = write
        self.new_driver = new_driver
        self.redactor = Redactor()
        self.sessions: dict[str, Session] = {}
        self.flights = Flights()

    def run(self) -> Result:
        """Every run of every workflow, in order.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        check_before(self.plans, self.options)
        started = time.monotonic()
        runs = [(plan, row) for plan in self.plans for row in plan.rows]
        self._learn_first()
        self.write(RunStarted(len(runs)))
        driver = self.new_driver()
        results: list[WorkflowResult] = []
        crashed, stop = False, ""
        with Interrupts() as interrupts:
            for plan, row in runs:
                stop = stop or self._why_stop(results[-1] if results else None, interrupts)
                if stop:
                    results.append(self._skipped(plan, row, stop))
                    continue
                try:
                    results.append(self._one(plan, row, driver, interrupts))
                except Exception:  # noqa: BLE001  # whatever it is, it is a bug of ours: the other runs keep their verdicts
                    crashed = True
                    results.append(self._crashed(plan, row))
            sessions = self._close_sessions(driver, interrupts)
        driver.close()
        duration = time.monotonic() - started
        result = Result(tuple(results), duration, interrupts.received, crashed=crashed, sessions=sessions)
        self.write(RunFinished(result))
        return result

    def _learn_first(self) -> None:
        """What is known to be secret before anything happens is masked from the first event on."""
        for plan in self.plans:
            for name in plan.secrets:
                for source in (self.options.environment, plan.environment_names, self.options.given):
                    if name in source:
                        self.redactor.learn(source[name])
        if isinstance(self.options.environment, Environment):
            self.redactor.learn(self.options.environment.found)

    def _why_stop(self, last: WorkflowResult | None, interrupts: Interrupts) -> str:
        """Why no further run begins, or ""."""
        if interrupts.received:
            return "the run was interrupted"
        if self.options.fail_fast and last is not None and last.verdict in {Verdict.FAILED, Verdict.ERROR}:
            return "a workflow before it did not pass (--fail-fast)"
        return ""

    def _one(self, plan: Plan, row: Row, driver: BlockingDriver, interrupts: Interrupts) -> WorkflowResult:
        options = self.options
        redactor = Redactor(self.redactor)
        seen: list[WorkflowResult] = []

        def write(event: Any) -> None:
            if isinstance(event, WorkflowFinished):
                seen.append(event.result)
            self.write(event)

        world = new_world(plan, row, options, redactor.door(write), self.sessions)
        given = {name: value for name, value in options.given.items() if name in plan.accepts}
        drive(run_workflow(plan, row, world, given), lambda effect: interrupts.perform(effect, driver, self.flights))
        plan.source.forget_marks()  # a failure read them; ten thousand failing files must not keep them
        return seen[0]

    def look_up(self, name: str, *, close: bool) -> Lookup | Failure:
        """A credential of the first workflow on its own; why it cannot be had is masked.

        Args:
            name: What it is called there.
            close: Give its token back.

        Raises:
            WorkflowError: something is missing; nothing was sent.
        """
        plan, options = self.plans[0], self.options
        check_before([plan], options)
        self._learn_first()
        driver, row, redactor = self.new_driver(), plan.rows[0], Redactor(self.redactor)
        world = new_world(plan, row, options, redactor.door(self.write), self.sessions)
        flow = look_up(plan, name, world, {**plan.environment_names, **row.values, **options.given})
        with Interrupts() as interrupts:
            try:
                found = drive(flow, lambda effect: interrupts.perform(effect, driver, self.flights))
            except Interrupted as stop:
                found = Failure("interrupted", f"interrupted by signal {stop.signal}")
            if close:
                self._close_sessions(driver, interrupts)
        driver.close()
        return redactor.mask(found) if isinstance(found, Failure) else found

    def _close_sessions(self, driver: BlockingDriver, interrupts: Interrupts) -> tuple[SessionResult, ...]:
        """Give back every token that was fetched, whatever happened; what each session was, in order of names."""
        ended: list[SessionResult] = []

        def write(event: Event) -> None:
            if isinstance(event, SessionFinished):
                ended.append(event.result)
            self.write(event)

        for session in sorted(self.sessions.values(), key=lambda session: (session.name, sorted(session.users))):
            if not session.begun:
                continue
            redactor = Redactor(self.redactor)
            redactor.learn(session.secrets)
            world = new_world(session.owner, Row(), self.options, redactor.door(write), self.sessions)
            flow = closed(session, world, NESTED.steps)
            drive(flow, lambda effect: interrupts.perform(effect, driver, self.flights))
        return tuple(ended)

    def _skipped(self, plan: Plan, row: Row, reason: str) -> WorkflowResult:
        return self._told(
            WorkflowResult(plan.name, plan.file, Verdict.SKIPPED, row.label, reason=reason, tags=plan.tags)
        )

    def _crashed(self, plan: Plan, row: Row) -> WorkflowResult:
        text = self.redactor.text(traceback.format_exc())
        failure = Failure("bug", f"{BUG}:\n{text}", "https://github.com/runflow/runflow/issues")
        return self._told(WorkflowResult(plan.name, plan.file, Verdict.ERROR, row.label, error=failure, tags=plan.tags))

    def _told(self, result: WorkflowResult) -> WorkflowResult:
        self.write(WorkflowStarted(result.name, result.file, result.label))
        self.write(WorkflowFinished(result))
        return result
