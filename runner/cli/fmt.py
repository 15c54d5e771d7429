"""`runflow fmt`: the one layout; comments and meaning stay."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..model.exit_code import ExitCode
from ..model.wording import os_error_text
from .options import paths_argument


@click.command("fmt", short_help="Lay out workflows in the one way.")
@paths_argument
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 where something would change.")
def command(paths: tuple[str, ...], *, check: bool) -> int:
    """Lay out the workflows in PATHS: files, and folders with every workflow below them, those that begin with _ too.

    Comments, quotes that matter and the order of keys stay, and so does what the file means. `-` reads standard input
    and writes to standard output.
    """
    from ..language.atomic_write import replace
    from ..language.files import FileRefused, read_file
    from ..language.formatter import formatted
    from ..model.errors import Place, Problem, RunflowError, WorkflowError
    from ..model.wording import plural
    from ..selection.discover import discover
    from .problems import show_problems

    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow fmt PATH… (or - for standard input)")
    if paths == ("-",):
        text = formatted(sys.stdin.buffer.read(), "standard input")
        sys.stdout.buffer.write(text.encode())
        return 0
    problems: list[Problem] = []
    changed = 0
    files = discover(map(Path, paths), included=True)
    for path in files:
        try:
            before = read_file(path, path.name)
            after = formatted(before, str(path)).encode()
            if after == before:
                continue
            changed += 1
            if not check:
                replace(path, after)
            click.echo(f"{'would change' if check else 'changed'}: {path}")
        except FileRefused as refused:
            problems.append(Problem(refused.message, Place(str(path), unread=True), refused.hint))
        except WorkflowError as wrong:
            problems += wrong.problems
        except OSError as error:
            raise RunflowError(f"{path} cannot be written: {os_error_text(error)}") from None
    if problems:
        show_problems(problems, "left as they are")
        return ExitCode.INVALID
    if not files:
        click.echo(f"there is no workflow in {', '.join(paths)}", err=True)
        return ExitCode.NOTHING_SELECTED
    click.echo(f"{plural(len(files), 'file')}, {changed} {'would change' if check else 'changed'}")
    return ExitCode.FAILED if check and changed else 0
