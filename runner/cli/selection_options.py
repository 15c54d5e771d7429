"""Options that select runs, shared by `run` and `list`, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ..model.exit_code import ExitCode
from ..model.wording import plural
from .options import CommandFunction

if TYPE_CHECKING:
    from ..execution.schedule import Run
    from ..loading import Loader
    from ..plan.plan import Plan
    from ..selection.select import Selection


class SelectionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for which runs are performed, how often, and in which order."""

    tag: tuple[str, ...] = ()
    skip_tag: tuple[str, ...] = ()
    name: str | None = None
    shard: tuple[int, int] | None = None
    failed: bool = False
    changed: str | None = None
    repeat: int = 1
    shuffle: bool = False
    seed: int | None = None


def _shard(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    from ..selection.shards import parse_shard

    try:
        return parse_shard(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def selection_options(function: CommandFunction) -> CommandFunction:
    """Add the options of `SelectionOptions` to a command."""
    for option in reversed((
        click.option("--tag", multiple=True, metavar="EXPR", help="Only workflows with these tags: `a,b` means a or b; and, or, not work too."),
        click.option("--skip-tag", multiple=True, metavar="EXPR", help="Leave out workflows and steps with these tags."),
        click.option("-k", "name", metavar="EXPR", help="Only workflows with these words in their name, case or file (and, or, not)."),
        click.option("--shard", metavar="I/N", callback=_shard, help="Only part I of N parts, divided by recorded durations, else by name."),
        click.option("--failed", is_flag=True, help="Only runs that did not pass the last time."),
        click.option("--changed", metavar="BASE", help="Only workflows that changed since git commit BASE, or that use a changed file."),
        click.option("--repeat", type=click.IntRange(1, 100_000), default=1, metavar="N", help="Run each N times."),
        click.option("--shuffle", is_flag=True, help="Run in a random order, which --seed fixes."),
        click.option("--seed", type=int, default=None, help="Seed of every random source."),
    )):  # fmt: skip
        function = option(function)
    return function


def random_seed() -> int:
    """A seed for a run without `--seed`."""
    import secrets

    return secrets.randbits(32)


def selected_runs(
    plans: list[Plan], loader: Loader, options: SelectionOptions, seed: int
) -> tuple[list[Run], ExitCode]:
    """Select runs, and say so where none is left.

    Returns:
        The runs, and the exit code 5 where there are none.

    Raises:
        RunflowError: an option is written wrongly, or git fails.
        WorkflowError: workflows need each other in a circle.
    """
    from ..selection.select import selected

    runs = selected(plans, _selection(options, seed, loader.folder), loader.needed)
    if runs:
        return runs, ExitCode.PASSED
    used = ", ".join(_used(options))
    click.echo(f"nothing is selected: {plural(len(plans), 'workflow')} found, none left by {used}", err=True)
    return runs, ExitCode.NOTHING_SELECTED


def _selection(options: SelectionOptions, seed: int, folder: Path) -> Selection:
    from ..selection.history import History
    from ..selection.select import Selection, parse_selection_option

    history = History(folder) if options.failed or options.shard is not None else None
    return Selection(
        tag=parse_selection_option("--tag", _joined(options.tag)),
        skip_tag=parse_selection_option("--skip-tag", _joined(options.skip_tag)),
        name=parse_selection_option("-k", options.name),
        failed=frozenset(history.failed) if history is not None and options.failed else None,
        changed=_changed(options.changed),
        shard=options.shard,
        durations=history.durations if history is not None else {},
        repeat=options.repeat,
        shuffle=seed if options.shuffle else None,
    )


def _joined(expressions: tuple[str, ...]) -> str | None:
    """An option that is given several times means: one or the other."""
    if len(expressions) < 2:
        return expressions[0] if expressions else None
    return " or ".join(f"({each})" for each in expressions)


def _changed(base: str | None) -> frozenset[Path] | None:
    if base is None:
        return None
    from ..selection.changed import changed_files

    return changed_files(base, Path.cwd())


def _used(options: SelectionOptions) -> list[str]:
    """The options that select, as they were written."""
    shard = "" if options.shard is None else "{}/{}".format(*options.shard)
    written = {
        "--tag": " ".join(options.tag),
        "--skip-tag": " ".join(options.skip_tag),
        "-k": options.name,
        "--changed": options.changed,
        "--shard": shard,
    }
    found = [f"{option} {value!r}" for option, value in written.items() if value]
    return found + (["--failed (nothing failed last time)"] if options.failed else [])
