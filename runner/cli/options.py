"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from ..execution.options import Inputs
from ..language.yaml import load_yaml
from ..loading import LoaderOptions, parse_variable
from ..model.environment import Environment
from ..model.errors import Place, Problem, RunflowError, WorkflowError
from ..model.kinds import SecretSource
from ..model.wording import os_error_text
from ..sources.file import SecretsFile, read_assignments
from ..sources.table import open_source

CommandFunction = TypeVar("CommandFunction", bound=Callable[..., int])
"""The function of a command, which a group of options decorates."""
S = TypeVar("S", bound=msgspec.Struct)


class InputOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for variables, environments and secrets, and for how workflows are read."""

    variables: tuple[str, ...] = ()
    vars_files: tuple[Path, ...] = ()
    env_files: tuple[Path, ...] = ()
    secrets_files: tuple[Path, ...] = ()
    secrets: tuple[str, ...] = ()
    environment: str | None = None
    driver: str | None = None
    file_root: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    untrusted: bool = False


def options_from(kind: type[S], values: Mapping[str, Any]) -> S:
    """Build the options of a command from the values that click passes by name.

    Args:
        kind: A struct with a field for each option. A field that is itself a struct takes a group of options.
        values: All of them.
    """
    unused = dict(values)
    options = _options_from(kind, unused)
    assert not unused, f"{kind.__name__} has no field for {', '.join(unused)}"
    return options


def _options_from(kind: type[S], unused: dict[str, Any]) -> S:
    found = {}
    for field in msgspec.structs.fields(kind):
        is_group = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        found[field.name] = _options_from(field.type, unused) if is_group else unused.pop(field.name)
    return kind(**found)


paths_argument = click.argument("paths", nargs=-1, metavar="[PATH | FILE::STEP | FILE:LINE]...")


def project_paths(command: str, options: LoaderOptions, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The `paths` of the project file, for a command without paths; or the default where the file names none.

    Raises:
        click.UsageError: there are none.
        WorkflowError: a path does not exist, or the project file is wrong.
    """
    from ..language.project import find_project

    if options.untrusted:
        raise click.UsageError("name a workflow file or a folder: --untrusted ignores the `paths` of runflow.yaml")
    found = find_project(Path.cwd())
    names = found.project.paths if found else None
    if found is None or not isinstance(names, list) or not names:
        if default:
            return default
        raise click.UsageError(
            f"name a workflow file or a folder: runflow {command} PATH… (or `paths` in runflow.yaml)"
        )
    every = [Path(os.path.relpath(found.folder / name)) for name in names]
    problems = [
        Problem(f"there is no file or folder {name}", Place(found.file, ("paths", index)))
        for index, (name, path) in enumerate(zip(names, every, strict=True))
        if not path.exists()
    ]
    if problems:
        raise WorkflowError(problems)
    return tuple(map(str, every))


demo_option = click.option(
    "--demo", is_flag=True, help="Run against the embedded demo API; sets API_URL, API_PASSWORD and others."
)


def demo_variables(stack: ExitStack) -> dict[str, str]:
    """Start the demo API until the stack is closed, and return the environment variables that lead to it."""
    from ..demo.api import environment
    from ..demo.server import DemoServer

    return environment(stack.enter_context(DemoServer()).url)


def input_options(function: CommandFunction) -> CommandFunction:
    """Add the options of `InputOptions` to a command."""
    for option in reversed((
        click.option("--var", "variables", multiple=True, metavar="NAME=TEXT", help="Set a variable; NAME:=JSON sets a typed one."),
        click.option("--vars-file", "vars_files", multiple=True, type=click.Path(path_type=Path), help="Set variables from a YAML or JSON file."),
        click.option("--env-file", "env_files", multiple=True, type=click.Path(path_type=Path), help="Read environment variables: NAME=VALUE lines."),
        click.option("--secrets-file", "secrets_files", multiple=True, type=click.Path(path_type=Path), help="Read secrets: NAME=VALUE lines."),
        click.option("--secrets", multiple=True, metavar="SOURCE", help="A source of secrets: keyring[:SERVICE], or a plugin's."),
        click.option("-e", "--environment", metavar="NAME", help="Use an environment of the project file."),
        click.option("--driver", type=click.Choice(["requests", "curl", "auto"]), help="Send with this HTTP library; curl needs the extra `curl`."),
        click.option("--file-root", type=click.Path(path_type=Path, file_okay=False), help="Read no file outside this folder."),
        click.option("--allow-host", "allow_hosts", multiple=True, metavar="HOST", help="Send only to this host: name, *.name, address, network."),
        click.option("--untrusted", is_flag=True, help="For untrusted workflows: only --allow-host; no environment, secrets, files."),
    )):  # fmt: skip
        function = option(function)
    return function


