"""The exit codes of the `runflow` command."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """How a command ended. Where several codes apply, `Result.exit_code` decides which one is returned."""

    PASSED = 0
    """All runs passed or were skipped."""

    FAILED = 1
    """An expectation failed; or a command that compares (`diff`, `fmt --check`, `check --strict`) found something."""

    INVALID = 2
    """The command line or a workflow is invalid; nothing was sent."""

    ERROR = 3
    """A step could not be completed."""

    REPORT_FAILED = 4
    """A report, or standard output, could not be written."""

    NOTHING_SELECTED = 5
    """There is nothing to run or to show."""

    BUG = 70
    """A bug in runflow (`EX_SOFTWARE` of sysexits.h)."""

    INTERRUPTED = 130
    """Interrupted by SIGINT (Ctrl-C)."""

    TERMINATED = 143
    """Interrupted by SIGTERM."""


def exit_code_of_signal(number: int) -> int:
    """The exit code of a command that a signal interrupted: 128 + `number`, as shells count."""
    return 128 + number
