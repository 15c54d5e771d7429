"""`runflow graph`: draw the steps of a workflow and the data flow between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..model.wording import os_error_text
from .options import InputOptions, input_options, options_from, read_inputs


@click.command("graph", short_help="Draw the data flow between steps.")
@click.argument("path", metavar="FILE")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["mermaid", "svg"]),
    default="mermaid",
    show_default=True,
    help="Format of the drawing.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file; a name that ends in .svg means SVG.",
)
@input_options
def command(path: str, *, output_format: str, output: Path | None, **values: Any) -> int:
    """Draw the workflow FILE: its steps in order, which variables flow between them, which steps use a token. Sends nothing."""
    from .flowchart import chart_of, mermaid, svg
    from .problems import compiled

    _, loader_options = read_inputs(options_from(InputOptions, values))
    plans, _, code = compiled((path,), loader_options)
    if code:
        return code
    if len(plans) != 1:
        raise click.UsageError(f"{path} is a folder of {len(plans)} workflows: name one file")
    chart = chart_of(plans[0])
    text = svg(chart) if output_format == "svg" or (output and output.suffix == ".svg") else mermaid(chart)
    if output is None:
        click.echo(text, nl=False)
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{output} cannot be written: {os_error_text(error)}", param_hint="--output") from None
    return 0
