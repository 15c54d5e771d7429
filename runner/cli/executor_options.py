"""`--executor`: options for runs that are performed on other machines."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
import msgspec

from .options import CommandFunction, InputOptions

if TYPE_CHECKING:
    from ..cluster.registry import Cluster
    from ..execution.executor import NewExecutor
    from ..execution.options import Inputs, Options
    from ..execution.schedule import Run
    from ..loading import Loader


class ExecutorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options for where runs are performed."""

    executor: str | None = None
    send_secrets: bool = False


def executor_options(function: CommandFunction) -> CommandFunction:
    """Add the options of `ExecutorOptions` to a command."""
    for option in reversed((
        click.option("--executor", metavar="WHERE", help="Run on other machines: dask=tcp://HOST:PORT, or package.module:factory of an executor."),
        click.option("--send-secrets", is_flag=True, help="With --executor: send the values of environment variables and secrets too."),
    )):  # fmt: skip
        function = option(function)
    return function


def check_executor(options: ExecutorOptions, inputs: InputOptions, local_only: dict[str, bool]) -> None:
    """Refuse options that have no meaning on other machines, or whose values must not be sent there unasked.

    Args:
        options: Where runs are performed.
        inputs: What the caller provides.
        local_only: Options that only work on this machine, and whether each is set.

    Raises:
        click.UsageError: such an option is set.
    """
    if options.executor is None:
        if options.send_secrets:
            raise click.UsageError("--send-secrets needs --executor: without it nothing is sent to other machines")
        return
    for option, is_set in local_only.items():
        if is_set:
            raise click.UsageError(f"{option} works on this machine only: remove --executor")
    secret = {"--env-file": inputs.env_files, "--secrets-file": inputs.secrets_files, "--secrets": inputs.secrets}
    for option, values in secret.items():
        if values and not options.send_secrets:
            raise click.UsageError(
                f"the values of {option} are not sent to other machines: add --send-secrets to send what the workflows need"
            )


def opened_cluster(stack: ExitStack, where: str | None) -> Cluster | None:
    """Open the cluster that `--executor` names, until the stack is closed.

    Raises:
        RunflowError: it cannot be opened.
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
    """The executor that performs runs on a cluster.

    Raises:
        WorkflowError: a secret would be sent unasked.
    """
    from ..cluster.packing import Packing
    from ..cluster.remote_executor import RemoteExecutor

    packing = Packing(loader, inputs, options, secrets=secrets, keeps_tokens=cluster.keeps_tokens)
    packing.check(run.plan for run in runs)
    return lambda cancellation: RemoteExecutor(cluster, packing, cancellation)
