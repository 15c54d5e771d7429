"""`runflow check`: find every mistake, send nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from runner.cli.options import loading_options, paths_argument, read_options


@click.command("check", short_help="Check workflows without sending anything.")
@paths_argument
@loading_options
def command(paths: tuple[Path, ...], **options: Any) -> int:
    """Check the workflows in PATHS: files, and folders with every workflow below them. Environment variables need not be set."""
    from runner.cli.problems import compiled
    from runner.model.wording import plural

    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow check PATH…")
    _, loading = read_options(options)
    workflows, code = compiled(paths, loading)
    if code:
        return code
    steps = sum(len(workflow.plan.steps) + len(workflow.plan.cleanup) for workflow in workflows)
    click.echo(f"{plural(len(workflows), 'workflow')}, {plural(steps, 'step')}: no problems")
    return 0
