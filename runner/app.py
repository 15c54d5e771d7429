"""The wiring: paths and options in, a Result out. The one place where the rooms are joined; also the Python API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from runner.drivers.table import DRIVERS, driver_named, features
from runner.engine.session import Session
from runner.language.files import Files
from runner.language.project import Environment, Project, ProjectFile, find_project
from runner.model.environment import Environment as Variables
from runner.model.errors import Place, Problem, RunflowError, WorkflowError
from runner.model.exchange import AllowedHosts
from runner.model.kinds import Reporter
from runner.model.results import Result, SessionResult
from runner.model.wording import did_you_mean, listed
from runner.plan.compile import compile_file
from runner.plan.context import Settings
from runner.plan.plan import Plan
from runner.reporters.log import Log
from runner.reporters.several import Reporters
from runner.suite.discover import discover
from runner.suite.loop import Loop
from runner.suite.needs import in_order
from runner.suite.options import DEFAULT_JOBS, Options
from runner.suite.run import NewCrew, Suite, Watch
from runner.suite.schedule import Run, runs_of
from runner.suite.selection import Wanted, up_to_step
from runner.suite.threads import Threads


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


class Loading(msgspec.Struct, frozen=True):
    """How files are read.

    Attributes:
        given: Names that will be given when they run.
        environment: Environment variables.
        choose: The project's environment (`-e`), or "".
        file_root: No file outside this folder is read, or None for the project's choice.
        driver: `requests`, `curl`, `auto`, or "" for the project's choice.
        allow_hosts: The only hosts that may be sent to, in place of the project's.
        untrusted: The files are a stranger's: no environment, no file is sent, and only to those hosts.
        examined: Somebody will look for what is merely bad in them.
        base_url: In place of what the files and the environment say.
    """

    given: frozenset[str] = frozenset()
    environment: Mapping[str, str] = {}
    choose: str = ""
    file_root: Path | None = None
    driver: str = ""
    allow_hosts: tuple[str, ...] = ()
    untrusted: bool = False
    examined: bool = False
    base_url: str = ""


class Loader:
    """Reads and compiles workflows, each once.

    Args:
        loading: How.

    Attributes:
        problems: Everything that is wrong with those that were read.
        project: The project around the working directory, or None.
        home: Its folder, else that directory: what is remembered stands there.

    Raises:
        WorkflowError: that project's file is wrong.
    """

    def __init__(self, loading: Loading) -> None:
        self.loading = loading
        self._problems: dict[Problem, None] = {}
        self._plans: dict[Path, Plan | None] = {}
        self._settings: dict[Path, Settings] = {}
        here = Path.cwd()
        self.project = find_project(here, links=not loading.untrusted)
        self.home = self.project.folder if self.project else here

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the files that were read."""
        return list(self._problems)

    def plans(self, wanted: Iterable[Wanted]) -> list[Plan]:
        """The workflows that paths mean; those that are wrong leave their problems.

        Raises:
            WorkflowError: a path does not exist, or the project file is wrong.
            RunflowError: there is no such step or line, or a driver is not installed.
        """
        every = list(wanted)
        files = discover((each.path for each in every), links=not self.loading.untrusted)
        parts: dict[Path, list[Wanted]] = {}
        for each in every:
            if each.whole:
                continue
            if each.path.is_dir():
                raise RunflowError(
                    f"{each.path} is a folder, which has no steps of its own", hint="name one file of it"
                )
            parts.setdefault(each.path.resolve(), []).append(each)
        whole = {each.path.resolve() for each in every if each.whole}
        found = [plan for path in files if (plan := self._plan(path)) is not None]
        self._one_driver(found)
        return [
            up_to_step(plan, parts[plan.path]) if plan.path in parts and plan.path not in whole else plan
            for plan in found
        ]

    def needed(self, plans: Sequence[Plan]) -> list[Plan]:
        """What workflows need, and what that needs, each once.

        Raises:
            RunflowError: it was compiled for another driver.
        """
        found: dict[Path, Plan] = {}
        pending = [need.path for plan in plans for need in plan.needs]
        while pending:
            path = pending.pop(0)
            plan = None if path in found else self._plan(path)
            if plan is not None:
                found[path] = plan
                pending += [need.path for need in plan.needs]
        self._one_driver([*plans, *found.values()])
        return list(found.values())

    def _plan(self, path: Path) -> Plan | None:
        folder = path.parent.resolve()
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # a circle of links; which of them depends on the version of Python
            real = folder / path.name
        if real not in self._plans:
            if folder not in self._settings:
                self._settings[folder] = _settings(folder, self.loading, self.home)
            try:
                self._plans[real] = compile_file(folder / path.name, self._settings[folder])
            except WorkflowError as error:
                self._plans[real] = None
                self._problems |= dict.fromkeys(error.problems)
        return self._plans[real]

    @staticmethod
    def _one_driver(plans: Iterable[Plan]) -> None:
        drivers = {plan.driver: plan.file for plan in plans}
        if len(drivers) > 1:
            files = ", ".join(f"{name} for {file}" for name, file in sorted(drivers.items()))
            hint = "say which one is meant: --driver requests, or --driver curl"
            raise RunflowError(f"the project files of these workflows name different drivers: {files}", hint=hint)


