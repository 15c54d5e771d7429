"""The pytest plugin: collects workflows as test files and their runs as items; a fixture runs a workflow from Python."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pytest

# runflow itself is imported at the first workflow: every pytest loads this module where runflow is installed
if TYPE_CHECKING:
    from .engine.auth.session import Session
    from .execution.schedule import Run
    from .model.events import Event
    from .model.json_types import JSON
    from .model.results import Result, WorkflowResult
    from .plan.plan import Plan

_FILE_NAMES = re.compile(r".+\.flow\.ya?ml")
_HOST = pytest.StashKey["WorkflowHost"]()
APP_URL = "http://app.test"
"""The base URL of an application that is called in place of a server."""


Application: TypeAlias = Callable[..., Any]
"""A WSGI or ASGI application."""


class RunWorkflow(Protocol):
    """What the fixture `runflow` returns."""

    def __call__(
        self,
        path: str | Path,
        *,
        app: Application | None = None,
        url: str | None = None,
        variables: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        environment: str | None = None,
        check: bool = True,
    ) -> Result:
        """Run a workflow."""
        ...


class WorkflowFailed(AssertionError):
    """Raised for a workflow that did not pass; the text says why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("runflow", "workflows (runflow)")
    group.addoption(
        "--runflow-var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="Set a variable of workflows; NAME:=JSON sets a typed one.",
    )
    group.addoption("--runflow-environment", metavar="NAME", help="Use an environment of the project file.")
    group.addoption("--runflow-driver", choices=["requests", "curl", "auto"], help="The HTTP library.")
    group.addoption("--runflow-base-url", metavar="URL", help="Replaces the `base_url` of workflows.")
    parser.addini("runflow_paths", "folders in which every YAML file is a workflow", type="paths", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect `*.flow.yaml`, and every YAML file below the folders of `runflow_paths`, without names that begin with `_`."""
    name = file_path.name
    if file_path.suffix not in {".yaml", ".yml"} or name.startswith(("_", ".")) or name == "runflow.yaml":
        return None
    folders = parent.config.getini("runflow_paths")
    inside = any(file_path.is_relative_to(folder) for folder in folders)
    if not inside and _FILE_NAMES.fullmatch(name) is None:
        return None
    found: pytest.Collector = WorkflowFile.from_parent(parent, path=file_path)
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Log out of every session. A failed logout fails the pytest session where the workflow expects something of it."""
    host = session.config.stash.get(_HOST, None)
    for line in host.close() if host is not None else ():
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line, red=True)


class WorkflowHost:
    """What the workflows of one process share: compiled plans, sessions, and the results of runs that others need."""

    def __init__(self, config: pytest.Config) -> None:
        from .execution.options import Inputs, Options
        from .loading import Loader, LoaderOptions, parse_variable

        variables: dict[str, JSON] = {}
        for text in config.getoption("--runflow-var"):
            try:
                name, value = parse_variable(text)
            except ValueError as error:
                raise pytest.UsageError(f"--runflow-var {text}: {error}") from None
            variables[name] = value
        loader_options = LoaderOptions(
            variable_names=frozenset(variables),
            environment=os.environ,
            profile=config.getoption("--runflow-environment"),
            driver=config.getoption("--runflow-driver"),
            base_url=config.getoption("--runflow-base-url"),
        )
        self._loader = Loader(loader_options)
        self._inputs = Inputs(variables, os.environ)
        self._options = Options(keep_results=True, jobs=1)
        self._sessions: dict[str, Session] = {}
        self._results: dict[str, tuple[WorkflowResult, list[str]]] = {}
        self._drivers: set[str] = set()

    @classmethod
    def of(cls, config: pytest.Config) -> WorkflowHost:
        """The host of this process."""
        if _HOST not in config.stash:
            config.stash[_HOST] = cls(config)
        return config.stash[_HOST]

    def runs(self, path: Path) -> list[Run]:
        """The runs of a file. Raises WorkflowError with every problem in it."""
        from .execution.schedule import runs_of
        from .model.errors import WorkflowError
        from .selection.select import Target

        known = len(self._loader.problems)
        plans = self._loader.plans([Target(path)])
        self._loader.needed(plans)
        if self._loader.problems[known:]:
            raise WorkflowError(self._loader.problems[known:])
        return runs_of(plans)

    def run(self, run: Run) -> tuple[WorkflowResult, list[str]]:
        """Perform a run and those that it needs, each once in this process.

        Returns:
            Its result, and a line for each step.
        """
        if run.key not in self._results:
            reason = self._unmet_need(run.plan)
            self._results[run.key] = self._performed(run) if reason is None else self._skipped(run, reason)
        return self._results[run.key]

    def _unmet_need(self, plan: Plan) -> str | None:
        """Why the workflows that it needs do not allow it to run, or None."""
        from .model.results import Verdict

        for need in plan.needs:
            for run in self.runs(need.path):
                result, _ = self.run(run)
                if result.verdict is not Verdict.PASSED:
                    return f"it needs {need.file}, which {result.verdict.value}"
        return None

    def _performed(self, run: Run) -> tuple[WorkflowResult, list[str]]:
        import msgspec

        from .app import executor_for, run_suite

        steps = _StepLines()
        self._drivers.add(run.plan.driver)
        alone = msgspec.structs.replace(run, plan=msgspec.structs.replace(run.plan, needs=()))  # those have passed
        result = run_suite(
            [alone],
            self._inputs,
            self._options,
            [steps],
            executor_for(run.plan.driver, jobs=1),
            sessions=self._sessions,
        )
        return result.workflows[0], steps.lines

    @staticmethod
    def _skipped(run: Run, reason: str) -> tuple[WorkflowResult, list[str]]:
        from .model.results import Verdict, WorkflowResult

        return WorkflowResult(run.plan.name, run.plan.file, Verdict.SKIPPED, run.row.label, reason=reason), []

    def close(self) -> Iterable[str]:
        """Log out of all sessions, and return a line for each logout that failed."""
        from .app import executor_for
        from .execution.session_closing import close_sessions
        from .reporters.failures import reason_of

        if not self._sessions:
            return []
        ended = close_sessions(self._sessions, self._inputs, self._options, executor_for(min(self._drivers), jobs=1))
        bad = [each for each in ended if each.verdict.is_bad and each.steps and each.steps[-1].purpose == "logout"]
        return [f"the logout of {each.name} failed: {reason_of(each.steps[-1].step).text}" for each in bad]


