"""Reads and compiles workflows: takes paths and options, returns plans and every problem in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from .drivers.table import DRIVERS, driver_named, features
from .language.files import Files
from .language.project import EnvironmentProfile, Project, ProjectFile, find_project
from .model.answer import read_json
from .model.environment import Environment
from .model.errors import Place, Problem, RunflowError, WorkflowError
from .model.exchange import AllowedHosts
from .model.json_types import JSON
from .model.wording import did_you_mean, listed
from .plan.compile import compile_file
from .plan.plan import Plan
from .plan.settings import CompileOptions, Dialect, Folders, Settings
from .selection.discover import discover
from .selection.select import Target, up_to_step

if TYPE_CHECKING:
    from .model.finding import Finding


class LoaderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How workflows are read and compiled.

    Attributes:
        variable_names: Names of the variables that the caller will provide when they run.
        environment: Environment variables.
        profile: The environment of the project file (`-e`), or None.
        file_root: No file outside this folder is read; None means the project's choice.
        driver: `requests`, `curl` or `auto`; None means the project's choice.
        allow_hosts: The only hosts that requests may be sent to, in place of the project's.
        untrusted: The files are untrusted: they see no environment, send no file, and only to those hosts.
        for_lint: Compile in such a way that `lint` can check the result.
        base_url: Replaces that of the files and of the project's environment; None means theirs.
        unsaved: Contents of files, by their resolved paths, in place of what is on the disk.
    """

    variable_names: frozenset[str] = frozenset()
    environment: Mapping[str, str] = {}
    profile: str | None = None
    file_root: Path | None = None
    driver: str | None = None
    allow_hosts: tuple[str, ...] = ()
    untrusted: bool = False
    for_lint: bool = False
    base_url: str | None = None
    unsaved: Mapping[Path, bytes] = {}


def parse_variable(text: str) -> tuple[str, JSON]:
    """Read `NAME=TEXT`, or `NAME:=JSON` for a typed value.

    Returns:
        The name and the value.

    Raises:
        ValueError: the text is written wrongly; the message says how.
    """
    name, equals, value = text.partition("=")
    typed = name.endswith(":")
    name = name.removesuffix(":")
    if not equals or not name.isidentifier():
        raise ValueError("write NAME=TEXT, or NAME:=JSON for a typed value")
    if not typed:
        return name, value
    try:
        return name, read_json(value)
    except ValueError as error:
        raise ValueError(f"the value is not valid JSON: {error}") from None


class Loader:
    """Reads and compiles workflows, each once.

    Args:
        options: How they are read.

    Attributes:
        project: The project that contains the working directory, or None.
        folder: The project's folder, else the working directory: `.runflow` is in it.

    Raises:
        WorkflowError: the project file is wrong.
    """

    def __init__(self, options: LoaderOptions) -> None:
        self.options = options
        self._problems: dict[Problem, None] = {}
        self._plans: dict[Path, Plan | None] = {}
        self._settings: dict[Path, Settings] = {}
        self._compiled_with: dict[Path, Settings] = {}
        here = Path.cwd()
        self.project = find_project(here, links=not options.untrusted)
        self.folder = self.project.folder if self.project else here

    @property
    def problems(self) -> list[Problem]:
        """Every problem in the files that were read."""
        return list(self._problems)

    def plans(self, targets: Iterable[Target]) -> list[Plan]:
        """Compile the workflows of some paths; the problems of those that are wrong are added to `problems`.

        Raises:
            WorkflowError: a path does not exist, or the project file is wrong.
            RunflowError: a file has no such step or line, or a driver is not installed.
        """
        every = list(targets)
        unsaved = [each.path for each in every if each.path in self.options.unsaved]  # they may be missing on the disk
        on_disk = (each.path for each in every if each.path not in self.options.unsaved)
        files = [*unsaved, *discover(on_disk, links=not self.options.untrusted)]
        found = [plan for path in files if (plan := self._plan(path)) is not None]
        self._check_one_driver(found)
        parts = _targets_in_files(every)
        return [up_to_step(plan, parts[plan.path]) if plan.path in parts else plan for plan in found]

    def needed(self, plans: Sequence[Plan]) -> list[Plan]:
        """Compile the workflows that others need, directly or not, each once.

        Raises:
            RunflowError: they are compiled for different drivers.
        """
        found: dict[Path, Plan] = {}
        pending = [need.path for plan in plans for need in plan.needs]
        while pending:
            path = pending.pop(0)
            plan = None if path in found else self._plan(path)
            if plan is not None:
                found[path] = plan
                pending += [need.path for need in plan.needs]
        self._check_one_driver([*plans, *found.values()])
        return list(found.values())

    def settings_of(self, plan: Plan) -> Settings:
        """The settings that a plan was compiled with."""
        return self._compiled_with[plan.path]

    def _plan(self, path: Path) -> Plan | None:
        folder = path.parent.resolve()
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # circular links; which of the two depends on the version of Python
            real = folder / path.name
        if real not in self._plans:
            if folder not in self._settings:
                self._settings[folder] = _settings(folder, self.options, self.folder)
            self._compiled_with[real] = self._settings[folder]
            try:
                self._plans[real] = compile_file(folder / path.name, self._settings[folder])
            except WorkflowError as error:
                self._plans[real] = None
                self._problems |= dict.fromkeys(error.problems)
        return self._plans[real]

    @staticmethod
    def _check_one_driver(plans: Iterable[Plan]) -> None:
        drivers = {plan.driver: plan.file for plan in plans}
        if len(drivers) > 1:
            files = ", ".join(f"{name} for {file}" for name, file in sorted(drivers.items()))
            hint = "choose one for all: --driver requests, or --driver curl"
            raise RunflowError(f"the project files of these workflows name different drivers: {files}", hint=hint)


