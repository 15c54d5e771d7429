"""`runflow list`: which runs the same paths and options would run, in their order."""

from __future__ import annotations

from typing import Any

import click

from ..model.exit_code import ExitCode
from .options import loading_options, paths_argument, project_paths, read_options
from .selection_options import selection_options


@click.command("list", short_help="List what the same paths and options would run.")
@paths_argument
@loading_options
@selection_options
@click.option("--steps", is_flag=True, help="Their steps too.")
def command(paths: tuple[str, ...], *, steps: bool, **options: Any) -> int:  # click passes options by name
    """List the runs that `runflow run` would run with the same paths and options: file, name, case, tags."""
    from ..reporters.text import one_line
    from .problems import compiled
    from .selection_options import chosen

    _, loading = read_options(options)
    plans, loader, code = compiled(paths or project_paths("list", loading, (".",)), loading, keep_going=True)
    if code:
        return code
    runs, code = chosen(plans, loader, options)
    for run in runs:
        plan = run.plan
        tags = f"  [{', '.join(plan.tags)}]" if plan.tags else ""
        click.echo(one_line(f"{plan.file}  {plan.name}{' ' if run.row.label else ''}{run.row.label}{tags}", 300))
        for step in plan.chosen if steps else ():
            click.echo(one_line(f"    {'finally: ' if step.path[0] == 'finally' else ''}{step.written_name}", 300))
    return ExitCode.INVALID if loader.problems else code
