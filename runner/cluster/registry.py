"""Where `--executor` sends runs: the Protocol of a cluster, the kinds of them by name, and how a text of the command line becomes one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from ..model.errors import Interrupted, RunflowError
from ..model.wording import did_you_mean, raised
from ..version import __version__
from .executor_pool import ExecutorPool

ANSWER_LIMIT = 10.0
"""Seconds in which a cluster must answer before the first run."""


class Cluster(Protocol):
    """Runs `worker.perform` somewhere. One thread uses it."""

    @property
    def width(self) -> int:
        """How many runs are under way at the same time if nobody says."""
        ...

    @property
    def keeps_tokens(self) -> bool:
        """Its workers can be asked to give tokens back at the end."""
        ...

    def versions(self, seconds: float, /) -> Mapping[str, str]:
        """The version of runflow on each worker that is there now, or on one that stands for all.

        Raises:
            RunflowError: none answers in that time, or one has no runflow.
        """
        ...

    def submit(self, job: bytes, package: bytes, /) -> Future[bytes]:
        """Have a run performed. A future that ends with BrokenExecutor has lost its worker."""
        ...

    def gone(self) -> str:
        """Why nothing will ever come back, or ""."""
        ...

    def stop(self, suite: str, stop: Interrupted, futures: Iterable[Future[bytes]], /) -> None:
        """Every run of a suite must end."""
        ...

    def give_back(self, suite: str, seconds: float, /) -> list[bytes | None]:
        """Have the tokens of a suite given back: what each worker tells of it within this time, or None."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def _dask(address: str) -> Cluster:
    if importlib.util.find_spec("distributed") is None:
        raise RunflowError("--executor dask needs a client of Dask", hint="pip install 'runflow-http[dask]'")
    # an extra, and slow to import: only who has a cluster needs it
    from .dask import Dask  # noqa: PLC0415  # see above

    return Dask(address, ANSWER_LIMIT)


CLUSTERS: dict[str, Callable[[str], Cluster]] = {"dask": _dask}
"""By name, what makes a cluster of what stands behind `=`."""


def open_cluster(text: str) -> Cluster:
    """The cluster that `dask=ADDRESS` or `package.module:factory` means, with the same runflow on its workers.

    Raises:
        RunflowError: there is none of that name, it does not answer, or has another version of runflow.
    """
    name, equals, argument = text.partition("=")
    if name in CLUSTERS and argument:
        cluster = CLUSTERS[name](argument)
    elif ":" in name and not equals:
        cluster = ExecutorPool(_factory(text))
    else:
        near = did_you_mean(name, CLUSTERS) if name not in CLUSTERS else ""
        hint = near or "dask=tcp://HOST:PORT, or package.module:factory of a concurrent.futures.Executor"
        raise RunflowError(f"--executor {text!r} means nothing", hint=hint)
    try:
        _check_versions(cluster.versions(ANSWER_LIMIT))
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
            f"the workers have another runflow than {__version__}, which is here: {named}{more}",
            hint=f"install the same on both sides: pip install runflow-http=={__version__}",
        )


def _factory(text: str) -> Callable[[], Executor]:
    """A factory by its place; it gives an executor each time it is called."""
    module, _, path = text.partition(":")
    try:
        made: Any = importlib.import_module(module)
        for name in path.split("."):
            made = getattr(made, name)
    except Exception as error:  # a module is anybody's code
        hint = "a module of this folder: PYTHONPATH=. runflow …" if isinstance(error, ModuleNotFoundError) else ""
        raise RunflowError(f"--executor {text} cannot be imported: {raised(error)}", hint=hint) from error
    if not callable(made):
        raise RunflowError(f"--executor {text} is no factory of an executor: it is {type(made).__name__}")

    def make() -> Executor:
        try:
            executor = made()
        except Exception as error:  # as above
            raise RunflowError(f"--executor {text} gives no executor: {raised(error)}") from error
        if not callable(getattr(executor, "submit", None)):
            raise RunflowError(
                f"--executor {text} gives {type(executor).__name__}, which is no executor",
                hint="it has `submit` and `shutdown`, as those of concurrent.futures have",
            )
        return executor  # type: ignore[no-any-return]  # it has what is used

    return make