def _targets_in_files(targets: Iterable[Target]) -> dict[Path, list[Target]]:
    """The targets that name steps or lines, by file, without files that another target names as a whole."""
    parts: dict[Path, list[Target]] = {}
    entire: set[Path] = set()
    for each in targets:
        if each.is_entire:
            entire.add(each.path.resolve())
        elif each.path.is_dir():
            raise RunflowError(
                f"{each.path} is a folder, and only a file has steps", hint="name one file of the folder"
            )
        else:
            parts.setdefault(each.path.resolve(), []).append(each)
    return {path: named for path, named in parts.items() if path not in entire}


def load_and_lint(
    targets: Iterable[Target], options: LoaderOptions, *, changes: bool = False
) -> tuple[list[Plan], list[Finding]]:
    """Compile the workflows of some paths, and find errors and warnings in them.

    Raises:
        WorkflowError: a path does not exist, the project file is wrong, or workflows need each other in a circle.
        RunflowError: a driver is not installed.
    """
    # only `check` and editors need it
    from .lint.findings import findings_of  # noqa: PLC0415  # see above
    from .selection.dependencies import in_order  # noqa: PLC0415  # see above

    loader = Loader(msgspec.structs.replace(options, for_lint=True))
    plans = loader.plans(targets)
    in_order([*plans, *loader.needed(plans)])  # raises where they are circular
    return plans, findings_of(plans, loader.problems, changes=changes)


def _settings(folder: Path, options: LoaderOptions, named_from: Path) -> Settings:
    """The settings for workflows in a folder, from the project file and the options."""
    found = find_project(folder, links=not options.untrusted)
    project = found.project if found else Project()
    profile = _profile(found, options.profile)
    root = options.file_root
    if root is None:
        named_from = found.folder if found else folder
        own = project.file_root if isinstance(project.file_root, str) and not options.untrusted else ""
        root = named_from / own
    known = options.environment  # no secret is read before a run needs it
    driver = _driver(found, options.driver)
    return Settings(
        Files(root, hidden=not options.untrusted, contents=options.unsaved),
        Folders(Path.cwd(), named_from, Path(found.file).resolve() if found else None),
        CompileOptions(
            given=options.variable_names,
            environment_names=dict(profile.vars) if isinstance(profile.vars, dict) else {},
            base_url=options.base_url or (profile.base_url if isinstance(profile.base_url, str) else ""),
            defaults=None if project.defaults is UNSET else project.defaults,
            hosts=_hosts(found, options),
            untrusted=options.untrusted,
            record_uses=options.for_lint,
            openapi=(project.openapi, Path(found.file)) if found and isinstance(project.openapi, str) else None,
        ),
        Dialect(driver, features(driver), jsonpath_ng=project.jsonpath == "ng"),
        known.variables if isinstance(known, Environment) else known,
    )


def _hosts(found: ProjectFile | None, options: LoaderOptions) -> AllowedHosts | None:
    """The only hosts that requests may be sent to: those of the command line, else of the project file, unless it is untrusted."""
    written = found.project.allow_hosts if found else UNSET
    if not options.allow_hosts and not options.untrusted and not isinstance(written, list):
        return None
    # only where hosts are named
    from .model.hosts import parse_hosts  # noqa: PLC0415  # see above

    if options.allow_hosts or options.untrusted or found is None or not isinstance(written, list):
        try:
            return parse_hosts(options.allow_hosts)
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


def _driver(found: ProjectFile | None, chosen: str | None) -> str:
    """The chosen driver, else the project's, else the default."""
    written = found.project.driver if found else UNSET
    if chosen or found is None or not isinstance(written, str):
        return driver_named(chosen or DRIVERS[0])
    try:
        return driver_named(written)
    except RunflowError as error:
        raise WorkflowError([Problem(error.message, Place(found.file, ("driver",)), error.hint)]) from None


def _profile(found: ProjectFile | None, name: str | None) -> EnvironmentProfile:
    if not name:
        return EnvironmentProfile()
    known = found.project.environments if found and isinstance(found.project.environments, dict) else {}
    if name not in known:
        where = Place(found.file, ("environments",)) if found else None
        hint = did_you_mean(name, known) or (
            f"environments: {listed(known)}" if known else f"add `{name}` under `environments` in runflow.yaml"
        )
        raise WorkflowError([Problem(f"there is no environment `{name}`", where, hint)])
    return known[name]
