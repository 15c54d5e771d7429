"""`runflow list`: list the runs that `runflow run` would perform, in their order."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from ..model.exit_code import ExitCode
from .options import InputOptions, input_options, options_from, paths_argument, project_paths, read_inputs
from .selection_options import SelectionOptions, random_seed, selected_runs, selection_options


class ListCommandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of `runflow list`."""

    inputs: InputOptions
    selection: SelectionOptions
    steps: bool


@click.command("list", short_help="List the runs that the same paths and options would perform.")
@paths_argument
@input_options
@selection_options
@click.option("--steps", is_flag=True, help="List their steps too.")
def command(paths: tuple[str, ...], **values: Any) -> int:
    """List the runs that `runflow run` would perform with the same paths and options: file, name, case, tags."""
    from ..reporters.text import one_line
    from .problems import compiled

    options = options_from(ListCommandOptions, values)
    _, loader_options = read_inputs(options.inputs)
    paths = paths or project_paths("list", loader_options, default=(".",))
    plans, loader, code = compiled(paths, loader_options, keep_going=True)
    if code:
        return code
    seed = options.selection.seed
    runs, code = selected_runs(plans, loader, options.selection, random_seed() if seed is None else seed)
    for run in runs:
        plan = run.plan
        tags = f"  [{', '.join(plan.tags)}]" if plan.tags else ""
        click.echo(one_line(f"{plan.file}  {plan.name}{' ' if run.row.label else ''}{run.row.label}{tags}", 300))
        for step in plan.chosen if options.steps else ():
            click.echo(one_line(f"    {'finally: ' if step.path[0] == 'finally' else ''}{step.written_name}", 300))
    return ExitCode.INVALID if loader.problems else code
