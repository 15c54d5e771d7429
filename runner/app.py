"""The Python API (`load`, `run`), and the functions that connect workflows, executors and reporters."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .drivers.table import DRIVERS
from .engine.auth.session import Session
from .execution.event_loop import EventLoop
from .execution.executor import NewExecutor
from .execution.options import DEFAULT_JOBS, Hooks, Inputs, Options
from .execution.schedule import Run, runs_of
from .execution.suite import RunObserver, Suite
from .execution.thread_pool import ThreadPool
from .loading import Loader, LoaderOptions
from .model.errors import Problem, RunflowError, WorkflowError
from .model.kinds import Reporter
from .model.results import Result
from .model.wording import listed
from .plan.plan import Plan
from .reporters.fan_out import Reporters
from .reporters.log import Log
from .selection.dependencies import in_order
from .selection.select import Target

if TYPE_CHECKING:
    from .drivers.requests.driver import HttpSession


class Workflow:
    """A workflow that was read and checked. It can be run any number of times.

    Attributes:
        plan: The compiled workflow.
        needed: The compiled workflows that must pass before it.
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
    environment: str | None = None,
    file_root: str | os.PathLike[str] | None = None,
    driver: str | None = None,
    base_url: str | None = None,
) -> Workflow:
    """Read and check one workflow.

    Args:
        path: The file.
        variables: The variables that `run` will get; only their names are used here.
        env: Environment variables, in place of those of the process.
        environment: An environment of the project file.
        file_root: No file outside this folder is read; default: the project's folder, else the file's.
        driver: `requests`, `curl` or `auto`; default: the project's choice, else `requests`.
        base_url: Replaces the base URL of the file and of the environment.

    Raises:
        WorkflowError: the file is wrong; the error has every problem.
        RunflowError: the driver is not installed.
    """
    options = LoaderOptions(
        variable_names=frozenset(variables or {}),
        environment=os.environ if env is None else env,
        profile=environment,
        file_root=Path(file_root) if file_root is not None else None,
        driver=driver,
        base_url=base_url,
    )
    loader = Loader(options)
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
    session: HttpSession | None = None,
    reporters: Iterable[Reporter] = (),
) -> Result:
    """Run workflows. Each step is logged by the logger `runflow`, for programs that configure `logging`.

    Args:
        workflows: One, several, or the path of one. The workflows that they need run before them.
        variables: Values of `inputs` and `vars`; they win over those of the file.
        env: Environment variables, in place of those of the process.
        fail_fast: Begin no further workflow after one that did not pass.
        record_details: Results of passing steps include their exchanges and checks too.
        seed: Seeds every random source.
        jobs: How many workflows run at the same time.
        timeout: Limit for the whole run in seconds; `finally` and `logout` still run after it, within a limit of their own.
        session: A `requests.Session` to send with, one request at a time; only its method `request` is called.
        reporters: Take masked events as they happen, in the order of the workflows.

    Returns:
        The results; a failed expectation is part of them and never an exception.

    Raises:
        WorkflowError: a file, an input or an environment variable is wrong or missing; nothing was sent.
        RunflowError: the workflows were loaded for different drivers, or for one that accepts no session.
    """
    environment = os.environ if env is None else env
    plans = _plans(workflows, variables, environment)
    options = Options(
        max_failures=1 if fail_fast else None,
        record_details=record_details,
        keep_results=True,
        seed=seed,
        jobs=1 if session is not None else jobs,
        timeout=timeout,
    )
    new_executor = executor_for(_driver_of(plans, session), session, options.jobs)
    runs = runs_of(in_order(plans) if any(plan.needs for plan in plans) else plans)
    return run_suite(runs, Inputs(dict(variables or {}), environment), options, [Log(), *reporters], new_executor)


def _plans(
    workflows: Workflow | str | os.PathLike[str] | Iterable[Workflow],
    variables: Mapping[str, Any] | None,
    environment: Mapping[str, str],
) -> list[Plan]:
    """The plans of workflows, after those of the workflows that they need."""
    if isinstance(workflows, (str, os.PathLike)):
        workflows = load(workflows, variables=variables, env=environment)
    every = [workflows] if isinstance(workflows, Workflow) else list(workflows)
    return [*(plan for workflow in every for plan in workflow.needed), *(workflow.plan for workflow in every)]


def _driver_of(plans: Iterable[Plan], session: HttpSession | None) -> str:
    drivers = {plan.driver for plan in plans}
    if len(drivers) > 1:
        hint = "load(…, driver=…)"
        raise RunflowError(f"these workflows were loaded for different drivers: {listed(drivers)}", hint=hint)
    driver = drivers.pop() if drivers else DRIVERS[0]
    if session is not None and driver != DRIVERS[0]:
        raise RunflowError(f"the {driver} driver accepts no session", hint="load(…, driver='requests')")
    return driver


def executor_for(driver: str, session: HttpSession | None = None, jobs: int = DEFAULT_JOBS) -> NewExecutor:
    """The executor that runs workflows with a driver.

    Args:
        driver: `requests` or `curl`.
        session: A `requests.Session` for the first of them.
        jobs: How many workflows run at the same time; the second driver keeps a connection for each.
    """
    if driver == "curl":  # each driver imports a library that is slow to load or may be missing
        from .drivers.curl.driver import CurlDriver  # noqa: PLC0415  # see above

        return lambda _: EventLoop(CurlDriver(jobs))
    from .drivers.requests.driver import RequestsDriver  # noqa: PLC0415  # see above

    return lambda cancellation: ThreadPool(lambda: RequestsDriver(session), cancellation)


def replay_executor(path: Path) -> tuple[NewExecutor, int | None]:
    """The executor that takes responses from a recording, and the seed of the recorded run.

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