def read_variables(variables: Iterable[str], files: Iterable[Path]) -> dict[str, Any]:
    """Read the values of `--vars-file`, and over them those of `--var`.

    Raises:
        click.BadParameter: one is written wrongly.
    """
    found: dict[str, Any] = {}
    for file in files:
        found |= _variables_of_file(file)
    for text in variables:
        try:
            name, value = parse_variable(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: {error}", param_hint="--var") from None
        found[name] = value
    return found


def _variables_of_file(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be read: {os_error_text(error)}", param_hint="--vars-file") from None
    problems: list[Problem] = []
    data, _ = load_yaml(content, str(path), problems)
    if not isinstance(data, dict):
        problems.append(Problem("the file must be a map of names and values", Place(str(path))))
    if problems:
        raise WorkflowError(problems)
    return dict(data)


def read_environment(files: Iterable[Path], extra: Mapping[str, str]) -> dict[str, str]:
    """Read the environment variables: those of files, over them the process's own.

    Args:
        files: Files of NAME=VALUE lines.
        extra: Variables that win over all others.

    Raises:
        click.BadParameter: a file cannot be read, or a line in it is wrong.
    """
    found: dict[str, str] = {}
    for path in files:
        try:
            found |= read_assignments(path)
        except RunflowError as error:
            raise click.BadParameter(error.message, param_hint="--env-file") from None
    return {**found, **os.environ, **extra}


def read_sources(files: Iterable[Path], texts: Iterable[str]) -> Iterator[tuple[str, SecretSource]]:
    """Open the sources of secrets, in the order in which they are asked: files first.

    Raises:
        click.BadParameter: a file does not exist, or a source does not load.
    """
    for path in files:
        if not path.is_file():
            raise click.BadParameter(f"there is no file {path}", param_hint="--secrets-file")
        yield f"the secrets file {path}", SecretsFile(path)
    for text in texts:
        try:
            yield f"the secret source `{text}`", open_source(text)
        except RunflowError as error:
            hint = f"\n  → {error.hint}" if error.hint else ""
            raise click.BadParameter(f"{error.message}{hint}", param_hint="--secrets") from None


def read_inputs(options: InputOptions, extra: Mapping[str, str] | None = None) -> tuple[Inputs, LoaderOptions]:
    """Read what the caller provides, and how workflows are read.

    Args:
        options: As written on the command line.
        extra: Environment variables that win over the process's own.

    Raises:
        click.BadParameter: an option is written wrongly.
        click.UsageError: an option contradicts `--untrusted`.
    """
    variables = read_variables(options.variables, options.vars_files)
    if options.untrusted:
        refused = {
            "--env-file": options.env_files,
            "--secrets-file": options.secrets_files,
            "--secrets": options.secrets,
        }
        for option, values in refused.items():
            if values:
                raise click.UsageError(f"{option} has no effect with --untrusted: remove one of the two")
    environment_variables = dict(extra or {}) if options.untrusted else read_environment(options.env_files, extra or {})
    environment = Environment(environment_variables, list(read_sources(options.secrets_files, options.secrets)))
    loader_options = LoaderOptions(
        variable_names=frozenset(variables),
        environment=environment,
        profile=options.environment,
        file_root=options.file_root,
        driver=options.driver,
        allow_hosts=options.allow_hosts,
        untrusted=options.untrusted,
    )
    return Inputs(variables, environment), loader_options
