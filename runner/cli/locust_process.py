"""Runs Locust in a process of its own, with the locustfile of runflow."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

from ..loading import LoaderOptions
from ..loadtest import config as load_config
from ..loadtest.config import LoadConfig
from ..model.environment import Environment

_MEASURE_NOTHING = frozenset(
    {"--worker", "--help", "-h", "--version", "-V", "--list", "-l", "--show-task-ratio", "--config-users"}
)
"""Options of Locust with which this process measures nothing itself."""


class LocustArguments(NamedTuple):
    """Locust's command line, as far as runflow must know it.

    Attributes:
        host: `--host`, which replaces the base URL of the workflows, or None.
        locustfiles: Further locustfiles, with load shapes for example.
        others: All other arguments.
    """

    host: str | None
    locustfiles: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def measures(self) -> bool:
        """Whether this process writes statistics."""
        return _MEASURE_NOTHING.isdisjoint(self.others)


def parse_locust_arguments(arguments: Sequence[str]) -> LocustArguments:
    """Read what runflow must know of Locust's command line."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-H", "--host", default=None)
    parser.add_argument("-f", "--locustfile", dest="files", action="append", default=[])
    known, others = parser.parse_known_args(arguments)
    return LocustArguments(known.host, tuple(known.files), tuple(others))


def run_locust(config: LoadConfig, options: LoaderOptions, arguments: LocustArguments) -> tuple[int, int | None]:
    """Run Locust until it ends.

    Returns:
        Its exit code, and the signal that arrived meanwhile, or None.
    """
    environment = options.environment
    variables = dict(environment.variables if isinstance(environment, Environment) else environment)
    variables[load_config.CONFIG_VARIABLE] = msgspec.json.encode(config).decode()
    locustfile = str(Path(load_config.__file__).with_name("locustfile.py"))
    locustfiles = ",".join([locustfile, *arguments.locustfiles])
    command_line = [sys.executable, "-m", "locust", "-f", locustfiles, *arguments.others]
    process = subprocess.Popen(command_line, env=variables)  # noqa: S603  # the user's own arguments for Locust
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        if number == signal.SIGTERM:  # a terminal sends Ctrl-C to both processes
            process.terminate()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return process.wait(), received[0] if received else None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
