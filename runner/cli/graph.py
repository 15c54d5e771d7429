"""`runflow graph`: draw who gives which variable to whom, and what runs when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..model.wording import os_error_text
from .options import loading_options, read_options


@click.command("graph", short_help="Draw who gives which variable to whom.")
@click.argument("path", metavar="FILE")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["mermaid", "svg"]),
    default="mermaid",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file; one that ends in .svg is SVG.",
)
@loading_options
def command(path: str, *, kind: str, output: Path | None, **options: Any) -> int:
    """Draw the workflow FILE: its steps in their order, which gives which variable to whom, what needs a token. Sends nothing."""
    from .flowchart import chart_of, mermaid, svg
    from .problems import compiled

    _, loading = read_options(options)
    plans, _, code = compiled((path,), loading)
    if code:
        return code
    if len(plans) != 1:
        raise click.UsageError(f"{path} is a folder of {len(plans)} workflows: name one file")
    chart = chart_of(plans[0])
    text = svg(chart) if kind == "svg" or (output and output.suffix == ".svg") else mermaid(chart)
    if output is None:
        click.echo(text, nl=False)
        return 0
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{output} cannot be written: {os_error_text(error)}", param_hint="--output") from None
    return 0
