"""`runflow run`: run workflows."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec

from runner.cli.options import demo_option, demo_variables, loading_options, paths_argument, read_options


@click.command("run", short_help="Run workflows.")
@paths_argument
@loading_options
@demo_option
@click.option("--fail-fast", is_flag=True, help="Begin no workflow after one that did not pass.")
@click.option("--dry-run", is_flag=True, help="Show the rendered requests; send nothing.")
@click.option("--seed", type=int, default=None, help="Fix every random source.")
@click.option("-q", "--quiet", is_flag=True, help="Failures and the summary only.")
@click.option("-v", "--verbose", count=True, help="Request and response heads; -vv bodies too.")
@click.option(
    "--color/--no-color", "colour", default=None, help="Colours, or none; else on a terminal without NO_COLOR."
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Log steps to standard error."
)
@click.option("--log-file", type=click.Path(path_type=Path), help="Log steps to a file.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How log lines look."
)
def command(paths: tuple[Path, ...], demo: bool, **options: Any) -> int:  # click passes options by name
    """Run the workflows in PATHS: files, and folders with every workflow below them."""
    with ExitStack() as stack:
        return _run(paths, demo_variables(stack) if demo else {}, options)


def _run(paths: tuple[Path, ...], more: dict[str, str], options: dict[str, Any]) -> int:
    from runner.app import run_suite
    from runner.cli.problems import compiled
    from runner.suite.run import Options

    if not paths:
        raise click.UsageError("name a workflow file or a folder: runflow PATH…")
    given, loading = read_options(options, more)
    workflows, code = compiled(paths, loading)
    if code:
        return code
    seed = options["seed"] if options["seed"] is not None else _random_seed()
    suite = Options(
        given, environment=loading.environment, fail_fast=options["fail_fast"], keep=options["verbose"] > 0, seed=seed
    )
    if options["dry_run"]:
        from runner.cli.dry_run import show_requests

        return show_requests(workflows, suite)
    result = run_suite(workflows, suite, _reporters(options))
    errors = [*result.report_errors, *(_close_log() if options["log_file"] is not None else ())]
    for error in errors:
        click.echo(error, err=True)
    for workflow in result.workflows:
        if workflow.error and workflow.error.kind == "bug":
            click.echo(workflow.error.message, err=True)
    return msgspec.structs.replace(result, report_errors=tuple(errors)).exit_code


def _random_seed() -> int:
    import secrets

    return secrets.randbits(32)


def _reporters(options: dict[str, Any]) -> list[Any]:
    from runner.reporters.console import Console
    from runner.reporters.log import Log

    verbosity = -1 if options["quiet"] else options["verbose"]
    reporters: list[Any] = [Console(sys.stdout, colour=_colour(options["colour"]), verbosity=verbosity)]
    if options["log_level"] or options["log_file"]:
        _log_to(options)
        reporters.append(Log())
    return reporters


def _colour(wanted: bool | None) -> bool:
    import os

    if wanted is not None:
        return wanted
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _log_to(options: dict[str, Any]) -> None:
    import logging

    from runner.reporters.log import LOGGER, JsonFormatter, strict

    try:
        file = options["log_file"]
        handler = strict(logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr))
    except OSError as error:
        raise click.BadParameter(
            f"{options['log_file']} cannot be written: {error.strerror}", param_hint="--log-file"
        ) from None
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonFormatter() if options["log_format"] == "json" else text)
    LOGGER.addHandler(handler)
    LOGGER.setLevel((options["log_level"] or "info").upper())


def _close_log() -> list[str]:
    """Close the log; why its end could not be written."""
    from runner.reporters.log import LOGGER

    errors = []
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        try:
            handler.close()
        except OSError as error:
            errors.append(f"the log could not be closed: {(error.strerror or str(error)).lower()}")
    return errors
