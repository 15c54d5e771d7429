"""How workflows are read: paths and options in, plans out, with everything that is wrong, or merely bad. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from .drivers.table import DRIVERS, driver_named, features
from .language.files import Files
from .language.project import EnvironmentProfile, Project, ProjectFile, find_project
from .model.environment import Environment
from .model.errors import Place, Problem, RunflowError, WorkflowError
from .model.exchange import AllowedHosts
from .model.wording import did_you_mean, listed
from .plan.compile import compile_file
from .plan.plan import Plan
from .plan.settings import CompileOptions, Dialect, Folders, Settings
from .selection.discover import discover
from .selection.select import Target, up_to_step

if TYPE_CHECKING:
    from .lint.rule import Finding


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
        unsaved: Contents of files, by their real paths, in place of what is on the disk.
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
    unsaved: Mapping[Path, bytes] = {}


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
        self._compiled_with: dict[Path, Settings] = {}
        here = Path.cwd()
        self.project = find_project(here, links=not loading.untrusted)
        self.home = self.project.folder if self.project else here

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with the files that were read."""
        return list(self._problems)

    def plans(self, wanted: Iterable[Target]) -> list[Plan]:
        """The workflows that paths mean; those that are wrong leave their problems.

        Raises:
            WorkflowError: a path does not exist, or the project file is wrong.
            RunflowError: there is no such step or line, or a driver is not installed.
        """
        every = list(wanted)
        unsaved = [each.path for each in every if each.path in self.loading.unsaved]  # the disk may know nothing of it
        on_disk = (each.path for each in every if each.path not in self.loading.unsaved)
        files = [*unsaved, *discover(on_disk, links=not self.loading.untrusted)]
        parts: dict[Path, list[Target]] = {}
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

    def settings_of(self, plan: Plan) -> Settings:
        """What one of its plans was compiled with."""
        return self._compiled_with[plan.path]

    def _plan(self, path: Path) -> Plan | None:
        folder = path.parent.resolve()
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # a circle of links; which of them depends on the version of Python
            real = folder / path.name
        if real not in self._plans:
            if folder not in self._settings:
                self._settings[folder] = _settings(folder, self.loading, self.home)
            self._compiled_with[real] = self._settings[folder]
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


def examined(wanted: Iterable[Target], loading: Loading) -> tuple[list[Plan], list[Finding]]:
    """The workflows that paths mean, and all that is wrong or merely bad in them.

    Raises:
        WorkflowError: a path does not exist, the project file is wrong, or workflows need each other in a circle.
        RunflowError: a driver is not installed.
    """
    # only for who looks for it
    from .lint.findings import findings_of  # noqa: PLC0415  # see above
    from .selection.dependencies import in_order  # noqa: PLC0415  # see above

    loader = Loader(msgspec.structs.replace(loading, examined=True))
    plans = loader.plans(wanted)
    in_order([*plans, *loader.needed(plans)])  # refuses circles
    return plans, findings_of(plans, loader.problems)


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
        Files(root, hidden=not loading.untrusted, contents=loading.unsaved),
        Folders(Path.cwd(), home, Path(found.file).resolve() if found else None),
        CompileOptions(
            given=loading.given,
            environment_names=dict(chosen.vars) if isinstance(chosen.vars, dict) else {},
            base_url=loading.base_url or (chosen.base_url if isinstance(chosen.base_url, str) else ""),
            defaults=None if project.defaults is UNSET else project.defaults,
            hosts=_hosts(found, loading),
            untrusted=loading.untrusted,
            record_uses=loading.examined,
            openapi=(project.openapi, Path(found.file)) if found and isinstance(project.openapi, str) else None,
        ),
        Dialect(driver, features(driver), jsonpath_ng=project.jsonpath == "ng"),
        known.variables if isinstance(known, Environment) else known,
    )


def _hosts(found: ProjectFile | None, loading: Loading) -> AllowedHosts | None:
    """The only hosts that may be sent to: of the command line, else of the project, whose word a stranger's has not."""
    written = found.project.allow_hosts if found else UNSET
    if not loading.allow_hosts and not loading.untrusted and not isinstance(written, list):
        return None
    # only for who names hosts
    from .model.hosts import parse_hosts  # noqa: PLC0415  # see above

    if loading.allow_hosts or loading.untrusted or found is None or not isinstance(written, list):
        try:
            return parse_hosts(loading.allow_hosts)
        except ValueError as error:
            raise RunflowError(f"--allow-host: {error}") from None
    problems = []
    for index, text in enumerate(written):
        try:
            parse_hosts([text])
        except ValueError as error:
            problems.append(Problem(str(error), Place(found.file, ("allow_hosts", index))))
    if problems:
        raise WorkflowError(problems)
    return parse_hosts(written, f"name {{host}} under `allow_hosts` in {Path(found.file).name}")


def _driver(found: ProjectFile | None, asked: str) -> str:
    """The driver that was asked for, else the project's, else the default."""
    written = found.project.driver if found else UNSET
    if asked or found is None or not isinstance(written, str):
        return driver_named(asked or DRIVERS[0])
    try:
        return driver_named(written)
    except RunflowError as error:
        raise WorkflowError([Problem(error.message, Place(found.file, ("driver",)), error.hint)]) from None


def _environment(found: ProjectFile | None, choose: str) -> EnvironmentProfile:
    if not choose:
        return EnvironmentProfile()
    known = found.project.environments if found and isinstance(found.project.environments, dict) else {}
    if choose not in known:
        where = Place(found.file, ("environments",)) if found else None
        hint = did_you_mean(choose, known) or (
            f"environments: {listed(known)}" if known else "name it under `environments` in runflow.yaml"
        )
        raise WorkflowError([Problem(f"there is no environment `{choose}`", where, hint)])
    return known[choose]
