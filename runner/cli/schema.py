"""`runflow schema`: print the JSON Schema of the workflow language, for editors."""

from __future__ import annotations

import click


@click.command("schema", short_help="Print the JSON Schema of the workflow language.")
@click.option("--reference", is_flag=True, help="Print the reference (Markdown) instead.")
@click.option("--report", is_flag=True, help="Print the schema of the reports json and jsonl instead.")
def command(*, reference: bool, report: bool) -> int:
    """Print the JSON Schema of the workflow language, for yaml-language-server and others."""
    if report:
        from .editor_schema import report_schema_text

        click.echo(report_schema_text(), nl=False)
        return 0
    if reference:
        from .reference import reference_text

        click.echo(reference_text(), nl=False)
        return 0
    from .editor_schema import schema_text

    click.echo(schema_text(), nl=False)
    return 0
