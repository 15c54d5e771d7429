"""The wiring: paths and options in, a Result out. The one place where the rooms are joined; also the Python API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from runner.drivers.blocking import CAN, BlockingDriver
from runner.language.files import Files
from runner.language.project import Environment, Project, ProjectFile, find_project
from runner.model.environment import Environment as Variables
from runner.model.errors import Place, Problem, WorkflowError
from runner.model.events import Event
from runner.model.kinds import Reporter
from runner.model.results import Result
from runner.model.wording import did_you_mean, listed
from runner.plan.compile import compile_file
from runner.plan.context import Settings
from runner.plan.plan import Plan
from runner.reporters.log import Log
from runner.suite.discover import discover
from runner.suite.run import Options, Suite


class Workflow:
    """A workflow that was read and checked, ready to run as often as you like.

    Attributes:
        plan: What it compiled to.
        name: Its name.
        path: Its file.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

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
    """

    given: frozenset[str] = frozenset()
    environment: Mapping[str, str] = {}
    choose: str = ""
    file_root: Path | None = None


def compile_paths(paths: Iterable[Path], loading: Loading) -> tuple[list[Workflow], list[Problem]]:
    """Every workflow that paths mean, and every problem of those that are wrong.

    Raises:
        WorkflowError: a path does not exist, or the project file is wrong.
    """
    workflows: list[Workflow] = []
    problems: list[Problem] = []
    projects: dict[Path, Settings] = {}
    for path in discover(paths):
        folder = path.resolve().parent
        if folder not in projects:
            projects[folder] = _settings(folder, loading)
        try:
            workflows.append(Workflow(compile_file(path, projects[folder])))
        except WorkflowError as error:
            problems += error.problems
    return workflows, list(dict.fromkeys(problems))


def _settings(folder: Path, loading: Loading) -> Settings:
    """What the project file says for workflows in a folder."""
    found = find_project(folder)
    project = found.project if found else Project()
    chosen = _environment(found, loading.choose)
    root = loading.file_root
    if root is None:
        home = found.folder if found else folder
        root = home / project.file_root if isinstance(project.file_root, str) else home
    known = loading.environment  # no secret is read before a run needs it
    return Settings(
        Files(root),
        given=loading.given,
        environment_names=chosen.vars if isinstance(chosen.vars, dict) else {},
        ng=project.jsonpath == "ng",
        base_url=chosen.base_url if isinstance(chosen.base_url, str) else "",
        defaults=None if project.defaults is UNSET else project.defaults,
        can=CAN,
        environment=known.variables if isinstance(known, Variables) else known,
    )


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
) -> Workflow:
    """Read and check one workflow.

    Args:
        path: The file.
        variables: Names that will be given to `run` and that the file does not name itself.
        env: Environment variables, in place of the process's own.
        environment: An environment of the project file.
        file_root: No file outside this folder is read; default: the project's folder, else the file's.

    Raises:
        WorkflowError: everything that is wrong with it.
    """
    root = Path(file_root) if file_root is not None else None
    given = frozenset(variables or {})
    workflows, problems = compile_paths(
        [Path(path)], Loading(given, os.environ if env is None else env, environment, root)
    )
    if problems:
        raise WorkflowError(problems)
    if len(workflows) != 1:
        raise WorkflowError(
            [Problem(f"{path} is a folder of {len(workflows)} workflows", None, "load one file at a time")]
        )
    return workflows[0]


def run(
    workflows: Workflow | str | os.PathLike[str] | Iterable[Workflow],
    *,
    variables: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    fail_fast: bool = False,
    keep: bool = True,
    seed: int = 0,
    session: Any = None,
    reporters: Iterable[Reporter] = (),
) -> Result:
    """Run workflows. Each step is logged under the logger `runflow`, for a program that configures `logging`.

    Args:
        workflows: One, several, or the path of one.
        variables: Values for `inputs` and `vars`; they win over everything in the file.
        env: Environment variables, in place of the process's own.
        fail_fast: Begin no workflow after one that did not pass.
        keep: Passing steps keep their exchanges and checks too.
        seed: Fixes every random source.
        session: A `requests.Session` to send with; only its `request()` is called.
        reporters: Take masked events as things happen.

    Returns:
        Typed results; a failed expectation is data, never an exception.

    Raises:
        WorkflowError: a file, an input or an environment variable is wrong or missing; nothing was sent.
    """
    environment = os.environ if env is None else env
    if isinstance(workflows, (str, os.PathLike)):
        workflows = load(workflows, variables=variables, env=environment)
    every = [workflows] if isinstance(workflows, Workflow) else list(workflows)
    options = Options(dict(variables or {}), environment, fail_fast, keep, seed)
    return run_suite(every, options, [Log(), *reporters], lambda: BlockingDriver(session))


def run_suite(
    workflows: list[Workflow],
    options: Options,
    reporters: Iterable[Reporter],
    new_driver: Callable[[], BlockingDriver] = BlockingDriver,
) -> Result:
    """Run workflows and tell every reporter. A reporter that cannot write is dropped, and the result says so."""
    door = _Reporters(reporters)
    result = Suite([workflow.plan for workflow in workflows], options, door.write, new_driver).run()
    return msgspec.structs.replace(result, report_errors=tuple(door.errors)) if door.errors else result


class _Reporters:
    """Tells every reporter; one that fails to write harms no other."""

    def __init__(self, reporters: Iterable[Reporter]) -> None:
        self.reporters = list(reporters)
        self.errors: list[str] = []

    def write(self, event: Event) -> None:
        for reporter in list(self.reporters):
            try:
                reporter.handle(event)
            except OSError as error:
                self.reporters.remove(reporter)
                name = type(reporter).__name__.lower()
                self.errors.append(f"the {name} report could not be written: {(error.strerror or str(error)).lower()}")
