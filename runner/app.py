"""The wiring: paths and options in, a Result out. The one place where the rooms are joined; also the Python API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from .drivers.table import DRIVERS
from .engine.auth.session import Session
from .execution.event_loop import EventLoop
from .execution.executor import NewExecutor
from .execution.options import DEFAULT_JOBS, Hooks, Inputs, Options
from .execution.schedule import Run, runs_of
from .execution.suite import RunObserver, Suite
from .execution.thread_pool import ThreadPool
from .loading import Loader, Loading
from .model.errors import Problem, RunflowError, WorkflowError
from .model.kinds import Reporter
from .model.results import Result
from .model.wording import listed
from .plan.plan import Plan
from .reporters.fan_out import Reporters
from .reporters.log import Log
from .selection.dependencies import in_order
from .selection.select import Target


class Workflow:
    """A workflow that was read and checked, ready to run as often as you like.

    Attributes:
        plan: What it compiled to.
        needed: Workflows that must pass before it, likewise.
        name: Its name.
        path: Its file.
    """

    def __init__(self, plan: Plan, needed: tuple[Plan, ...] = ()) -> None:
        self.plan = plan
        self.needed = needed

    @property
    def name(self) -> str:
        """The name in the file, or the file's stem."""
        return self.plan.name

    @property
    def path(self) -> Path:
        """The file."""
        return self.plan.path

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, {str(self.path)!r})"


def load(
    path: str | os.PathLike[str],
    *,
    variables: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    environment: str = "",
    file_root: str | os.PathLike[str] | None = None,
    driver: str = "",
    base_url: str = "",
) -> Workflow:
    """Read and check one workflow.

    Args:
        path: The file.
        variables: Names that will be given to `run` and that the file does not name itself.
        env: Environment variables, in place of the process's own.
        environment: An environment of the project file.
        file_root: No file outside this folder is read; default: the project's folder, else the file's.
        driver: `requests`, `curl` or `auto`; default: the project's choice, else `requests`.
        base_url: In place of what the file and the environment say.

    Raises:
        WorkflowError: everything that is wrong with it.
        RunflowError: the driver is not installed.
    """
    root = Path(file_root) if file_root is not None else None
    given = frozenset(variables or {})
    loader = Loader(Loading(given, os.environ if env is None else env, environment, root, driver, base_url=base_url))
    plans = loader.plans([Target(Path(path))])
    needed = loader.needed(plans)
    if loader.problems:
        raise WorkflowError(loader.problems)
    if len(plans) != 1:
        raise WorkflowError([Problem(f"{path} is a folder of {len(plans)} workflows", None, "load one file at a time")])
    return Workflow(plans[0], tuple(needed))


def run(
    workflows: Workflow | str | os.PathLike[str] | Iterable[Workflow],
    *,
    variables: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    fail_fast: bool = False,
    record_details: bool = True,
    seed: int = 0,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = None,
    session: Any = None,
    reporters: Iterable[Reporter] = (),
) -> Result:
    """Run workflows. Each step is logged under the logger `runflow`, for a program that configures `logging`.

    Args:
        workflows: One, several, or the path of one. What they need is run before them.
        variables: Values for `inputs` and `vars`; they win over everything in the file.
        env: Environment variables, in place of the process's own.
        fail_fast: Begin no workflow after one that did not pass.
        record_details: Passing steps keep their exchanges and checks too.
        seed: Fixes every random source.
        jobs: Workflows under way at the same time.
        timeout: Seconds for the whole run; `finally` and `logout` still run after it, under a limit.
        session: A `requests.Session` to send with, one request at a time; only its `request()` is called.
        reporters: Take masked events as things happen, in the order of the workflows.

    Returns:
        Typed results; a failed expectation is data, never an exception.

    Raises:
        WorkflowError: a file, an input or an environment variable is wrong or missing; nothing was sent.
        RunflowError: the workflows were loaded for different drivers, or for one that takes no session.
    """
    environment = os.environ if env is None else env
    if isinstance(workflows, (str, os.PathLike)):
        workflows = load(workflows, variables=variables, env=environment)
    every = [workflows] if isinstance(workflows, Workflow) else list(workflows)
    plans = [*(plan for workflow in every for plan in workflow.needed), *(workflow.plan for workflow in every)]
    inputs = Inputs(dict(variables or {}), environment)
    options = Options(
        max_failures=1 if fail_fast else None,
        record_details=record_details,
        keep_results=True,
        seed=seed,
        jobs=1 if session is not None else jobs,
        timeout=timeout,
    )
    driver = _driver_of(plans, session)
    runs = runs_of(in_order(plans) if any(plan.needs for plan in plans) else plans)
    return run_suite(runs, inputs, options, [Log(), *reporters], executor_for(driver, session, options.jobs))


def _driver_of(plans: Iterable[Plan], session: Any) -> str:
    drivers = {plan.driver for plan in plans}
    if len(drivers) > 1:
        hint = "load(…, driver=…)"
        raise RunflowError(f"these workflows were loaded for different drivers: {listed(drivers)}", hint=hint)
    driver = drivers.pop() if drivers else DRIVERS[0]
    if session is not None and driver != DRIVERS[0]:
        raise RunflowError(f"the {driver} driver takes no session", hint="load(…, driver='requests')")
    return driver


def executor_for(driver: str, session: Any = None, jobs: int = DEFAULT_JOBS) -> NewExecutor:
    """Who runs workflows with this driver.

    Args:
        driver: `requests` or `curl`.
        session: A `requests.Session` for the first of them.
        jobs: Workflows under way at the same time, for each of which the second keeps a connection.
    """
    if driver == "curl":  # each brings a library that takes a while to load, and that not every machine has
        from .drivers.curl.driver import CurlDriver  # noqa: PLC0415  # see above

        return lambda _: EventLoop(CurlDriver(jobs))
    from .drivers.requests.driver import RequestsDriver  # noqa: PLC0415  # see above

    return lambda cancellation: ThreadPool(lambda: RequestsDriver(session), cancellation)


def replay_executor(path: Path) -> tuple[NewExecutor, int | None]:
    """Who runs workflows without a network, and the seed of the recording that answers them.

    Raises:
        RunflowError: there is no recording.
    """
    # only for `--replay`
    from .drivers.replay import Recording, ReplayDriver  # noqa: PLC0415  # see above

    recording = Recording(path)
    return lambda cancellation: ThreadPool(lambda: ReplayDriver(recording), cancellation), recording.seed


def run_suite(
    runs: list[Run],
    inputs: Inputs,
    options: Options,
    reporters: Iterable[Reporter],
    new_executor: NewExecutor,
    *,
    hooks: Hooks | None = None,
    observer: RunObserver | None = None,
    sessions: dict[str, Session] | None = None,
    invalid: bool = False,
) -> Result:
    """Perform runs and pass their events to reporters. A reporter that cannot write is dropped, and the result says so.

    Args:
        runs: In the order in which they are reported.
        inputs: What the caller provides.
        options: How they run.
        reporters: Take masked events.
        new_executor: Makes what performs the runs.
        hooks: Functions that are called meanwhile.
        observer: Called when runs begin and end.
        sessions: Sessions that stay open for a later call; `close_sessions` logs out of them.
        invalid: Files that are wrong were left out.
    """
    sink = Reporters(reporters)
    result = Suite(
        runs,
        inputs,
        options,
        sink.write,
        new_executor,
        hooks=hooks,
        observer=observer,
        sessions=sessions,
        invalid=invalid,
    ).run()
    return msgspec.structs.replace(result, report_errors=tuple(sink.errors)) if sink.errors else result
