"""pytest: workflows are test files, their runs items; a fixture runs one from Python, against a URL or an application."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# runflow itself is imported when a workflow is met: this module is loaded by every pytest where runflow is installed
if TYPE_CHECKING:
    from .execution.schedule import Run
    from .model.results import Result, WorkflowResult
    from .plan.plan import Plan

_NAMES = re.compile(r".+\.flow\.ya?ml")
_HOST = pytest.StashKey["Host"]()
APP_URL = "http://app.test"
"""Where an application in place of a server seems to be."""


class WorkflowFailed(AssertionError):
    """A workflow did not pass; the text says why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options and the setting."""
    group = parser.getgroup("runflow", "workflows (runflow)")
    group.addoption(
        "--runflow-var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable for workflows; NAME:=JSON keeps its type",
    )
    group.addoption("--runflow-environment", default="", metavar="NAME", help="an environment of the project file")
    group.addoption("--runflow-driver", default="", choices=["requests", "curl", "auto"], help="what sends")
    group.addoption("--runflow-base-url", default="", metavar="URL", help="in place of what workflows say")
    parser.addini("runflow_paths", "folders in which every YAML file is a workflow", type="paths", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """`*.flow.yaml`, and every YAML file below the folders of `runflow_paths`; those that begin with `_` are for inclusion."""
    name = file_path.name
    if file_path.suffix not in {".yaml", ".yml"} or name.startswith(("_", ".")) or name == "runflow.yaml":
        return None
    folders = parent.config.getini("runflow_paths")
    inside = any(file_path.is_relative_to(folder) for folder in folders)
    if not inside and _NAMES.fullmatch(name) is None:
        return None
    found: pytest.Collector = WorkflowFile.from_parent(parent, path=file_path)
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tokens are given back; a logout that fails although something is expected of it fails the session."""
    host = session.config.stash.get(_HOST, None)
    for line in host.close() if host is not None else ():
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line, red=True)


class Host:
    """Whatever the workflows of one process share: what was read, the tokens, the verdicts of what others need."""

    def __init__(self, config: pytest.Config) -> None:
        from .execution.options import Inputs, Options
        from .loading import Loader, Loading
        from .model.answer import read_json

        given: dict[str, Any] = {}
        for text in config.getoption("--runflow-var"):
            name, sign, value = text.partition("=")
            if not sign:
                raise pytest.UsageError(f"--runflow-var {text}: write NAME=VALUE")
            try:
                given[name.removesuffix(":")] = read_json(value) if name.endswith(":") else value
            except ValueError as error:
                raise pytest.UsageError(f"--runflow-var {text}: {error}") from None
        option = config.getoption
        loading = Loading(
            frozenset(given), os.environ, option("--runflow-environment"), driver=option("--runflow-driver"),
            base_url=option("--runflow-base-url"),
        )  # fmt: skip
        self._loader = Loader(loading)
        self._inputs = Inputs(given, os.environ)
        self._options = Options(keep_results=True, jobs=1)
        self._sessions: dict[str, Any] = {}
        self._verdicts: dict[str, tuple[WorkflowResult, list[str]]] = {}
        self._drivers: set[str] = set()

    @classmethod
    def of(cls, config: pytest.Config) -> Host:
        """The one of this process."""
        if _HOST not in config.stash:
            config.stash[_HOST] = cls(config)
        return config.stash[_HOST]

    def runs(self, path: Path) -> list[Run]:
        """The runs of a file. Raises WorkflowError with all that is wrong with it."""
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
        """Its result and a line for each step; what it needs is run before it, each once in this process."""
        if run.key not in self._verdicts:
            reason = self._lacks(run.plan)
            self._verdicts[run.key] = self._ran(run) if not reason else self._skipped(run, reason)
        return self._verdicts[run.key]

    def _lacks(self, plan: Plan) -> str:
        from .model.results import Verdict

        for need in plan.needs:
            for run in self.runs(need.path):
                result, _ = self.run(run)
                if result.verdict is not Verdict.PASSED:
                    return f"it needs {need.file}, which {result.verdict.value}"
        return ""

    def _ran(self, run: Run) -> tuple[WorkflowResult, list[str]]:
        import msgspec

        from .app import executor_for, run_suite

        steps = _Steps()
        self._drivers.add(run.plan.driver)
        alone = msgspec.structs.replace(run, plan=msgspec.structs.replace(run.plan, needs=()))  # they have passed
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
        """Give all tokens back: what went wrong with that, a line each."""
        from .app import executor_for
        from .execution.session_closing import close_sessions
        from .reporters.failures import reason_of

        if not self._sessions:
            return []
        ended = close_sessions(self._sessions, self._inputs, self._options, executor_for(min(self._drivers), jobs=1))
        bad = [each for each in ended if each.verdict.is_bad and each.steps and each.steps[-1].purpose == "logout"]
        return [f"the logout of {each.name} failed: {reason_of(each.steps[-1].step).text}" for each in bad]


