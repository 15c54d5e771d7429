"""`--executor`: options that have runs run elsewhere, and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ..cluster.registry import Cluster
    from ..execution.executor import NewExecutor
    from ..execution.options import Inputs, Options
    from ..execution.schedule import Run
    from ..loading import Loader

F = TypeVar("F", bound=Callable[..., Any])

_HERE_ONLY = ("replay", "pause", "untrusted", "update_snapshots")
_SECRET = {"env_files": "--env-file", "secrets_files": "--secrets-file", "secrets": "--secrets"}


def executor_options(function: F) -> F:
    """Where runs are run, and what is sent there."""
    for option in reversed((
        click.option("--executor", metavar="WHERE", help="Run them elsewhere: dask=tcp://HOST:PORT, or package.module:factory of an executor."),
        click.option("--send-secrets", is_flag=True, help="With --executor: send values of environment variables and secrets, too."),
    )):  # fmt: skip
        function = option(function)
    return function


def check_executor(options: dict[str, Any]) -> None:
    """Refuse options that mean nothing to a worker, or whose values it must not be sent unasked.

    Raises:
        click.UsageError: there is one.
    """
    if options["executor"] is None:
        if options["send_secrets"]:
            raise click.UsageError("--send-secrets says what goes to --executor, and there is none")
        return
    for name in _HERE_ONLY:
        if options[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} is for runs on this machine; take --executor out")
    for name, option in _SECRET.items():
        if options[name] and not options["send_secrets"]:
            raise click.UsageError(
                f"what {option} gives stays on this machine: --send-secrets sends what the workflows need of it"
            )


def opened_cluster(stack: ExitStack, where: str | None) -> Cluster | None:
    """The cluster that `--executor` names, for as long as the stack stands.

    Raises:
        RunflowError: it cannot be had.
    """
    if where is None:
        return None
    from ..cluster.registry import open_cluster

    cluster = open_cluster(where)
    stack.callback(cluster.close)
    return cluster


def remote_executor(
    cluster: Cluster, runs: list[Run], loader: Loader, inputs: Inputs, options: Options, *, secrets: bool
) -> NewExecutor:
    """Who has the runs run by a cluster.

    Raises:
        WorkflowError: something secret would be sent unasked.
    """
    from ..cluster.packing import Packing
    from ..cluster.remote_executor import RemoteExecutor

    packing = Packing(loader, inputs, options, secrets=secrets, keeps_tokens=cluster.keeps_tokens)
    packing.check(run.plan for run in runs)
    return lambda cancellation: RemoteExecutor(cluster, packing, cancellation)
