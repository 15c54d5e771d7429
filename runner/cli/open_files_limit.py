"""How many workflows at the same time the process's limit on open files allows."""

from __future__ import annotations

import sys

import click

_OWN = 64
"""Descriptors for everything but connections: modules being read, reports, the log, the terminal."""

_EACH = 2
"""Descriptors for each workflow: its connection, and one that is kept for another."""


def allowed(jobs: int) -> int:
    """These many, after the limit was raised as far as the system lets us; fewer, with a word, where that is not enough."""
    if sys.platform == "win32":  # it has no such limit
        return jobs
    import resource

    wanted = jobs * _EACH + _OWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return jobs
    most = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if most > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    fewer = max((most - _OWN) // _EACH, 1)
    if fewer < jobs:
        click.echo(f"-j {fewer} in place of -j {jobs}: this process may open {most} files (ulimit -n)", err=True)
    return min(fewer, jobs)
