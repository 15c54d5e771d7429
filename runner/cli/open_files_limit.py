"""Adapts the number of concurrent workflows to the process's limit on open files."""

from __future__ import annotations

import sys

import click

_OTHER_FILES = 64
"""File descriptors for everything but connections: modules, reports, the log, the terminal."""

_FILES_PER_WORKFLOW = 2
"""File descriptors for each workflow: its connection, and one that is kept open."""


def allowed_jobs(jobs: int) -> int:
    """Raise the limit as far as the system allows, and return how many workflows may run at the same time.

    Where these are fewer than `jobs`, a line on standard error says so.
    """
    if sys.platform == "win32":  # Windows has no such limit
        return jobs
    import resource

    wanted = jobs * _FILES_PER_WORKFLOW + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return jobs
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    fewer = max((most - _OTHER_FILES) // _FILES_PER_WORKFLOW, 1)
    if fewer < jobs:
        click.echo(f"using -j {fewer} instead of -j {jobs}: the limit of open files is {most} (ulimit -n)", err=True)
    return min(fewer, jobs)
