"""`runflow check`: find every mistake, and what is merely bad; send nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..model.exit_code import ExitCode
from ..model.wording import os_error_text
from .options import loading_options, paths_argument, project_paths, read_options

if TYPE_CHECKING:
    from ..lint.rule import Finding

MOST_ROUNDS = 10


@click.command("check", short_help="Check workflows without sending anything.")
@paths_argument
@loading_options
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="How findings are written.",
)
@click.option("--strict", is_flag=True, help="Warnings end with exit code 1, too.")
@click.option("--fix", is_flag=True, help="Mend what has only one remedy, and say what is left.")
def command(paths: tuple[str, ...], *, shape: str, strict: bool, fix: bool, **options: Any) -> int:
    """Check the workflows in PATHS: files, and folders with every workflow below them.

    Errors are what cannot work (exit code 2), warnings what may pass and should not. A comment takes a finding back:
    `# runflow: ignore[RF611] the answer is of no interest`. Environment variables need not be set.
    """
    from ..loading import examined
    from ..model.wording import plural
    from ..selection.select import parse_path
    from .finding_formats import FINDING_FORMATS
    from .problems import nothing_selected

    _, loading = read_options(options)
    wanted = paths or project_paths("check", loading)
    plans, findings = examined(map(parse_path, wanted), loading)
    mended: dict[str, None] = {}
    for _ in range(MOST_ROUNDS if fix else 0):  # what was wrong may have hidden more
        now = _mended(findings)
        if not now:
            break
        mended |= dict.fromkeys(now)
        plans, findings = examined(map(parse_path, wanted), loading)
    if mended:
        click.echo(f"mended: {', '.join(mended)}", err=True)
    if not plans and not findings:
        return nothing_selected(wanted)
    errors = sum(each.severity == "error" for each in findings)
    warnings = len(findings) - errors
    files = len({each.place.file for each in findings if each.place})
    counts = " and ".join(plural(count, noun) for count, noun in ((errors, "problem"), (warnings, "warning")) if count)
    steps = sum(len(plan.steps) + len(plan.cleanup) for plan in plans)
    what = f"{plural(len(plans), 'workflow')}, {plural(steps, 'step')}"
    summary = f"{counts} in {plural(files, 'file')}" if counts else f"{what}: no problems"
    summary += "; nothing was sent" if errors else ""
    FINDING_FORMATS[shape](findings, summary)
    if shape == "text":
        click.echo(
            click.style(summary, fg="red" if errors else "yellow", bold=True) if counts else summary, err=bool(counts)
        )
    if errors:
        return ExitCode.INVALID
    return ExitCode.FAILED if warnings and strict else ExitCode.PASSED


def _mended(findings: Sequence[Finding]) -> list[str]:
    """The files that were written anew. Raises RunflowError where one cannot be."""
    from ..language.files import FileRefused, read_file
    from ..language.source import Source
    from ..language.yaml import source_of
    from ..lint.autofix import apply, edits_of
    from ..model.errors import RunflowError

    sources: dict[str, Source] = {}
    for file in {each.place.file for each in findings if each.place and not each.place.unread}:
        with suppress(FileRefused):
            sources[file] = source_of(read_file(Path(file), file), file)
    edits = edits_of(findings, sources)
    for file, every in edits.items():
        try:
            apply(Path(file), every)
        except OSError as error:
            raise RunflowError(f"{file} cannot be written: {os_error_text(error)}") from None
    return sorted(edits)
