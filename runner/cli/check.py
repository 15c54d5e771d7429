"""`runflow check`: find every mistake, send nothing."""

from __future__ import annotations

from typing import Any

import click

from runner.cli.options import loading_options, paths_argument, project_paths, read_options


@click.command("check", short_help="Check workflows without sending anything.")
@paths_argument
@loading_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Check the workflows in PATHS: files, and folders with every workflow below them. Environment variables need not be set."""
    from runner.cli.problems import compiled
    from runner.model.wording import plural
    from runner.suite.needs import in_order

    _, loading = read_options(options)
    plans, loader, code = compiled(paths or project_paths("check", loading), loading)
    if code:
        return code
    in_order([*plans, *loader.needed(plans)])  # refuses circles
    steps = sum(len(plan.steps) + len(plan.cleanup) for plan in plans)
    click.echo(f"{plural(len(plans), 'workflow')}, {plural(steps, 'step')}: no problems")
    return 0
