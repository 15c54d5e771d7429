"""What a run shows on the terminal and writes to the log: options, and the reporters that they make."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import click
import msgspec

from ..model.kinds import Reporter
from ..model.wording import os_error_text
from .options import CommandFunction

if TYPE_CHECKING:
    from ..reporters.progress import Progress


class ConsoleOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for the terminal and the log."""

    curl: bool = False
    slowest: int = 0
    quiet: bool = False
    verbose: int = 0
    colour: bool | None = None
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    log_file: Path | None = None
    log_format: Literal["text", "json"] = "text"


def console_options(function: CommandFunction) -> CommandFunction:
    """Add the options of `ConsoleOptions` to a command."""
    for option in reversed((
        click.option("--curl", is_flag=True, help="With each failed step, print the curl command that sends the same request; secrets are $NAME."),
        click.option("--slowest", type=click.IntRange(0), default=0, metavar="N", help="Show the N slowest steps and their percentiles."),
        click.option("-q", "--quiet", is_flag=True, help="Show failures and the summary only."),
        click.option("-v", "--verbose", count=True, help="Show the headers of requests and responses; -vv: bodies too."),
        click.option("--color/--no-color", "colour", default=None, help="Use colours or not; default: on a terminal, unless NO_COLOR is set."),
        click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Log steps to standard error."),
        click.option("--log-file", type=click.Path(path_type=Path), help="Log steps to a file."),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of log lines."),
    )):  # fmt: skip
        function = option(function)
    return function


def progress_of(stack: ExitStack, runs: int, stream: IO[str], *, quiet: bool) -> tuple[Progress | None, IO[str]]:
    """The progress display of a run, and the stream whose lines do not disturb it.

    Args:
        stack: Removes the display when it is closed.
        runs: How many there are; for one there is no display.
        stream: Where people read.
        quiet: Show none.
    """
    if quiet or runs == 1:
        return None, stream
    from ..reporters.progress import Progress, shown_in_log, shown_on_terminal

    progress = Progress(runs)
    if sys.stderr.isatty():
        is_shared = stream.isatty()  # both on one terminal: lines must go above the display
        above = stack.enter_context(shown_on_terminal(progress, stream if is_shared else sys.stderr))
        return progress, above if is_shared else stream
    stack.enter_context(shown_in_log(progress, sys.stderr))
    return progress, stream


def console_reporters(options: ConsoleOptions, stream: IO[str], above: IO[str]) -> list[Reporter]:
    """The reporters for the terminal and, if there is one, the log.

    Args:
        options: What to show.
        stream: Where people read.
        above: The stream whose lines do not disturb the progress display.
    """
    from ..reporters.console import Console
    from ..reporters.log import Log
    from .styling import coloured

    verbosity = -1 if options.quiet else options.verbose
    colour = coloured(options.colour, stream)
    console = Console(above, colour=colour, verbosity=verbosity, curl=options.curl, slowest=options.slowest)
    if not options.log_level and not options.log_file:
        return [console]
    _open_log(options)
    return [console, Log()]


def _open_log(options: ConsoleOptions) -> None:
    import logging

    from ..reporters.log import LOGGER, JsonFormatter, strict

    file = options.log_file
    try:
        handler = strict(logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler(sys.stderr))
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be written: {os_error_text(error)}", param_hint="--log-file") from None
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(JsonFormatter() if options.log_format == "json" else text)
    LOGGER.addHandler(handler)
    LOGGER.setLevel((options.log_level or "info").upper())


def close_log() -> list[str]:
    """Close the log file, and return why its end could not be written."""
    from ..reporters.log import LOGGER

    errors = []
    for handler in list(LOGGER.handlers):
        LOGGER.removeHandler(handler)
        try:
            handler.close()
        except OSError as error:
            errors.append(f"the log could not be closed: {os_error_text(error)}")
    return errors
