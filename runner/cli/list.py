"""`runflow list`: which workflows paths mean, with their runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runner.cli.options import loading_options, paths_argument, read_options


@click.command("list", short_help="List the workflows that paths mean.")
@paths_argument
@loading_options
@click.option("--steps", is_flag=True, help="Their steps too.")
def command(paths: tuple[Path, ...], steps: bool, **options: Any) -> int:  # click passes options by name
    """List the workflows in PATHS with their cases, names and tags."""
    from runner.cli.problems import compiled
    from runner.reporters.text import one_line

    _, loading = read_options(options)
    workflows, code = compiled(paths or (Path(),), loading)
    for workflow in workflows:
        plan = workflow.plan
        tags = f"  [{', '.join(plan.tags)}]" if plan.tags else ""
        for row in plan.rows:
            click.echo(one_line(f"{plan.file}  {plan.name}{' ' if row.label else ''}{row.label}{tags}", 300))
        if steps:
            for step in (*plan.steps, *plan.cleanup):
                click.echo(one_line(f"    {'finally: ' if step.path[0] == 'finally' else ''}{step.written_name}", 300))
    return code
