"""Shows problems of files: place, excerpt with a caret, what is wrong, what to do next."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from ..language.source import Source
from ..loading import Loader, LoaderOptions
from ..model.errors import Place, Problem
from ..model.exit_code import ExitCode
from ..model.wording import plural
from ..plan.plan import Plan
from ..reporters.problems import where_of
from ..reporters.text import can_write, excerpt, one_line
from ..selection.select import parse_path


class Shown(NamedTuple):
    """A problem or finding to show.

    Attributes:
        label: Its severity and code, or "" for a problem.
    """

    message: str
    place: Place | None
    hint: str
    label: str = ""


def compiled(
    paths: Sequence[str], options: LoaderOptions, *, keep_going: bool = False
) -> tuple[list[Plan], Loader, ExitCode]:
    """Compile the workflows of some paths, and show their problems.

    Args:
        paths: As on the command line.
        options: How they are read.
        keep_going: Continue with the valid files where others are invalid.

    Returns:
        The plans, what loaded them, and the exit code: 0, 2 where they cannot be run, or 5 where there are none.
    """
    loader = Loader(options)
    plans = loader.plans(map(parse_path, paths))
    loader.needed(plans)
    if loader.problems:
        show_problems(loader.problems, "these files are left out" if keep_going and plans else "nothing was sent")
        return plans, loader, ExitCode.PASSED if keep_going and plans else ExitCode.INVALID
    if not plans:
        return plans, loader, nothing_selected(paths)
    return plans, loader, ExitCode.PASSED


def nothing_selected(paths: Sequence[str]) -> ExitCode:
    """Say that there is no workflow in these paths, and return the exit code."""
    files = "files that end in .yaml or .yml and do not begin with _"
    click.echo(f"there is no workflow in {', '.join(paths)} ({files})", err=True)
    return ExitCode.NOTHING_SELECTED


def show_problems(problems: Iterable[Problem], outcome: str = "nothing was sent") -> None:
    """Write every problem to standard error, with a line that counts them and says what the outcome is."""
    every = list(problems)
    show_each(Shown(each.message, each.place, each.hint) for each in every)
    files = len({problem.place.file for problem in every if problem.place})
    in_files = f" in {plural(files, 'file')}" if files else ""
    click.echo(click.style(f"{plural(len(every), 'problem')}{in_files}; {outcome}", fg="red", bold=True), err=True)


def show_each(every: Iterable[Shown]) -> None:
    """Write each to standard error: place, excerpt with a caret, what is wrong, what to do next."""
    sources: dict[str, Source | None] = {}
    arrow = "→" if can_write(sys.stderr, "→") else "->"
    for one in every:
        where = where_of(one.place, sources)
        label = f"{click.style(one.label, fg='yellow')}: " if one.label else ""
        message = label + click.style(one_line(one.message, 2000), bold=True)
        if where is None:
            place = f"{one_line(one.place.file, 1000)}: " if one.place else ""
            click.echo(f"{place}{message}", err=True)
        else:
            click.echo(f"{click.style(one_line(str(where), 1000), fg='cyan')}: {message}", err=True)
            for line in excerpt(where):
                click.echo(f"  {line}", err=True)
        if one.hint:
            click.echo(f"  {arrow} {one_line(one.hint, 1000)}", err=True)
        click.echo(err=True)
