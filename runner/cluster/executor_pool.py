"""`--executor package.module:factory`: a cluster that is any executor with the interface of concurrent.futures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future

from ..execution.options import DEFAULT_JOBS
from ..model.errors import Interrupted, RunflowError
from ..model.wording import raised
from ..version import __version__
from .worker import perform, version


class ExecutorPool:
    """Sends runs to an executor, and makes a new executor when one breaks.

    Args:
        make: Makes an executor.

    Raises:
        RunflowError: the executor cannot be made.
    """

    default_jobs = DEFAULT_JOBS
    keeps_tokens = False  # an executor cannot address each of its workers

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._executor = make()

    def versions(self, seconds: float) -> dict[str, str]:
        """The version of runflow on one of its workers."""
        try:
            return {"a worker": self._executor.submit(version).result(seconds)}
        except TimeoutError:
            raise RunflowError(f"the executor ran nothing within {seconds:.0f} s") from None
        except Exception as error:  # the executor's code may raise anything
            raise RunflowError(f"the executor cannot run anything: {raised(error)}") from error

    def submit(self, request: bytes, package: bytes) -> Future[bytes]:
        """Submit a run."""
        try:
            return self._executor.submit(perform, __version__, request, package)
        except BrokenExecutor:
            self.close()
            self._executor = self._make()
            return self._executor.submit(perform, __version__, request, package)

    def failure(self) -> str | None:
        """None: an executor does not tell."""
        return None

    def stop(self, suite: str, stop: Interrupted, futures: Iterable[Future[bytes]]) -> None:  # noqa: ARG002  # an executor cannot address its workers
        """Cancel the runs that have not begun; those in progress continue."""
        for future in futures:
            future.cancel()

    def log_out(self, suite: str, seconds: float) -> list[bytes | None]:  # noqa: ARG002  # each run has logged out
        """Nothing: no worker keeps a token."""
        return []

    def close(self) -> None:
        """Shut the executor down; it ends its workers."""
        self._executor.shutdown(wait=False, cancel_futures=True)