class _StepLines:
    """A reporter that collects one line for each step."""

    name = "steps"

    def __init__(self) -> None:
        self.lines: list[str] = []

    def handle(self, event: Event, /) -> None:
        from .model.events import StepFinished
        from .reporters.text import step_words

        if isinstance(event, StepFinished):
            self.lines.append(f"{'  ' * event.depth}{event.step.verdict.value:8}{step_words(event.step)}")


class WorkflowFile(pytest.File):
    """A workflow file."""

    def collect(self) -> Iterator[WorkflowItem]:
        """Yield its runs."""
        from .model.errors import RunflowError, WorkflowError
        from .reporters.problems import problem_lines

        try:
            runs = WorkflowHost.of(self.config).runs(self.path)
        except WorkflowError as error:
            raise self.CollectError("\n".join(problem_lines(error.problems))) from None
        except RunflowError as error:
            raise self.CollectError(f"{error.message}\n{error.hint}".strip()) from None
        for run in runs:
            yield WorkflowItem.from_parent(self, name=f"{run.plan.name}{run.row.label}", run=run)


class WorkflowItem(pytest.Item):
    """A run of a workflow: one case, one matrix entry, or its only run."""

    funcargs: dict[str, Any] = {}  # noqa: RUF012  # it has no fixtures, and some plugins (pytest-lsp) read this attribute of every item

    def __init__(self, *, run: Run, **others: Any) -> None:  # pytest passes the others, and does not document which
        super().__init__(**others)
        self._run = run
        for tag in run.plan.tags:
            marker = re.sub(r"\W", "_", tag)
            self.config.addinivalue_line("markers", f"{marker}: tag of workflows")
            self.add_marker(marker)
            self.extra_keyword_matches.add(tag)

    def runtest(self) -> None:
        """Perform the run. Raises WorkflowFailed where it did not pass."""
        from .model.results import Verdict

        result, lines = WorkflowHost.of(self.config).run(self._run)
        if lines:
            self.add_report_section("call", "workflow", "\n".join(lines))
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.reason)
        if result.verdict is not Verdict.PASSED:
            raise WorkflowFailed(text_of(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text of the failure, without a traceback."""
        if isinstance(excinfo.value, WorkflowFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Its place and name, for the report of pytest."""
        return self.path, 0, self.name


def text_of(result: WorkflowResult) -> str:
    """Why a run did not pass: each bad step with its place, the expected and the actual value."""
    from .reporters.failures import reason_of, reason_of_run

    reasons = [reason_of(step) for step in result.steps if step.verdict.is_bad] or [reason_of_run(result)]
    return "\n\n".join(
        "\n".join((f"{each.title}: {each.text}", *(f"  {line}".rstrip() for line in each.lines))) for each in reasons
    )


@pytest.fixture
def runflow(request: pytest.FixtureRequest) -> RunWorkflow:
    """Run a workflow from Python: `runflow("flow.yaml", app=app)` with a WSGI or ASGI application, or `url="https://…"`.

    The path is relative to the test's file. The call returns the `Result`; a workflow that did not pass raises
    `WorkflowFailed`, unless `check=False`. `variables`, `env` and `environment` are those of `runflow.load`.
    """

    def call(
        path: str | Path, *, app: Application | None = None, url: str | None = None, variables: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None, environment: str | None = None, check: bool = True,
    ) -> Result:  # fmt: skip
        __tracebackhide__ = True
        from .app import load, run
        from .drivers.in_process import AppSession
        from .model.errors import RunflowError, WorkflowError
        from .reporters.problems import problem_lines

        base_url = url or (APP_URL if app is not None else None)
        driver = "requests" if app is not None else None
        try:
            session = None if app is None else AppSession(app)
            workflow = load(
                request.path.parent / path, variables=variables, env=env, environment=environment, base_url=base_url, driver=driver
            )  # fmt: skip
            result = run(workflow, variables=variables, env=env, session=session)
        except WorkflowError as error:
            raise WorkflowFailed("\n".join(problem_lines(error.problems))) from None
        except RunflowError as error:
            raise WorkflowFailed(f"{error.message}\n→ {error.hint}" if error.hint else error.message) from None
        if check and not result.passed:
            raise WorkflowFailed("\n\n".join(text_of(each) for each in result.workflows if each.verdict.is_bad))
        return result

    return call
