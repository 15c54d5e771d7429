"""The project file (`runflow.yaml`, or `[tool.runflow]` of pyproject.toml) as a struct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..model.errors import Place, Problem, WorkflowError
from .document import Defaults
from .files import FileRefused, read_file
from .read import read_struct
from .source import Source
from .yaml import load_yaml

PROJECT_FILE = "runflow.yaml"


class EnvironmentProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A deployment of the API."""

    base_url: (
        Annotated[str, Meta(description="the `base_url` of every workflow; overrides a workflow's own")] | UnsetType
    ) = UNSET
    vars: (
        Annotated[dict[str, Any], Meta(description="variables; they override a workflow's own `vars`")] | UnsetType
    ) = UNSET


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The project file: settings for all workflows in its folder and below."""

    environments: (
        Annotated[dict[str, EnvironmentProfile], Meta(description="deployments of the API; `-e NAME` chooses one")]
        | UnsetType
    ) = UNSET
    defaults: (
        Annotated[Defaults, Meta(description="defaults for every request; a workflow's own defaults override them")]
        | UnsetType
    ) = UNSET
    paths: (
        Annotated[
            list[str],
            Meta(description="files and folders to run if the command line names none; relative to this file"),
        ]
        | UnsetType
    ) = UNSET
    reports: (
        Annotated[
            dict[str, str],
            Meta(
                description="reports to write: kind and path, relative to this file",
                examples=[{"jsonl": "out/run.jsonl"}],
            ),
        ]
        | UnsetType
    ) = UNSET
    openapi: (
        Annotated[
            str,
            Meta(
                description="path of an OpenAPI document against which every exchange is checked; a workflow can name its own"
            ),
        ]
        | UnsetType
    ) = UNSET
    file_root: (
        Annotated[
            str,
            Meta(
                description="workflows can read files only in this folder and below (default: the folder of this file)"
            ),
        ]
        | UnsetType
    ) = UNSET
    allow_hosts: (
        Annotated[
            list[str],
            Meta(
                description="the only hosts to which requests and redirects may go: names, `*.name`, addresses or networks, with or without `:port`",
                examples=[["api.example.com", "*.staging.example.com", "10.0.0.0/8", "localhost:8080"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    driver: (
        Annotated[
            Literal["requests", "curl", "auto"],
            Meta(
                description="`requests` (default), `curl`, or `auto` for the fastest one that is installed",
            ),
        ]
        | UnsetType
    ) = UNSET
    jsonpath: (
        Annotated[
            Literal["rfc9535", "ng"],
            Meta(
                description="the JSONPath dialect of `$`: `rfc9535` (default) or `ng` (jsonpath-ng)",
                examples=["rfc9535", "ng"],
            ),
        ]
        | UnsetType
    ) = UNSET


class ProjectFile(msgspec.Struct, frozen=True):
    """A project file that was read, and its folder."""

    folder: Path
    project: Project
    file: str = ""
    source: Source | None = None


def find_project(start: Path, *, links: bool = True) -> ProjectFile | None:
    """The nearest project file at or above a folder.

    Args:
        start: The folder.
        links: Whether the project file may be a symbolic link.

    Raises:
        WorkflowError: the project file is not valid.
    """
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            if not links and (folder / PROJECT_FILE).is_symlink():
                path = folder / PROJECT_FILE
                raise WorkflowError(
                    [Problem("--untrusted follows no link to a project file", Place(str(path), unread=True))]
                )
            return _from_yaml(folder)
        if (folder / "pyproject.toml").is_file():
            found = _from_toml(folder)
            if found is not None:
                return found
    return None


def _from_yaml(folder: Path) -> ProjectFile:
    path = folder / PROJECT_FILE
    problems: list[Problem] = []
    try:
        content = read_file(path, str(path))
    except FileRefused as error:
        raise WorkflowError([Problem(error.message, Place(str(path), unread=True), error.hint)]) from None
    data, source = load_yaml(content, str(path), problems)
    project = read_struct({} if data is None else data, Project, str(path), problems)
    return _checked(ProjectFile(folder, project or Project(), str(path), source), problems)


def _from_toml(folder: Path) -> ProjectFile | None:
    # only for folders with a pyproject.toml
    import tomllib  # noqa: PLC0415  # see above

    path = folder / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("runflow")
    except (OSError, ValueError):
        return None  # other tools report a pyproject.toml that cannot be read
    if table is None:
        return None
    problems: list[Problem] = []
    project = read_struct(table, Project, str(path), problems)
    return _checked(ProjectFile(folder, project or Project(), str(path)), problems)


def _checked(found: ProjectFile, problems: list[Problem]) -> ProjectFile:
    if problems:
        raise WorkflowError(problems)
    return found
