"""`runflow fmt`: format workflow files; comments and meaning stay."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..model.exit_code import ExitCode
from ..model.wording import os_error_text


@click.command("fmt", short_help="Format workflow files.")
@click.argument("paths", nargs=-1, metavar="[PATH | -]...")
@click.option("--check", is_flag=True, help="Write nothing; end with exit code 1 where a file would change.")
def command(paths: tuple[str, ...], *, check: bool) -> int:
    """Format the workflows in PATHS: files, and folders with every workflow below them, those that begin with _ too.

    Comments, quotes that matter and the order of keys stay, and so does the meaning of the file. `-` reads standard
    input and writes to standard output.
    """
    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow fmt PATH… (or - for standard input)")
    if paths == ("-",):
        from ..language.formatter import formatted

        sys.stdout.buffer.write(formatted(sys.stdin.buffer.read(), "standard input").encode())
        return ExitCode.PASSED
    return _format_files(paths, check=check)


def _format_files(paths: tuple[str, ...], *, check: bool) -> ExitCode:
    from ..model.errors import Problem, WorkflowError
    from ..model.wording import plural
    from ..selection.discover import discover
    from .problems import show_problems

    problems: list[Problem] = []
    changed = 0
    outcome = "would change" if check else "changed"
    files = discover(map(Path, paths), included=True)
    for path in files:
        try:
            if _format_file(path, check=check):
                changed += 1
                click.echo(f"{outcome}: {path}")
        except WorkflowError as error:
            problems += error.problems
    if problems:
        show_problems(problems, "these files were not changed")
        return ExitCode.INVALID
    if not files:
        click.echo(f"there is no workflow in {', '.join(paths)}", err=True)
        return ExitCode.NOTHING_SELECTED
    click.echo(f"{plural(len(files), 'file')}, {changed} {outcome}")
    return ExitCode.FAILED if check and changed else ExitCode.PASSED


def _format_file(path: Path, *, check: bool) -> bool:
    """Format a file, and return whether it changed or, with `check`, would change.

    Raises:
        WorkflowError: the file cannot be read as YAML.
        RunflowError: it cannot be written.
    """
    from ..language.atomic_write import replace
    from ..language.files import FileRefused, read_file
    from ..language.formatter import formatted
    from ..model.errors import Place, Problem, RunflowError, WorkflowError

    try:
        before = read_file(path, path.name)
    except FileRefused as refused:
        raise WorkflowError([Problem(refused.message, Place(str(path), unread=True), refused.hint)]) from None
    after = formatted(before, str(path)).encode()
    if after == before:
        return False
    if not check:
        try:
            replace(path, after)
        except OSError as error:
            raise RunflowError(f"{path} cannot be written: {os_error_text(error)}") from None
    return True
