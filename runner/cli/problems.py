"""Problems of files, shown: place, excerpt with caret, what is wrong, what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from ..language.source import Source
from ..loading import Loader, Loading
from ..model.errors import Place, Problem
from ..model.exit_code import ExitCode
from ..model.wording import plural
from ..plan.plan import Plan
from ..reporters.problems import where_of
from ..reporters.text import can_write, excerpt, one_line
from ..selection.select import parse_path


class Shown(NamedTuple):
    """Something to show about a file: what a problem has, and what it is called."""

    message: str
    place: Place | None
    hint: str
    label: str = ""


def compiled(paths: Sequence[str], loading: Loading, *, keep_going: bool = False) -> tuple[list[Plan], Loader, int]:
    """The workflows that paths mean, whoever read them, and the exit code where they cannot be run.

    Args:
        paths: As on the command line.
        loading: How they are read.
        keep_going: Where files are wrong the others are good enough.

    Returns:
        With the code 2 every problem was shown, with 5 that there is no workflow.
    """
    loader = Loader(loading)
    plans = loader.plans(map(parse_path, paths))
    loader.needed(plans)
    if loader.problems:
        show_problems(loader.problems, "they are left out" if keep_going and plans else "nothing was sent")
        return plans, loader, 0 if keep_going and plans else ExitCode.INVALID
    if not plans:
        return plans, loader, nothing_selected(paths)
    return plans, loader, 0


def nothing_selected(paths: Sequence[str]) -> int:
    """Say that there is no workflow in these paths; the exit code."""
    named = ", ".join(paths)
    click.echo(f"there is no workflow in {named} (files that end in .yaml or .yml and do not begin with _)", err=True)
    return ExitCode.NOTHING_SELECTED


def show_problems(problems: Iterable[Problem], outcome: str = "nothing was sent") -> None:
    """Write every problem to standard error, and what comes of it."""
    every = list(problems)
    show_each(Shown(each.message, each.place, each.hint) for each in every)
    files = len({problem.place.file for problem in every if problem.place})
    in_files = f" in {plural(files, 'file')}" if files else ""
    click.echo(click.style(f"{plural(len(every), 'problem')}{in_files}; {outcome}", fg="red", bold=True), err=True)


def show_each(every: Iterable[Shown]) -> None:
    """Write each to standard error: place, excerpt with caret, what is wrong, what to do."""
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
