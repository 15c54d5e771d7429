"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from ..language.yaml import load_yaml
from ..loading import Loading
from ..model.answer import read_json
from ..model.environment import Environment
from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.kinds import SecretSource
from ..model.wording import os_error_text
from ..sources.file import SecretsFile, read_assignments
from ..sources.table import open_source

F = TypeVar("F", bound=Callable[..., Any])


paths_argument = click.argument("paths", nargs=-1, metavar="[PATH | FILE::STEP | FILE:LINE]...")


def project_paths(command: str, loading: Loading, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What the project file names under `paths`, for a command that is given none; or what is meant otherwise.

    Raises:
        click.UsageError: it names nothing.
        WorkflowError: it names what is not there, or is wrong.
    """
    from ..language.project import find_project

    if loading.untrusted:
        raise click.UsageError("name a workflow file or a folder: with --untrusted the project file names none")
    found = find_project(Path.cwd())
    named = found.project.paths if found else None
    if found is None or not isinstance(named, list) or not named:
        if otherwise:
            return otherwise
        raise click.UsageError(
            f"name a workflow file or a folder: runflow {command} PATH… (or `paths` in runflow.yaml)"
        )
    every = [Path(os.path.relpath(found.folder / name)) for name in named]
    problems = [
        Problem(f"there is no file or folder {name}", Place(found.file, ("paths", index)))
        for index, (name, path) in enumerate(zip(named, every, strict=True))
        if not path.exists()
    ]
    if problems:
        raise WorkflowError(problems)
    return tuple(map(str, every))


demo_option = click.option(
    "--demo", is_flag=True, help="Run against the embedded demo API, which gives API_URL, API_PASSWORD and so on."
)


def demo_variables(stack: ExitStack) -> dict[str, str]:
    """Start the demo API for as long as the stack stands, and give the variables that lead to it."""
    from ..demo.api import environment
    from ..demo.server import DemoServer

    return environment(stack.enter_context(DemoServer()).url)


def loading_options(function: F) -> F:
    """Variables, environment, secrets: what decides how files are read."""
    for option in reversed((
        click.option("--var", "variables", multiple=True, metavar="NAME=TEXT", help="Give a value; NAME:=JSON gives a typed one."),
        click.option("--vars-file", "vars_files", multiple=True, type=click.Path(path_type=Path), help="Give values from a YAML or JSON file."),
        click.option("--env-file", "env_files", multiple=True, type=click.Path(path_type=Path), help="Environment variables from NAME=VALUE lines."),
        click.option("--secrets-file", "secrets_files", multiple=True, type=click.Path(path_type=Path), help="Secrets from NAME=VALUE lines."),
        click.option("--secrets", multiple=True, metavar="SOURCE", help="A source of secrets: keyring[:SERVICE], or a package's."),
        click.option("-e", "--environment", default="", metavar="NAME", help="An environment of the project file."),
        click.option("--driver", type=click.Choice(["requests", "curl", "auto"]), help="What sends; curl needs the extra of that name."),
        click.option("--file-root", type=click.Path(path_type=Path, file_okay=False), help="Read no file outside this folder."),
        click.option("--allow-host", "allow_hosts", multiple=True, metavar="HOST", help="Send to this host only: a name, *.name, address, network."),
        click.option("--untrusted", is_flag=True, help="For workflows of a stranger: only --allow-host; no environment, secrets, files."),
    )):  # fmt: skip
        function = option(function)
    return function


def read_variables(variables: Iterable[str], files: Iterable[Path]) -> dict[str, Any]:
    """Values of `--vars-file` and, over them, of `--var`.

    Raises:
        click.BadParameter: one is written wrongly.
    """
    found: dict[str, Any] = {}
    for file in files:
        found |= _from_file(file)
    for text in variables:
        name, equals, value = text.partition("=")
        typed = name.endswith(":")
        name = name.removesuffix(":")
        if not equals or not name.isidentifier():
            raise click.BadParameter(f"{text!r}: write NAME=TEXT, or NAME:=JSON for a typed value", param_hint="--var")
        try:
            found[name] = read_json(value) if typed else value
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: the value is not JSON: {error}", param_hint="--var") from None
    return found


def _from_file(path: Path) -> dict[str, Any]:
    content = _read(path, "--vars-file")
    problems: list[Problem] = []
    data, _ = load_yaml(content, str(path), problems)
    if not isinstance(data, dict):
        problems.append(Problem("the file is a map of names and values", Place(str(path))))
    if problems:
        raise WorkflowError(problems)
    return dict(data)


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {os_error_text(error)}", param_hint=option) from None


def read_environment(files: Iterable[Path], more: Mapping[str, str]) -> dict[str, str]:
    """The process's environment, and under it what files say: a variable that is set wins.

    Args:
        files: Of NAME=VALUE lines.
        more: Over everything.

    Raises:
        click.BadParameter: a file cannot be read, or a line in it is wrong.
    """
    found: dict[str, str] = {}
    for path in files:
        try:
            found |= read_assignments(path)
        except RunflowError as error:
            raise click.BadParameter(error.message, param_hint="--env-file") from None
    return {**found, **os.environ, **more}


def read_sources(files: Iterable[Path], texts: Iterable[str]) -> Iterator[tuple[str, SecretSource]]:
    """Where secrets are asked for that the environment does not have: files first, then sources, in their order.

    Raises:
        click.BadParameter: a file is not there, or a source does not load.
    """
    for path in files:
        if not path.is_file():
            raise click.BadParameter(f"{path} is not there", param_hint="--secrets-file")
        yield f"the secrets file {path}", SecretsFile(path)
    for text in texts:
        try:
            yield f"the secret source `{text}`", open_source(text)
        except RunflowError as error:
            hint = f"\n  → {error.hint}" if error.hint else ""
            raise click.BadParameter(f"{error.message}{hint}", param_hint="--secrets") from None


def read_options(options: dict[str, Any], more: Mapping[str, str] | None = None) -> tuple[dict[str, Any], Loading]:
    """The values that the command line gives, and how files are read.

    Args:
        options: Of `loading_options`.
        more: Environment variables over the process's own.

    Raises:
        click.BadParameter: one is written wrongly.
    """
    given = read_variables(options["variables"], options["vars_files"])
    if options["untrusted"]:
        for option in ("env_file", "secrets_file", "secrets"):
            if options[option if option == "secrets" else f"{option}s"]:
                raise click.UsageError(f"--untrusted keeps from workflows what --{option.replace('_', '-')} gives")
    variables = dict(more or {}) if options["untrusted"] else read_environment(options["env_files"], more or {})
    environment = Environment(variables, list(read_sources(options["secrets_files"], options["secrets"])))
    return given, Loading(
        frozenset(given),
        environment,
        options["environment"],
        options["file_root"],
        options["driver"] or "",
        options["allow_hosts"],
        options["untrusted"],
    )
