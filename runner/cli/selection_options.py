"""Options that choose among the workflows that were found, shared by `run` and `list`, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..model.exit_code import ExitCode
from ..model.wording import plural

if TYPE_CHECKING:
    from ..execution.schedule import Run
    from ..loading import Loader
    from ..plan.plan import Plan
    from ..selection.select import Selection

F = TypeVar("F", bound=Callable[..., Any])


def selection_options(function: F) -> F:
    """Which of the runs that paths mean, how often, in which order."""
    for option in reversed((
        click.option("--tag", multiple=True, metavar="EXPR", help="Only workflows with these tags: `a,b` is either; and, or, not work too."),
        click.option("--skip-tag", multiple=True, metavar="EXPR", help="No workflow with these tags."),
        click.option("-k", "name", metavar="EXPR", help="Only workflows whose name, case or file has these words (and, or, not)."),
        click.option("--shard", metavar="I/N", help="The I-th of N parts, which together are the whole; by recorded durations, else by name."),
        click.option("--failed", is_flag=True, help="Only what did not pass when it was last run."),
        click.option("--changed", metavar="BASE", help="Only workflows that changed since git commit BASE, or name a file that did."),
        click.option("--repeat", type=click.IntRange(1, 100_000), default=1, metavar="N", help="Run each N times."),
        click.option("--shuffle", is_flag=True, help="In a random order, which --seed fixes."),
        click.option("--seed", type=int, default=None, help="Fix every random source."),
    )):  # fmt: skip
        function = option(function)
    return function


def chosen(plans: list[Plan], loader: Loader, options: dict[str, Any]) -> tuple[list[Run], int]:
    """The runs that are wanted, and 5 where there are none. Sets `options["seed"]` where nobody chose one.

    Raises:
        RunflowError: an option is written wrongly, or git cannot be asked.
        WorkflowError: workflows need each other in a circle.
    """
    from ..selection.select import selected

    if options["seed"] is None:
        import secrets

        options["seed"] = secrets.randbits(32)
    selection = _selection(options, loader.home)
    runs = selected(plans, selection, loader.needed)
    if not runs:
        asked = ", ".join(_asked(options))
        click.echo(f"nothing is selected: {plural(len(plans), 'workflow')} found, none left by {asked}", err=True)
    return runs, 0 if runs else ExitCode.NOTHING_SELECTED


def _selection(options: dict[str, Any], home: Path) -> Selection:
    from ..selection.history import History
    from ..selection.select import Selection, parsed

    history = History(home) if options["failed"] or options["shard"] else None
    return Selection(
        tag=parsed("--tag", _joined(options["tag"])),
        skip_tag=parsed("--skip-tag", _joined(options["skip_tag"])),
        name=parsed("-k", options["name"]),
        failed=frozenset(history.failed) if history is not None and options["failed"] else None,
        changed=_changed(options["changed"]),
        shard=_shard(options["shard"]),
        seconds=history.seconds if history is not None else {},
        repeat=options["repeat"],
        shuffle=options["seed"] if options["shuffle"] else None,
    )


def _joined(expressions: tuple[str, ...]) -> str | None:
    """Given several times, either is meant."""
    if len(expressions) < 2:
        return expressions[0] if expressions else None
    return " or ".join(f"({each})" for each in expressions)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    from ..selection.shards import parse_shard

    try:
        return parse_shard(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--shard") from None


def _changed(base: str | None) -> frozenset[Path] | None:
    if base is None:
        return None
    from ..selection.changed import changed_files

    return changed_files(base, Path.cwd())


def _asked(options: dict[str, Any]) -> list[str]:
    """The options that left nothing, as they were written."""
    found = [
        f"{option} {value!r}"
        for option, value in (
            ("--tag", " ".join(options["tag"])), ("--skip-tag", " ".join(options["skip_tag"])), ("-k", options["name"]),
            ("--changed", options["changed"]), ("--shard", options["shard"]),
        )
        if value
    ]  # fmt: skip
    return found + (["--failed (nothing failed last time)"] if options["failed"] else [])
