"""`runflow init`: create a project that runs at once: project file, first workflow, editor settings, CI."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from ..model.exit_code import ExitCode
from ..model.wording import os_error_text

FILES = {
    "runflow.yaml": "runflow.yaml",
    "workflows/first.yaml": "first.yaml",
    ".vscode/settings.json": "settings.json",
    ".github/workflows/runflow.yml": "github.yml",
    ".gitlab-ci.yml": "gitlab.yml",
}
"""Each file of a new project, and the file in the folder `scaffold` with its content."""

SCHEMA = ".vscode/runflow.schema.json"


@click.command("init", short_help="Create a project that runs at once.")
@click.argument("folder", default=".", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> int:
    """Create a project in FOLDER: runflow.yaml, a first workflow, editor settings, CI for GitHub and GitLab.

    Existing files are not changed.
    """
    from .editor_schema import schema_text

    scaffold = files(__package__) / "scaffold"
    contents = {name: (scaffold / source).read_text(encoding="utf-8") for name, source in FILES.items()}
    contents[SCHEMA] = schema_text()
    for name, content in contents.items():
        path = folder / name
        if path.exists():
            click.echo(f"  kept   {path}  (it exists already)")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            click.echo(f"{path} cannot be written: {os_error_text(error)}", err=True)
            return ExitCode.INVALID
        click.echo(f"  wrote  {path}")
    there = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"\nRun it against the embedded demo API:  {there}runflow run --demo")
    click.echo("Then describe your API in runflow.yaml and workflows/first.yaml:  runflow run -e staging")
    click.echo(
        "For CI, set the variable RUNFLOW_PACKAGE (where to install runflow-http from) and the secret API_PASSWORD."
    )
    return 0