def _settings(folder: Path, loading: Loading, home: Path) -> Settings:
    """What the project file says for workflows in a folder."""
    found = find_project(folder, links=not loading.untrusted)
    project = found.project if found else Project()
    chosen = _environment(found, loading.choose)
    root = loading.file_root
    if root is None:
        home = found.folder if found else folder
        own = project.file_root if isinstance(project.file_root, str) and not loading.untrusted else ""
        root = home / own
    known = loading.environment  # no secret is read before a run needs it
    driver = _driver(found, loading.driver)
    return Settings(
        Files(root, hidden=not loading.untrusted),
        given=loading.given,
        environment_names=chosen.vars if isinstance(chosen.vars, dict) else {},
        ng=project.jsonpath == "ng",
        base_url=loading.base_url or (chosen.base_url if isinstance(chosen.base_url, str) else ""),
        defaults=None if project.defaults is UNSET else project.defaults,
        driver=driver,
        can=features(driver),
        environment=known.variables if isinstance(known, Variables) else known,
        named_from=home,
        project=Path(found.file).resolve() if found else None,
        hosts=_hosts(found, loading),
        untrusted=loading.untrusted,
        keep_uses=loading.examined,
    )


def _hosts(found: ProjectFile | None, loading: Loading) -> AllowedHosts | None:
    """The only hosts that may be sent to: of the command line, else of the project, whose word a stranger's has not."""
    written = found.project.allow_hosts if found else UNSET
    if not loading.allow_hosts and not loading.untrusted and not isinstance(written, list):
        return None
    # only for who names hosts
    from runner.model.hosts import hosts_of  # noqa: PLC0415  # see above

    if loading.allow_hosts or loading.untrusted or found is None or not isinstance(written, list):
        try:
            return hosts_of(loading.allow_hosts)
        except ValueError as error:
            raise RunflowError(f"--allow-host: {error}") from None
    problems = []
    for index, text in enumerate(written):
        try:
            hosts_of([text])
        except ValueError as error:
            problems.append(Problem(str(error), Place(found.file, ("allow_hosts", index))))
    if problems:
        raise WorkflowError(problems)
    return hosts_of(written, f"name {{host}} under `allow_hosts` in {Path(found.file).name}")


def _driver(found: ProjectFile | None, asked: str) -> str:
    """The driver that was asked for, else the project's, else the default."""
    written = found.project.driver if found else UNSET
    if asked or found is None or not isinstance(written, str):
        return driver_named(asked or DRIVERS[0])
    try:
        return driver_named(written)
    except RunflowError as error:
        raise WorkflowError([Problem(error.message, Place(found.file, ("driver",)), error.hint)]) from None


