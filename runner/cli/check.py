"""`runflow check`: find errors and warnings in workflows; send nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..model.exit_code import ExitCode
from ..model.wording import os_error_text
from .options import InputOptions, input_options, options_from, paths_argument, project_paths, read_inputs

if TYPE_CHECKING:
    from ..loading import LoaderOptions
    from ..model.finding import Finding
    from ..plan.plan import Plan

MAX_FIX_ROUNDS = 10


@click.command("check", short_help="Check workflows without sending anything.")
@paths_argument
@input_options
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Format of the findings.",
)
@click.option("--strict", is_flag=True, help="End with exit code 1 where there are warnings.")
@click.option("--fix", is_flag=True, help="Fix what has only one solution, and show what is left.")
@click.option(
    "--changes", is_flag=True, help="Also report steps whose verdict a new version may change; --fix keeps the old one."
)
def command(
    paths: tuple[str, ...], *, output_format: str, strict: bool, fix: bool, changes: bool, **values: Any
) -> int:
    """Check the workflows in PATHS: files, and folders with every workflow below them.

    Errors are what cannot work (exit code 2), warnings what may pass and should not. A comment suppresses a warning:
    `# runflow: ignore[RF611] the response is not used`. Environment variables need not be set.
    """
    from .finding_formats import FINDING_FORMATS
    from .problems import nothing_selected

    _, options = read_inputs(options_from(InputOptions, values))
    paths = paths or project_paths("check", options)
    plans, findings = _findings(paths, options, fix=fix, changes=changes)
    if not plans and not findings:
        return nothing_selected(paths)
    errors = sum(each.severity == "error" for each in findings)
    warnings = len(findings) - errors
    summary = _summary(plans, findings, errors)
    FINDING_FORMATS[output_format](findings, summary)
    if output_format == "text":
        styled = click.style(summary, fg="red" if errors else "yellow", bold=True) if findings else summary
        click.echo(styled, err=bool(findings))
    if errors:
        return ExitCode.INVALID
    return ExitCode.FAILED if warnings and strict else ExitCode.PASSED


def _findings(
    paths: Iterable[str], options: LoaderOptions, *, fix: bool, changes: bool
) -> tuple[list[Plan], list[Finding]]:
    """The workflows and what is found in them, after the fixes."""
    from ..loading import load_and_lint
    from ..selection.select import parse_path

    targets = [parse_path(path) for path in paths]
    plans, findings = load_and_lint(targets, options, changes=changes)
    fixed: dict[str, None] = {}
    for _ in range(MAX_FIX_ROUNDS if fix else 0):  # a problem may have hidden others
        files = _fix(findings)
        if not files:
            break
        fixed |= dict.fromkeys(files)
        plans, findings = load_and_lint(targets, options, changes=changes)
    if fixed:
        click.echo(f"fixed: {', '.join(fixed)}", err=True)
    return plans, findings


def _summary(plans: Sequence[Plan], findings: Sequence[Finding], errors: int) -> str:
    from ..model.wording import plural

    if not findings:
        steps = sum(len(plan.steps) + len(plan.cleanup) for plan in plans)
        return f"{plural(len(plans), 'workflow')}, {plural(steps, 'step')}: no problems"
    counted = ((errors, "problem"), (len(findings) - errors, "warning"))
    counts = " and ".join(plural(count, noun) for count, noun in counted if count)
    files = len({each.place.file for each in findings if each.place})
    return f"{counts} in {plural(files, 'file')}" + ("; nothing was sent" if errors else "")


def _fix(findings: Sequence[Finding]) -> list[str]:
    """Apply the fixes of findings, and return the files that changed. Raises RunflowError where one cannot be written."""
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