class _Steps:
    """A reporter of one line for each step."""

    name = "steps"

    def __init__(self) -> None:
        self.lines: list[str] = []

    def handle(self, event: Any) -> None:
        from .model.events import StepFinished
        from .reporters.text import step_words

        if isinstance(event, StepFinished):
            self.lines.append(f"{'  ' * event.depth}{event.step.verdict.value:8}{step_words(event.step)}")


class WorkflowFile(pytest.File):
    """A workflow."""

    def collect(self) -> Iterator[WorkflowItem]:
        """Its runs."""
        from .model.errors import RunflowError, WorkflowError
        from .reporters.problems import problem_lines

        try:
            runs = Host.of(self.config).runs(self.path)
        except WorkflowError as error:
            raise self.CollectError("\n".join(problem_lines(error.problems))) from None
        except RunflowError as error:
            raise self.CollectError(f"{error.message}\n{error.hint}".strip()) from None
        for run in runs:
            name = f"{run.plan.name}{run.row.label}"
            yield WorkflowItem.from_parent(self, name=name, run=run)


class WorkflowItem(pytest.Item):
    """A run: one case, one matrix entry, or the one and only."""

    funcargs: dict[str, Any] = {}  # noqa: RUF012  # it has no fixtures, and pytest-lsp, for one, fails every item that does not say so

    def __init__(self, *, run: Run, **more: Any) -> None:
        super().__init__(**more)
        self._run = run
        for tag in run.plan.tags:
            marker = re.sub(r"\W", "_", tag)
            self.config.addinivalue_line("markers", f"{marker}: tag of workflows")
            self.add_marker(marker)
            self.extra_keyword_matches.add(tag)

    def runtest(self) -> None:
        """Run it. Raises WorkflowFailed."""
        from .model.results import Verdict

        result, lines = Host.of(self.config).run(self._run)
        if lines:
            self.add_report_section("call", "workflow", "\n".join(lines))
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.reason)
        if result.verdict is not Verdict.PASSED:
            raise WorkflowFailed(text_of(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own words in place of a traceback."""
        if isinstance(excinfo.value, WorkflowFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is, for the report."""
        return self.path, 0, self.name


def text_of(result: WorkflowResult) -> str:
    """Why a run did not pass: each step that did not, with its place, what was expected and what came."""
    from .reporters.failures import reason_of, reason_of_run

    reasons = [reason_of(step) for step in result.steps if step.verdict.is_bad] or [reason_of_run(result)]
    return "\n\n".join(
        "\n".join((f"{each.title}: {each.text}", *(f"  {line}".rstrip() for line in each.lines))) for each in reasons
    )


@pytest.fixture
def runflow(request: pytest.FixtureRequest) -> Any:
    """Runs a workflow from Python: `runflow("flow.yaml", app=app)` against a WSGI or ASGI application, or `url="https://…"`.

    The path is relative to the test's file. It gives the `Result`; one that did not pass raises `WorkflowFailed`, unless
    `check=False`. `variables`, `env` and `environment` are those of `runflow.load`.
    """

    def call(
        path: str | Path, *, app: Any = None, url: str = "", variables: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None, environment: str = "", check: bool = True,
    ) -> Result:  # fmt: skip
        __tracebackhide__ = True
        from .app import load, run
        from .drivers.in_process import AppSession
        from .model.errors import RunflowError, WorkflowError
        from .reporters.problems import problem_lines

        base = url or (APP_URL if app is not None else "")
        driver = "requests" if app is not None else ""
        try:
            session = None if app is None else AppSession(app)
            workflow = load(
                request.path.parent / path, variables=variables, env=env, environment=environment, base_url=base, driver=driver
            )  # fmt: skip
            result = run(workflow, variables=variables, env=env, session=session)
        except WorkflowError as error:
            raise WorkflowFailed("\n".join(problem_lines(error.problems))) from None
        except RunflowError as error:
            raise WorkflowFailed(f"{error.message}\n→ {error.hint}" if error.hint else error.message) from None
        if check and not result.passed:
            raise WorkflowFailed(
                "\n\n".join(text_of(each) for each in result.workflows if each.verdict.value in {"failed", "error"})
            )
        return result

    return call
