"""Problems of files, shown: place, excerpt with caret, what is wrong, what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from runner.app import Loading, Workflow, compile_paths
from runner.language.source import Source
from runner.language.yaml import source_of
from runner.model.errors import Place, Problem
from runner.model.results import Where
from runner.model.wording import plural
from runner.reporters.text import can_write, excerpt, one_line, safe

INVALID = 2
NOTHING_SELECTED = 5


def compiled(paths: tuple[Path, ...], loading: Loading) -> tuple[list[Workflow], int]:
    """The workflows that paths mean, and the exit code where they cannot be run: 2 with every problem shown, 5 for none."""
    workflows, problems = compile_paths(paths, loading)
    if problems:
        show_problems(problems)
        return workflows, INVALID
    if not workflows:
        named = ", ".join(map(str, paths))
        click.echo(
            f"there is no workflow in {named} (files that end in .yaml or .yml and do not begin with _)", err=True
        )
        return workflows, NOTHING_SELECTED
    return workflows, 0


def show_problems(problems: Iterable[Problem]) -> None:
    """Write every problem to standard error."""
    every = list(problems)
    sources: dict[str, Source | None] = {}
    arrow = "→" if can_write(sys.stderr, "→") else "->"
    for problem in every:
        where = _where(problem.place, sources)
        if where is None:
            place = f"{safe(problem.place.file)}: " if problem.place else ""
            click.echo(f"{place}{_styled(one_line(problem.message, 2000))}", err=True)
        else:
            click.echo(
                f"{click.style(safe(str(where)), fg='cyan')}: {_styled(one_line(problem.message, 2000))}", err=True
            )
            for line in excerpt(where):
                click.echo(f"  {line}", err=True)
        if problem.hint:
            click.echo(f"  {arrow} {one_line(problem.hint, 1000)}", err=True)
        click.echo(err=True)
    files = len({problem.place.file for problem in every if problem.place})
    in_files = f" in {plural(files, 'file')}" if files else ""
    click.echo(
        click.style(f"{plural(len(every), 'problem')}{in_files}; nothing was sent", fg="red", bold=True), err=True
    )


def _styled(message: str) -> str:
    return click.style(message, bold=True)


def _where(place: Place | None, sources: dict[str, Source | None]) -> Where | None:
    if place is None:
        return None
    if place.file not in sources:
        try:
            sources[place.file] = source_of(Path(place.file).read_bytes(), place.file)
        except OSError:
            sources[place.file] = None
    source = sources[place.file]
    if source is None or not source.text.strip():
        return None
    return source.where(place, around=1)