def _environment(found: ProjectFile | None, choose: str) -> Environment:
    if not choose:
        return Environment()
    known = found.project.environments if found and isinstance(found.project.environments, dict) else {}
    if choose not in known:
        where = Place(found.file, ("environments",)) if found else None
        hint = did_you_mean(choose, known) or (
            f"environments: {listed(known)}" if known else "name it under `environments` in runflow.yaml"
        )
        raise WorkflowError([Problem(f"there is no environment `{choose}`", where, hint)])
    return known[choose]


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
    plans = loader.plans([Wanted(Path(path))])
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
    keep: bool = True,
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
        keep: Passing steps keep their exchanges and checks too.
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
    options = Options(
        dict(variables or {}),
        environment,
        most_failures=int(fail_fast),
        keep=keep,
        retain=True,
        seed=seed,
        jobs=1 if session is not None else jobs,
        timeout=timeout,
    )
    driver = _driver_of(plans, session)
    runs = runs_of(in_order(plans) if any(plan.needs for plan in plans) else plans)
    return run_suite(runs, options, [Log(), *reporters], crew_for(driver, session, options.jobs))


def _driver_of(plans: Iterable[Plan], session: Any) -> str:
    drivers = {plan.driver for plan in plans}
    if len(drivers) > 1:
        hint = "load(…, driver=…)"
        raise RunflowError(f"these workflows were loaded for different drivers: {listed(drivers)}", hint=hint)
    driver = drivers.pop() if drivers else DRIVERS[0]
    if session is not None and driver != DRIVERS[0]:
        raise RunflowError(f"the {driver} driver takes no session", hint="load(…, driver='requests')")
    return driver


def crew_for(driver: str, session: Any = None, jobs: int = DEFAULT_JOBS) -> NewCrew:
    """Who runs workflows with this driver.

    Args:
        driver: `requests` or `curl`.
        session: A `requests.Session` for the first of them.
        jobs: Workflows under way at the same time, for each of which the second keeps a connection.
    """
    if driver == "curl":  # each brings a library that takes a while to load, and that not every machine has
        from runner.drivers.multiplexed import MultiplexedDriver  # noqa: PLC0415  # see above

        return lambda _: Loop(MultiplexedDriver(jobs))
    from runner.drivers.blocking import BlockingDriver  # noqa: PLC0415  # see above

    return lambda stopping: Threads(lambda: BlockingDriver(session), stopping)


def replay_crew(path: Path) -> tuple[NewCrew, int | None]:
    """Who runs workflows without a network, and the seed of the recording that answers them.

    Raises:
        RunflowError: there is no recording.
    """
    # only for `--replay`
    from runner.drivers.replay import Recording, ReplayDriver  # noqa: PLC0415  # see above

    recording = Recording(path)
    return lambda stopping: Threads(lambda: ReplayDriver(recording), stopping), recording.seed


def run_suite(
    runs: list[Run],
    options: Options,
    reporters: Iterable[Reporter],
    new_crew: NewCrew,
    watch: Watch | None = None,
    *,
    sessions: dict[str, Session] | None = None,
) -> Result:
    """Run workflows and tell every reporter. A reporter that cannot write is dropped, and the result says so.

    Args:
        runs: In their order.
        options: How.
        reporters: Who is told.
        new_crew: Makes who runs them.
        watch: Shows how far it is.
        sessions: Tokens that stay for a later call; `close_sessions` gives them back.
    """
    door = Reporters(reporters)
    result = Suite(runs, options, door.write, new_crew, watch=watch, sessions=sessions).run()
    return msgspec.structs.replace(result, report_errors=tuple(door.errors)) if door.errors else result


def close_sessions(sessions: dict[str, Session], options: Options, new_crew: NewCrew) -> tuple[SessionResult, ...]:
    """Give back the tokens that several calls of `run_suite` shared."""
    suite = Suite([], options, lambda _: None, new_crew)
    suite.sessions = sessions
    return suite.run().sessions
