"""Opens the cluster that `--executor` names. Defines the Protocol of a cluster, and the kinds of clusters by name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from ..model.errors import Interrupted, RunflowError
from ..model.wording import did_you_mean, raised
from ..version import __version__
from .executor_pool import ExecutorPool

RESPONSE_LIMIT = 10.0
"""Seconds in which a cluster must respond before the first run."""


class Cluster(Protocol):
    """Calls `worker.perform` on its workers. It is used by one thread."""

    @property
    def default_jobs(self) -> int:
        """How many runs are performed at the same time unless `-j` says otherwise."""
        ...

    @property
    def keeps_tokens(self) -> bool:
        """Its workers keep tokens from run to run, and log out when `log_out` is called."""
        ...

    def versions(self, seconds: float, /) -> Mapping[str, str]:
        """The version of runflow on each worker, or on one worker where they are all the same.

        Raises:
            RunflowError: no worker responds in that time, or one has no runflow.
        """
        ...

    def submit(self, request: bytes, package: bytes, /) -> Future[bytes]:
        """Submit a run. Where its worker is lost, the future raises BrokenExecutor."""
        ...

    def failure(self) -> str | None:
        """Why no run can end any more; None while the cluster works."""
        ...

    def stop(self, suite: str, stop: Interrupted, futures: Iterable[Future[bytes]], /) -> None:
        """Interrupt every run of a suite."""
        ...

    def log_out(self, suite: str, seconds: float, /) -> list[bytes | None]:
        """Have each worker log out of the sessions of a suite.

        Args:
            suite: The suite.
            seconds: How long to wait for a worker.

        Returns:
            The pickled events of each worker; None for one that did not respond in time.
        """
        ...

    def close(self) -> None:
        """Close the connection to the cluster."""
        ...


def _dask(address: str) -> Cluster:
    if importlib.util.find_spec("distributed") is None:
        raise RunflowError("--executor dask needs the package `distributed`", hint="pip install 'runflow-http[dask]'")
    # an extra, and slow to import: few runs need it
    from .dask import Dask  # noqa: PLC0415  # see above

    return Dask(address, RESPONSE_LIMIT)


CLUSTERS: dict[str, Callable[[str], Cluster]] = {"dask": _dask}
"""The functions that open a cluster, by name; each takes the text after `=`."""


def open_cluster(text: str) -> Cluster:
    """Open the cluster that `dask=ADDRESS` or `package.module:factory` names, and check the version of runflow on its workers.

    Raises:
        RunflowError: the name is unknown, the cluster does not respond, or it has another version of runflow.
    """
    name, equals, argument = text.partition("=")
    if name in CLUSTERS and argument:
        cluster = CLUSTERS[name](argument)
    elif ":" in name and not equals:
        cluster = ExecutorPool(_factory(text))
    else:
        near = did_you_mean(name, CLUSTERS) if name not in CLUSTERS else ""
        hint = (
            near or "write --executor dask=tcp://HOST:PORT, or package.module:factory of a concurrent.futures.Executor"
        )
        raise RunflowError(f"--executor {text!r} does not name a cluster", hint=hint)
    try:
        _check_versions(cluster.versions(RESPONSE_LIMIT))
    except BaseException:
        cluster.close()
        raise
    return cluster


def _check_versions(versions: Mapping[str, str]) -> None:
    others = {worker: version for worker, version in versions.items() if version != __version__}
    if others:
        named = ", ".join(f"{worker} has {version}" for worker, version in sorted(others.items())[:5])
        more = f", and {len(others) - 5} more" if len(others) > 5 else ""
        raise RunflowError(
            f"the workers have other versions of runflow than {__version__}, which is installed here: {named}{more}",
            hint=f"install the same version on both sides: pip install runflow-http=={__version__}",
        )


def _factory(text: str) -> Callable[[], Executor]:
    """Import a factory; it makes an executor each time it is called."""
    module, _, path = text.partition(":")
    try:
        factory: Any = importlib.import_module(module)
        for name in path.split("."):
            factory = getattr(factory, name)
    except Exception as error:  # the module's code may raise anything
        hint = (
            "to import a module of this folder: PYTHONPATH=. runflow …"
            if isinstance(error, ModuleNotFoundError)
            else ""
        )
        raise RunflowError(f"--executor {text} cannot be imported: {raised(error)}", hint=hint) from error
    if not callable(factory):
        raise RunflowError(
            f"--executor {text} is not a function that makes an executor: it is {type(factory).__name__}"
        )

    def make() -> Executor:
        try:
            executor = factory()
        except Exception as error:  # as above
            raise RunflowError(f"--executor {text} cannot make an executor: {raised(error)}") from error
        if not callable(getattr(executor, "submit", None)):
            raise RunflowError(
                f"--executor {text} returns {type(executor).__name__}, which is not an executor",
                hint="return an object with `submit` and `shutdown`, such as concurrent.futures.ProcessPoolExecutor",
            )
        return executor  # type: ignore[no-any-return]  # it has what is used

    return make
